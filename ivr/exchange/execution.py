"""Executes a call's documents by the carrier's documented rules (quoted in the tests that pin them)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, wait
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from urllib.parse import urljoin

from ivr.audio_files import Sound, read_wav
from ivr.exchange import speech
from ivr.exchange.calls import CallReport, Exchange, Script
from ivr.exchange.ledger import CallRecord, RecordingRecord, new_sid
from ivr.exchange.lines import RATE, HungUp, Interrupted, Line, Utterance, trim_silence
from ivr.exchange.twiml import VOICE_LANGUAGES, DocumentError, Verb, parse
from ivr.exchange.webhooks import WebhookFailed

#: A recording with less speech than this (seconds) is absent.
_SHORTEST = 0.3
#: Documents after which a call counts as caught in a loop.
_ENDLESS = 400
#: Events that end a call and are always told.
_LAST = ("completed", "busy", "no-answer", "failed", "canceled")


class _End(Exception):
    """The call is over because a document said so."""


class Execution:
    """One call in progress, from its first document to its last event."""

    def __init__(self, exchange: Exchange, line: Line, record: CallRecord, script: Script) -> None:
        self._exchange = exchange
        self._line = line
        self._record = record
        self._script = script
        self._report = CallReport(record.sid)
        self._callbacks: list[Future[None]] = []
        self._sequence = 0
        self._started = time.monotonic()
        self._redirect = ""

    def run(self) -> CallReport:
        """Stay until the call is over and all its events are delivered."""
        try:
            self._execute(self._script.url, {})
        except HungUp:
            self._report.ended_by = "caller"
        except _End:
            self._report.ended_by = self._report.ended_by or "exchange"
        self._line.over(self._report.ended_by)
        self.ended("completed")
        return self._report

    def ended(self, status: str) -> None:
        """The call's last event; waits until everybody has been told."""
        self._record.status = status
        self._record.duration = round(time.monotonic() - self._started) if status == "completed" else 0
        self._exchange.ledger.keep_call(self._record)
        self.tell(status)
        wait(self._callbacks)

    def complete(self) -> None:
        """The REST interface wants the call to end."""
        self._redirect = ""
        self._line.interrupt()

    def redirect(self, url: str) -> None:
        """The REST interface wants the call to go on with another document."""
        self._redirect = url
        self._line.interrupt()

    # -- documents ------------------------------------------------------------------------------

    def _execute(self, url: str, form: Mapping[str, str]) -> None:
        """Ask for a document and execute it, and the ones it leads to."""
        following: tuple[str, Mapping[str, str]] | None = (url, form)
        while following:
            if self._report.documents >= _ENDLESS:
                self._fail("endless loop of documents")
            url, form = following
            try:
                following = self._perform(url, self._document(url, form))
            except Interrupted:
                if not self._redirect:
                    self._report.ended_by = "house"
                    raise _End from None
                following, self._redirect = (self._redirect, {}), ""
        raise _End  # Carrier: a document that ends without more verbs ends the call.

    def _document(self, url: str, form: Mapping[str, str]) -> tuple[Verb, ...]:
        try:
            return self._fetch(url, form)
        except (WebhookFailed, DocumentError) as error:
            self._report.errors.append(f"{error.code} {error} at {url.partition('?')[0]}")
            # Carrier: the fallback URL is asked with what went wrong and where.
            trouble = {"ErrorCode": str(error.code), "ErrorUrl": url}
            try:
                return self._fetch(self._script.fallback_url, {**form, **trouble})
            except (WebhookFailed, DocumentError) as second:
                self._fail(f"{second.code} {second} at the fallback URL")
        raise AssertionError("unreachable")

    def _fetch(self, url: str, form: Mapping[str, str]) -> tuple[Verb, ...]:
        self._report.documents += 1
        response = self._exchange.webhooks.post(url, {**self._standard(), **form})
        if not response.headers.get("Content-Type", "").startswith(("text/xml", "application/xml")):
            raise DocumentError(12300, f"content type {response.headers.get('Content-Type')}")
        return parse(response.content)

    def _fail(self, reason: str) -> None:
        self._report.errors.append(reason)
        self._report.ended_by = "error"
        raise _End

    def _perform(self, url: str, verbs: tuple[Verb, ...]) -> tuple[str, Mapping[str, str]] | None:
        """Execute verbs in order; what to ask for next, or None at the document's end."""
        for verb in verbs:
            match verb.name:
                case "Say" | "Play":
                    self._utter(url, verb, interruptible=False)
                case "Pause":
                    self._line.wait(verb.number("length", 1))
                case "Gather":
                    if (digits := self._gather(url, verb)) is not None:
                        return self._action(url, verb), {"Digits": digits}
                case "Record":
                    if (form := self._take(url, verb)) is not None:
                        return self._action(url, verb), form
                case "Dial":
                    form = self._dial(verb)
                    if "action" in verb.attributes:
                        return self._action(url, verb), form
                case "Redirect":
                    return urljoin(url, verb.text), {}
                case "Hangup":
                    raise _End
                case "Reject":
                    self._record.status = "busy"
                    raise _End
        return None

    @staticmethod
    def _action(url: str, verb: Verb) -> str:
        # Carrier: without `action` the present document is asked for again.
        return urljoin(url, verb.attributes.get("action", url))

    # -- verbs ----------------------------------------------------------------------------------

    def _utter(self, url: str, verb: Verb, *, interruptible: bool) -> bool:
        if verb.name == "Say":
            language = VOICE_LANGUAGES[verb.attributes["voice"]]
            utterance = Utterance(verb.text, language, partial(speech.speak, verb.text, language))
        else:
            try:
                sound = read_wav(self._exchange.webhooks.get_media(urljoin(url, verb.text)))
            except (WebhookFailed, ValueError) as error:
                self._report.errors.append(f"<Play>: {error}")
                return False
            utterance = Utterance(f"[{sound.seconds:.1f} s of audio]", "", partial(_same, sound))
        return self._line.hear(utterance, interruptible=interruptible)

    def _gather(self, url: str, verb: Verb) -> str | None:
        # Carrier: "After the first digit is received the audio will stop playing."
        for child in verb.children:
            if child.name == "Pause":
                self._line.wait(child.number("length", 1))
            elif self._utter(url, child, interruptible=True):
                break
        digits = self._line.keys(
            verb.number("numDigits", 1_000_000), verb.attributes.get("finishOnKey", "#"), verb.number("timeout", 5)
        )
        # Carrier: without digits the next verb follows, unless actionOnEmptyResult asks for the action.
        if digits or verb.attributes.get("actionOnEmptyResult") == "true":
            return digits
        return None

    def _take(self, url: str, verb: Verb) -> dict[str, str] | None:
        recording = RecordingRecord(new_sid("RE"), self._record.sid)
        callback = verb.attributes.get("recordingStatusCallback")
        events = verb.attributes.get("recordingStatusCallbackEvent", "completed").split()
        send = partial(self._recording_event, urljoin(url, callback) if callback else "", events)
        self._exchange.ledger.keep_recording(recording)
        begun = send(recording, "in-progress")
        take = self._line.record(
            verb.number("maxLength", 3600),
            verb.attributes.get("finishOnKey", "1234567890*#"),
            verb.number("timeout", 5),
            beep=verb.attributes.get("playBeep", "true") == "true",
        )
        spoken = trim_silence(take.samples)
        samples = spoken if verb.attributes.get("trim", "trim-silence") == "trim-silence" else take.samples
        wait(begun)
        if len(spoken) < _SHORTEST * RATE:
            self._exchange.ledger.delete_recording(recording.sid)
            recording.status = "absent"
            send(recording, "absent")
            if take.ended_by == "hangup":
                raise HungUp
            if take.ended_by == "interrupted":
                raise Interrupted
            return None  # Carrier: an empty recording does not call the action, the next verb follows.
        recording.status, recording.duration = "completed", max(1, round(len(samples) / RATE))
        self._exchange.ledger.keep_recording(recording, samples)
        self._report.recording_sids.append(recording.sid)
        send(recording, "completed")
        form = {
            "RecordingSid": recording.sid,
            "RecordingUrl": self._recording_url(recording.sid),
            "RecordingDuration": str(recording.duration),
            "Digits": take.ended_by,
        }
        if take.ended_by == "interrupted":
            raise Interrupted
        if take.ended_by == "hangup":
            # Carrier: the action is asked for once more, with Digits=hangup; its document is not executed.
            self._record.status = "completed"
            self._document(self._action(url, verb), form)
            raise HungUp
        return form

    def _dial(self, verb: Verb) -> dict[str, str]:
        numbers = [child.text for child in verb.children] or [verb.text]
        leg = CallRecord(new_sid("CA"), self._record.to, numbers[0], "outbound-dial", self._record.sid)
        started = time.monotonic()
        leg.status = self._line.ringing(numbers[0], verb.number("timeout", 30))
        leg.duration = round(time.monotonic() - started) if leg.status == "completed" else 0
        self._exchange.ledger.keep_call(leg)
        return {"DialCallStatus": leg.status, "DialCallSid": leg.sid, "DialCallDuration": str(leg.duration)}

    # -- forms ----------------------------------------------------------------------------------

    def _standard(self) -> dict[str, str]:
        return {
            "AccountSid": self._exchange.subscription.account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self._record.sid,
            "CallStatus": self._record.status,
            "Called": self._record.to,
            "Caller": self._record.from_,
            "CallerCity": "",
            "Direction": self._record.direction,
            "From": self._record.from_,
            "To": self._record.to,
            **self._script.parameters,
        }

    def _recording_url(self, sid: str) -> str:
        return f"/2010-04-01/Accounts/{self._exchange.subscription.account_sid}/Recordings/{sid}"

    def _recording_event(
        self, url: str, events: list[str], recording: RecordingRecord, status: str
    ) -> list[Future[None]]:
        if not url or status not in events:
            return []
        form = {
            "AccountSid": self._exchange.subscription.account_sid,
            "CallSid": self._record.sid,
            "RecordingSid": recording.sid,
            "RecordingUrl": self._recording_url(recording.sid),
            "RecordingStatus": status,
            "RecordingDuration": str(recording.duration),
            "RecordingChannels": "1",
            "RecordingSource": "RecordVerb",
            "RecordingStartTime": recording.date_created,
            "ErrorCode": "0",
        }
        self._callbacks.append(self._exchange.notify(url, form))
        return self._callbacks[-1:]

    def tell(self, status: str) -> None:
        """Tell the call's status callback of an event it has asked for."""
        if not self._script.status_url or status not in (*self._script.status_events, *_LAST):
            return
        form = self._standard() | {
            "CallStatus": status,
            "CallDuration": str(self._record.duration),
            "SequenceNumber": str(self._sequence),
            "CallbackSource": "call-progress-events",
            "Timestamp": format_datetime(datetime.now(UTC)),
        }
        self._sequence += 1
        self._callbacks.append(self._exchange.notify(self._script.status_url, form))


def _same(sound: Sound) -> Sound:
    return sound
