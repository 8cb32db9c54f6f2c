"""Record: the caller's speech, its status events, and the request that follows."""

from __future__ import annotations

from concurrent.futures import Future, wait
from urllib.parse import urljoin

from ivr.audio.wav import RATE, Samples
from ivr.local_carrier.lines import HungUp, Interrupted, RecordedSpeech, trim_silence
from ivr.local_carrier.store import RecordingRecord
from ivr.local_carrier.verbs.base import CallVerb, Request

#: A recording shorter than this (seconds) is absent.
_SHORTEST_SPEECH = 0.3


class Record(CallVerb):
    """Records the caller and requests the action."""

    RULES = ("action", "hangup", "defaults", "maxLength", "trim", "empty recording", "recordingStatusCallback")

    def execute(self) -> Request | None:
        """Record.

        Raises:
            HungUp: the caller hung up; the action has been requested already.
            Interrupted: the REST interface ends or redirects the call.
        """
        execution, verb = self.execution, self.verb
        carrier = execution.carrier
        recording = RecordingRecord(carrier.dialect.new_recording_id(carrier.exchange), execution.record.sid)
        carrier.store.keep_recording(recording)
        if self._wants("completed"):
            carrier.store.last_words.keep(recording.sid, self._told_at, self._event(recording, "completed"))
        started = self._send_event(recording, "in-progress")
        execution.line.kept_at = execution.carrier.store.frames_path(recording.sid)
        speech = execution.line.record(
            verb.number("maxLength", 3600),
            verb.attributes.get("finishOnKey", "1234567890*#"),
            verb.number("timeout", 5),
            beep=verb.attributes.get("playBeep", "true") == "true",
        )
        wait(started)  # the events are delivered in their order
        kept = self._trimmed(speech)
        if len(kept) < _SHORTEST_SPEECH * RATE:
            self._drop(recording)
            _raise_interruption(speech)
            return None  # Carrier: an empty recording does not request the action, the next verb follows.
        self._keep(recording, kept)
        request = Request(self.action_url, self._action_form(recording, speech))
        if speech.ended_by == "hangup":
            # Carrier: the action is requested once more, with Digits=hangup; its document is not executed.
            execution.record.status = "completed"
            execution.fetch(request)
        _raise_interruption(speech)
        return request

    def _trimmed(self, speech: RecordedSpeech) -> Samples:
        trims = self.verb.attributes.get("trim", "trim-silence") == "trim-silence"
        return trim_silence(speech.samples) if trims else speech.samples  # Carrier: silence that is not trimmed counts

    def _drop(self, recording: RecordingRecord) -> None:
        self.execution.carrier.store.delete_recording(recording.sid)
        recording.status = "absent"
        self._send_event(recording, "absent")
        self.execution.carrier.store.last_words.forget(recording.sid)

    def _keep(self, recording: RecordingRecord, samples: Samples) -> None:
        recording.status, recording.duration = "completed", max(1, round(len(samples) / RATE))
        self.execution.carrier.store.keep_recording(recording, samples)
        self.execution.report.recording_sids.append(recording.sid)
        self._send_event(recording, "completed")
        self.execution.carrier.store.last_words.forget(recording.sid)

    def _action_form(self, recording: RecordingRecord, speech: RecordedSpeech) -> dict[str, str]:
        return {
            "RecordingSid": recording.sid,
            "RecordingUrl": self._recording_url(recording.sid),
            "RecordingDuration": str(recording.duration),
            "Digits": speech.ended_by,
        }

    def _recording_url(self, sid: str) -> str:
        return f"/2010-04-01/Accounts/{self.execution.carrier.subscription.account_sid}/Recordings/{sid}"

    def _send_event(self, recording: RecordingRecord, status: str) -> list[Future[None]]:
        """Send an event of the recording, if the document asks for it. Returns the deliveries that are under way."""
        if not self._wants(status):
            return []
        return [self.execution.notify(self._told_at, self._event(recording, status))]

    def _wants(self, status: str) -> bool:
        wanted = self.verb.attributes.get("recordingStatusCallbackEvent", "completed").split()
        return "recordingStatusCallback" in self.verb.attributes and status in wanted

    @property
    def _told_at(self) -> str:
        return urljoin(self.url, self.verb.attributes["recordingStatusCallback"])

    def _event(self, recording: RecordingRecord, status: str) -> dict[str, str]:
        return {
            "AccountSid": self.execution.carrier.subscription.account_sid,
            "CallSid": self.execution.record.sid,
            "RecordingSid": recording.sid,
            "RecordingUrl": self._recording_url(recording.sid),
            "RecordingStatus": status,
            "RecordingDuration": str(recording.duration),
            "RecordingChannels": "1",
            "RecordingSource": "RecordVerb",
            "RecordingStartTime": recording.date_created,
            "ErrorCode": "0",
        }


def _raise_interruption(speech: RecordedSpeech) -> None:
    if speech.ended_by == "hangup":
        raise HungUp
    if speech.ended_by == "interrupted":
        raise Interrupted
