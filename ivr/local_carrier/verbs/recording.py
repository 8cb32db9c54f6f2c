"""Record: the caller's speech, its status events, and the request that follows."""

from __future__ import annotations

from concurrent.futures import Future, wait
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from ivr.audio.wav import RATE, Samples
from ivr.local_carrier.lines import HungUp, Interrupted, RecordedSpeech, trim_silence
from ivr.local_carrier.store import RecordingRecord, new_sid
from ivr.local_carrier.twiml_parser import Verb
from ivr.local_carrier.verbs.base import Request, action_url

if TYPE_CHECKING:
    from ivr.local_carrier.twiml_executor import Execution

#: A recording shorter than this (seconds) is absent.
_SHORTEST_SPEECH = 0.3


def record(execution: Execution, url: str, verb: Verb) -> Request | None:
    """Record the caller and request the action.

    Raises:
        HungUp: the caller hung up; the action has been requested already.
        Interrupted: the REST interface ends or redirects the call.
    """
    recording = RecordingRecord(new_sid("RE"), execution.record.sid)
    execution.carrier.store.keep_recording(recording)
    started = _send_event(execution, url, verb, recording, "in-progress")
    speech = execution.line.record(
        verb.number("maxLength", 3600),
        verb.attributes.get("finishOnKey", "1234567890*#"),
        verb.number("timeout", 5),
        beep=verb.attributes.get("playBeep", "true") == "true",
    )
    wait(started)  # the events are delivered in their order
    trimmed = verb.attributes.get("trim", "trim-silence") == "trim-silence"
    kept = trim_silence(speech.samples) if trimmed else speech.samples  # Carrier: silence that is not trimmed counts
    if len(kept) < _SHORTEST_SPEECH * RATE:
        _drop(execution, url, verb, recording)
        _raise_interruption(speech)
        return None  # Carrier: an empty recording does not request the action, the next verb follows.
    _keep(execution, url, verb, recording, kept)
    request = Request(action_url(url, verb), _action_form(execution, recording, speech))
    if speech.ended_by == "hangup":
        # Carrier: the action is requested once more, with Digits=hangup; its document is not executed.
        execution.record.status = "completed"
        execution.fetch(request)
    _raise_interruption(speech)
    return request


def _raise_interruption(speech: RecordedSpeech) -> None:
    if speech.ended_by == "hangup":
        raise HungUp
    if speech.ended_by == "interrupted":
        raise Interrupted


def _drop(execution: Execution, url: str, verb: Verb, recording: RecordingRecord) -> None:
    execution.carrier.store.delete_recording(recording.sid)
    recording.status = "absent"
    _send_event(execution, url, verb, recording, "absent")


def _keep(execution: Execution, url: str, verb: Verb, recording: RecordingRecord, samples: Samples) -> None:
    recording.status, recording.duration = "completed", max(1, round(len(samples) / RATE))
    execution.carrier.store.keep_recording(recording, samples)
    execution.report.recording_sids.append(recording.sid)
    _send_event(execution, url, verb, recording, "completed")


def _action_form(execution: Execution, recording: RecordingRecord, speech: RecordedSpeech) -> dict[str, str]:
    return {
        "RecordingSid": recording.sid,
        "RecordingUrl": _recording_url(execution, recording.sid),
        "RecordingDuration": str(recording.duration),
        "Digits": speech.ended_by,
    }


def _recording_url(execution: Execution, sid: str) -> str:
    return f"/2010-04-01/Accounts/{execution.carrier.subscription.account_sid}/Recordings/{sid}"


def _send_event(
    execution: Execution, url: str, verb: Verb, recording: RecordingRecord, status: str
) -> list[Future[None]]:
    """Send an event of the recording, if the document asks for it. Returns the deliveries that are under way."""
    callback = verb.attributes.get("recordingStatusCallback")
    wanted = verb.attributes.get("recordingStatusCallbackEvent", "completed").split()
    if not callback or status not in wanted:
        return []
    form = {
        "AccountSid": execution.carrier.subscription.account_sid,
        "CallSid": execution.record.sid,
        "RecordingSid": recording.sid,
        "RecordingUrl": _recording_url(execution, recording.sid),
        "RecordingStatus": status,
        "RecordingDuration": str(recording.duration),
        "RecordingChannels": "1",
        "RecordingSource": "RecordVerb",
        "RecordingStartTime": recording.date_created,
        "ErrorCode": "0",
    }
    return [execution.notify(urljoin(url, callback), form)]
