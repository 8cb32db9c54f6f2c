"""Executes a call's documents by the carrier's documented rules (quoted in the tests that pin them)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, wait
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from urllib.parse import urljoin

from ivr.audio import synthesis as speech
from ivr.audio.wav import RATE, Sound
from ivr.local_carrier.call import CallReport, Exchange, Script
from ivr.local_carrier.conferences import Participant
from ivr.local_carrier.lines import HungUp, Interrupted, Line, Talk, Utterance, trim_silence
from ivr.local_carrier.store import CallRecord, RecordingRecord, new_sid
from ivr.local_carrier.twiml_parser import VOICE_LANGUAGES, WAIT_VERBS, DocumentError, Verb, parse
from ivr.local_carrier.webhooks import WebhookFailed

#: A recording with less speech than this (seconds) is absent.
_SHORTEST = 0.3
#: Documents after which a call counts as caught in a loop.
_ENDLESS = 400
#: Events that end a call and are always told.
_LAST = ("completed", "busy", "no-answer", "failed", "canceled")


class _End(Exception):
    """The call is over because a document said so."""


class _Left(Exception):
    """The caller left a queue because the wait document said so."""


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
            if self._script.document is not None:
                self._perform("", self._script.document)
            else:
                self._execute(self._script.url, {})
        except HungUp:
            self._report.ended_by = "caller"
        except (_End, Interrupted):
            self._report.ended_by = self._report.ended_by or "exchange"
        self._line.over(self._report.ended_by)
        self.ended("completed")
        return self._report

    def with_line(self, line: Line, parameters: Mapping[str, str]) -> Execution:
        """The same call once somebody has answered it."""
        script = replace(self._script, parameters={**self._script.parameters, **parameters})
        answered = Execution(self._exchange, line, self._record, script)
        answered._sequence = self._sequence
        return answered

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
        return parse(response.data)

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
                    if (form := self._gather(url, verb)) is not None:
                        return self._action(url, verb), form
                case "Record":
                    if (form := self._take(url, verb)) is not None:
                        return self._action(url, verb), form
                case "Enqueue":
                    return self._action(url, verb), self._enqueue(url, verb)
                case "Leave":
                    raise _Left
                case "Dial":
                    form = self._dial(url, verb)
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
                media = self._exchange.webhooks.get_media(urljoin(url, verb.text))
            except WebhookFailed as error:
                self._report.errors.append(f"<Play>: {error}")
                return False
            utterance = Utterance(media.text, media.language, partial(_same, media.sound))
        return self._line.hear(utterance, interruptible=interruptible)

    def _gather(self, url: str, verb: Verb) -> dict[str, str] | None:
        # Carrier: "After the first digit is received the audio will stop playing."
        for child in verb.children:
            if child.name == "Pause":
                self._line.wait(child.number("length", 1))
            elif self._utter(url, child, interruptible=True):
                break
        typed = self._line.keys(
            verb.number("numDigits", 1_000_000), verb.attributes.get("finishOnKey", "#"), verb.number("timeout", 5)
        )
        # Carrier: without digits the next verb follows, unless actionOnEmptyResult asks for the action.
        if typed.digits or verb.attributes.get("actionOnEmptyResult") == "true":
            return {"Digits": typed.digits, "FinishedOnKey": typed.finished_on}
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

    def _enqueue(self, url: str, verb: Verb) -> dict[str, str]:
        """Wait in a queue until the wait document leaves it, the caller hangs up, or the call is sent elsewhere."""
        queues, sid = self._exchange.queues, self._record.sid
        if not queues.enter(verb.text, sid):
            return {"QueueResult": "queue-full", "QueueTime": "0"}
        result = "leave"
        wait_url = urljoin(url, verb.attributes["waitUrl"])
        following: tuple[str, Mapping[str, str]] | None = None
        form: dict[str, str] = {}
        self._line.in_queue = True
        try:
            while True:
                # Carrier: the wait URL is asked again when its document has ended.
                asked, fields = following or (wait_url, {})
                form = queues.form(verb.text, sid)
                document = self._document(asked, {**fields, **form})
                if strange := {inner.name for inner in document} - set(WAIT_VERBS):
                    self._fail(f"12200 <{sorted(strange)[0]}> is not known while waiting")
                following = self._perform(asked, document)
                if following is None and not document:
                    self._line.wait(1)
        except _Left:
            pass
        except HungUp:
            result = "hangup"
        except Interrupted:
            result = "redirected"
        except _End:
            result = "hangup"
            raise
        finally:
            self._line.in_queue = False
            waited = queues.leave(verb.text, sid)
            form = {"QueueSid": form.get("QueueSid", ""), "QueueResult": result, "QueueTime": str(round(waited))}
        if result == "leave":
            return form
        # Carrier: the action is told, and what it answers is not executed.
        self._callbacks.append(self._exchange.notify(self._action(url, verb), {**self._standard(), **form}))
        raise HungUp if result == "hangup" else Interrupted

    def _dial(self, url: str, verb: Verb) -> dict[str, str]:
        child = verb.children[0] if verb.children else None
        if child is not None and child.name == "Conference":
            return self._confer(url, verb, child)
        # Numbers and queues are never dialled by this house: it calls by REST and meets in conferences.
        self._fail("12200 the local exchange connects to conferences only")
        raise AssertionError("unreachable")

    def _confer(self, url: str, dial: Verb, conference: Verb) -> dict[str, str]:
        callback = conference.attributes.get("statusCallback")
        wanted = conference.attributes.get("statusCallbackEvent", "").split()

        def tell(name: str, event: dict[str, str]) -> None:
            if callback and name.partition("-")[2] in wanted:
                form = {"AccountSid": self._exchange.subscription.account_sid, **event}
                self._callbacks.append(self._exchange.notify(urljoin(url, callback), form))

        ends_room = conference.attributes.get("endConferenceOnExit") == "true"
        participant = Participant(self._record.sid, ends_room)
        room = self._exchange.rooms.join(conference.text, participant, tell)
        started, status = time.monotonic(), "in-progress"
        reason = "participant_left_conference"
        try:
            self._line.converse(Talk(room, participant), star=dial.attributes.get("hangupOnStar") == "true")
            reason = participant.sent_away or reason
        except HungUp:
            reason, status = "participant_hung_up", "completed"
            raise
        except Interrupted:
            reason = "participant_updated_via_api"
            raise
        finally:
            room.leave(participant, reason, status)
        seconds = round(time.monotonic() - started)
        return {"DialCallStatus": "completed", "DialCallDuration": str(seconds), "DialBridged": "true"}

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
            "CallStatus": "in-progress" if status == "answered" else status,  # as the carrier calls it
            "CallDuration": str(self._record.duration),
            "SequenceNumber": str(self._sequence),
            "CallbackSource": "call-progress-events",
            "Timestamp": format_datetime(datetime.now(UTC)),
        }
        self._sequence += 1
        self._callbacks.append(self._exchange.notify(self._script.status_url, form))


def _same(sound: Sound) -> Sound:
    return sound
