"""The local carrier keeps the carrier's documented rules; each is quoted above the test that pins it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ivr.audio.synthesis import speak
from ivr.audio.wav import RATE, Sound
from ivr.local_carrier.call import CallSetup
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.local_carrier.store import Store
from ivr.local_carrier.twiml_parser import DocumentError, parse
from tests.support.waiting import eventually

SAY = '<Say language="de-DE" voice="Polly.Vicki">Hallo</Say>'


def test_a_document_that_ends_ends_the_call(ring, other) -> None:
    report = ring(SAY)
    assert (report.ended_by, report.errors) == ("carrier", [])
    assert other.paths() == ["in", "status"]
    assert other.form("status")["CallStatus"] == "completed"


def test_gather_calls_its_action_only_on_input(ring, other) -> None:
    """ "If the timeout is reached before the caller enters any digits" the next verb follows."""
    document = f'<Gather action="/keys" numDigits="1">{SAY}</Gather><Redirect>/silence</Redirect>'
    ring(document, keys=["1"])
    assert other.form("keys")["Digits"] == "1"
    other.asked.clear()
    ring(document, keys=["-"])
    assert other.paths() == ["in", "silence", "status"]
    other.asked.clear()
    ring(document.replace("<Gather", '<Gather actionOnEmptyResult="true"'), keys=["-"])
    assert other.form("keys")["Digits"] == ""


def test_gather_ends_at_the_finish_key_or_the_count(ring, other) -> None:
    """ "finishOnKey only works when a digit sequence precedes it"."""
    ring('<Gather action="/keys" finishOnKey="#"/>', keys=["0151#99"])
    assert other.form("keys")["Digits"] == "0151"
    other.asked.clear()
    ring('<Gather action="/keys" numDigits="2"/>', keys=["123"])
    assert other.form("keys")["Digits"] == "12"
    other.asked.clear()
    ring('<Gather action="/keys" finishOnKey="#"/><Redirect>/after</Redirect>', keys=["#"])
    assert other.paths() == ["in", "after", "status"]
    other.asked.clear()
    ring('<Gather action="/keys" finishOnKey="" numDigits="1"/>', keys=["#"])
    assert other.form("keys")["Digits"] == "#"


def test_a_key_stops_the_prompts_of_its_gather_and_counts_for_it(ring, other) -> None:
    """ "After the first digit is received the audio will stop playing." """
    said = []
    document = f'<Gather action="/keys" numDigits="1">{SAY}{SAY.replace("Hallo", "Zweitens")}</Gather>'
    ring(document, keys=["!7"], on_event=lambda event: said.append(event.get("text")))
    assert other.form("keys")["Digits"] == "7"
    assert "Zweitens" not in said


def test_keys_before_a_gather_are_lost(ring, other) -> None:
    """ "Sometimes users begin to press keys before the <Gather> has actually begun": nest the prompts in it."""
    ring(f'{SAY}<Gather action="/keys" numDigits="1">{SAY}</Gather>', keys=["!7", "8"])
    assert other.form("keys")["Digits"] == "8"


def test_keys_beyond_those_of_a_gather_are_no_answer_to_the_next(ring, other) -> None:
    """ "numDigits": the Gather ends at once; what is pressed before the next has begun is lost."""
    other.documents["keys"] = '<Gather action="/second" numDigits="1"/>'
    ring(f'<Gather action="/keys" numDigits="1">{SAY}</Gather>', keys=["!12", "-"])
    assert other.form("keys")["Digits"] == "1"
    assert "second" not in other.paths()


def test_gather_without_an_action_asks_for_the_same_document_again(ring, other) -> None:
    """TELEPHONY: a missing action re-requests the same document: a loop. The local carrier ends it as an error."""
    report = ring("<Gather/>", keys=["1"] * 500)
    assert report.errors == ["endless loop of documents"]
    assert report.ended_by == "error"


RECORD = (
    '<Record action="/recorded" recordingStatusCallback="/recording" '
    'recordingStatusCallbackEvent="in-progress completed absent"/>'
)


def test_record_sends_events_of_its_recording(ring, other) -> None:
    report = ring(RECORD, sounds=[speak("Guten Tag, hier spricht jemand.", "de")])
    form = other.form("recorded")
    assert form["RecordingSid"] == report.recording_sids[0]
    assert int(form["RecordingDuration"]) >= 1
    events = [form["RecordingStatus"] for path, form in other.asked if path == "recording"]
    assert sorted(events) == ["completed", "in-progress"]
    for path, form in other.asked:
        if path == "recording":
            assert "From" not in form, "recordingStatusCallback carries no From/To"
    assert ring.switch.store.audio_path(report.recording_sids[0]).exists()


def test_an_empty_recording_goes_on_with_the_next_verb(ring, other) -> None:
    """ "If an empty recording is received, no request is made to the action URL; the next verb follows." """
    report = ring(RECORD + "<Redirect>/nothing</Redirect>", sounds=[])
    assert report.recording_sids == []
    assert "recorded" not in other.paths()
    assert "nothing" in other.paths()
    assert [f["RecordingStatus"] for p, f in other.asked if p == "recording"][-1] == "absent"
    assert list(ring.switch.store.recordings()) == []


def test_a_hang_up_while_recording_calls_the_action_once_more(ring, other) -> None:
    """ "Digits: … or 'hangup' if the caller hung up"; its document is not executed."""
    other.documents["recorded"] = "<Redirect>/never</Redirect>"
    report = ring(RECORD, sounds=[speak("Hilfe", "de")], hangs_up=True)
    assert report.ended_by == "caller"
    assert other.form("recorded")["Digits"] == "hangup"
    assert "never" not in other.paths()


def test_a_recording_is_no_longer_than_asked(ring, other) -> None:
    long = speak("Ich rede und rede und rede und höre nicht mehr auf damit, auch nicht gleich.", "de")
    report = ring('<Record action="/recorded" maxLength="2" trim="do-not-trim"/>', sounds=[long])
    size = ring.switch.store.audio_path(report.recording_sids[0]).stat().st_size
    assert size == pytest.approx(2 * RATE * 2, abs=100)


def test_silence_that_is_not_trimmed_is_a_recording(ring, other) -> None:
    """ "An empty recording does not request the action": silence is empty only where it is trimmed."""
    silence = Sound(np.zeros(2 * RATE, np.int16), RATE)
    assert len(ring('<Record action="/recorded" trim="do-not-trim"/>', sounds=[silence]).recording_sids) == 1
    assert ring('<Record action="/recorded"/>', sounds=[silence]).recording_sids == []


def test_a_failed_document_asks_the_fallback_url(ring, other) -> None:
    other.statuses["in"] = [500]
    other.documents["fallback"] = SAY
    report = ring(SAY)
    form = other.form("fallback")
    assert form["ErrorCode"] == "11200"
    assert form["ErrorUrl"].endswith("/in")
    assert report.errors


def test_5xx_is_only_tried_again_where_the_url_asks_for_it(ring, other) -> None:
    """ "By default only connect failures are retried"; `#rc=2&rp=5xx` asks for more."""
    other.statuses["next"] = [500, 500]
    ring("<Redirect>/next#rc=2&amp;rp=ct,5xx</Redirect>")
    assert other.paths().count("next") == 3
    assert "fallback" not in other.paths()


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ("<Response><Sing/></Response>", "not known"),
        ('<Response><Say colour="red" language="de-DE" voice="Polly.Vicki">x</Say></Response>', "no attribute"),
        ('<Response><Say language="fa-IR" voice="Polly.Vicki">x</Say></Response>', "does not speak"),
        ("<Response><Gather><Dial>1</Dial></Gather></Response>", "not known"),
        ('<Response><Pause length="long"/></Response>', "not a number"),
        ('<Response><Gather method="PUT"/></Response>', "not one of"),
        ("<Response><Redirect></Redirect></Response>", "is empty"),
        ("<Response", "not XML"),
        ("<html/>", "instead of"),
        (f"<Response>{'<Hangup/>' * 9000}</Response>", "bytes"),
    ],
)
def test_unknown_twiml_is_an_error(document: str, complaint: str) -> None:
    with pytest.raises(DocumentError, match=complaint):
        parse(document.encode())


def test_the_store_survives_a_restart(tmp_path: Path) -> None:
    from ivr.local_carrier.store import CallRecord, RecordingRecord

    store = Store(tmp_path)
    store.keep_call(CallRecord("CA1", "+49", "+49421"))
    store.keep_recording(RecordingRecord("RE1", "CA1"), np.zeros(80, np.int16))
    store.keep_recording(RecordingRecord("RE2", "CA1"))  # it was still being recorded
    again = Store(tmp_path)
    assert again.call("CA1").status == "failed", "the call ended with the process"
    assert [recording.sid for recording in again.recordings("CA1")] == ["RE1"]
    assert again.call("CA1").from_ == "+49"
    assert again.delete_recording("RE1")
    assert not again.delete_recording("RE1")
    assert not again.audio_path("RE1").exists()


def test_a_call_of_the_hotline_sends_its_events_in_order(ring, other) -> None:
    other.documents["hello"] = SAY
    heard: list[str] = []
    caller = ScriptedCaller(on_event=lambda event: heard.append(str(event.get("text"))))
    ring.switch.telephones["+49151"] = lambda ringing: ScriptedLine(caller)
    wanted = ("initiated", "ringing", "answered", "completed")
    setup = CallSetup(f"{other.url}/hello", status_url=f"{other.url}/status", status_events=wanted)
    record = ring.switch.originate("+49151", "+49421", setup)
    eventually(lambda: ring.switch.store.call(record.sid).status == "completed")
    eventually(lambda: other.paths().count("status") == 4)
    events = sorted((form for path, form in other.asked if path == "status"), key=lambda form: form["SequenceNumber"])
    assert [form["CallStatus"] for form in events] == ["initiated", "ringing", "in-progress", "completed"]
    assert other.form("hello")["Direction"] == "outbound-api"
    assert heard[0] == "Hallo"


def test_a_number_where_nobody_answers(ring, other) -> None:
    record = ring.switch.originate("+49999", "+49421", CallSetup(f"{other.url}/x", status_url=f"{other.url}/status"))
    eventually(lambda: ring.switch.store.call(record.sid).status == "no-answer")
    eventually(lambda: "status" in other.paths())
    assert [form["CallStatus"] for path, form in other.asked] == ["no-answer"]


def test_a_live_call_is_redirected_and_completed(ring, other) -> None:
    """The REST interface redirects a call with a Url, and ends it with Status=completed."""
    other.documents["elsewhere"] = '<Gather action="/keys"/><Redirect>/never</Redirect>'
    wishes = iter(["redirect", "complete"])

    class Patient(ScriptedCaller):
        def presses(self, count: int, finish: str) -> str:
            (execution,) = ring.switch._live.values()
            execution.redirect(f"{other.url}/elsewhere") if next(wishes) == "redirect" else execution.complete()
            return "1"

    other.documents["in"] = '<Gather action="/keys"/>'
    report = ring.switch.call(ScriptedLine(Patient()), "+49151")
    assert other.paths() == ["in", "elsewhere", "status"]
    assert report.ended_by == "hotline"
