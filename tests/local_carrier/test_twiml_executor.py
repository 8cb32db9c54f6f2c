"""The local carrier: documents that fail or are not the carrier's, calls of the hotline, what survives a restart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ivr.local_carrier.account import Account
from ivr.local_carrier.call import CallSetup
from ivr.local_carrier.lines import Interrupted, ScriptedLine
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


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"sid": "CA0"}', '{"sid": "CA0", "of_a_later_version": 1}', "\xff"])
def test_a_record_that_is_damaged_keeps_no_carrier_from_starting(tmp_path: Path, damage: str) -> None:
    from ivr.local_carrier.store import CallRecord, RecordingRecord

    store = Store(tmp_path)
    store.keep_call(CallRecord("CA1", "+49", "+49421", status="completed"))
    store.keep_recording(RecordingRecord("RE1", "CA1"), np.zeros(80, np.int16))
    for name in ("calls/CA0", "recordings/RE0", "messages/SM0"):
        tmp_path.joinpath(f"{name}.json").write_bytes(damage.encode("latin-1"))
    again = Store(tmp_path)
    assert again.call("CA1").status == "completed"
    assert [recording.sid for recording in again.recordings("CA1")] == ["RE1"]
    assert len(list(tmp_path.rglob("*.damaged"))) == 3, "somebody may look at them"


@pytest.mark.parametrize(
    ("kept", "account", "set_aside"),
    [
        ("", Account(), 1),
        ("[]", Account(), 1),
        ('{"sms": false, "of_another_version": "https://former.example"}', Account(sms=False), 0),
    ],
)
def test_of_an_account_of_another_version_is_kept_what_this_one_knows(
    tmp_path: Path, kept: str, account: Account, set_aside: int
) -> None:
    store = Store(tmp_path)
    tmp_path.joinpath("account.json").write_text(kept)
    assert store.account == account
    assert len(list(tmp_path.glob("*.damaged"))) == set_aside


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


def test_a_redirection_that_comes_while_another_is_taken_up_counts_too(ring, other) -> None:
    """The call goes on with the later document, and with nothing after that."""
    other.documents["in"] = '<Gather action="/keys"/>'
    other.documents |= {"first": SAY, "second": SAY * 2}
    later = iter(["second"])

    class Redirected(ScriptedLine):
        def _check_interrupted(self) -> None:
            try:
                super()._check_interrupted()
            except Interrupted:
                for path in later:
                    ring.switch.live(call_sid[0]).redirect(f"{other.url}/{path}")
                raise

    class Patient(ScriptedCaller):
        def presses(self, count: int, finish: str) -> str:
            ring.switch.live(call_sid[0]).redirect(f"{other.url}/first")
            return ""

    call_sid: list[str] = []
    report = ring.switch.call(Redirected(Patient()), "+49151", on_start=call_sid.append)
    assert other.paths() == ["in", "second", "status"]
    assert report.ended_by == "carrier"
