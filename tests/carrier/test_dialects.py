"""Each carrier's manner: a dozen stories with ids, signatures, log-in, addresses and voices of each.

A hotline in this process answers the local carrier, which speaks as the carrier does. `make soak-night` tells all
stories in each manner.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import urlencode

import numpy as np
import pytest
import requests
from click.testing import CliRunner, Result
from sqlalchemy import select

from ivr import prompts
from ivr.accounts import users
from ivr.audio.wav import RATE, Sound
from ivr.callbacks import sms, sms_job
from ivr.carrier import call_control, media, number_setup, signalwire, telnyx
from ivr.carrier.client import client, send_text_message
from ivr.carrier.refusals import CarrierRefused
from ivr.carrier.webhook_urls import fallback_url, voice_url
from ivr.cli import hotline
from ivr.contact_centre import agent_presence
from ivr.domain.enums import CarrierFault, CarrierName, CarrierSide
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.call import CallReport, CallSetup
from ivr.local_carrier.dialects import sign
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.local_carrier.store import Refusals
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.models.calls import Call
from ivr.models.contact_centre import QueueEntry
from ivr.models.voicebox import Recording
from ivr.platform import database, write_behind
from tests.support.environment import forget_settings
from tests.support.line_in_process import Line
from tests.support.waiting import eventually

SPEECH = Sound((np.sin(np.arange(RATE * 2) / 3) * 9000).astype(np.int16), RATE)


@pytest.fixture(params=CarrierName)
def line(request: pytest.FixtureRequest, in_the_manner_of: Callable[[CarrierName], Line]) -> Line:
    return in_the_manner_of(request.param)


@pytest.fixture(params=[CarrierName.SIGNALWIRE, CarrierName.TELNYX])
def compatible(request: pytest.FixtureRequest, in_the_manner_of: Callable[[CarrierName], Line]) -> Line:
    """A carrier that is not the one for which all is written."""
    return in_the_manner_of(request.param)


def test_a_message_is_left_fetched_and_deleted(line: Line) -> None:
    report = line.rings("1", "1", "1", sounds=[SPEECH])
    assert report.errors == []
    with database.reading() as session:
        call = session.scalars(select(Call).where(Call.call_sid == report.call_sid)).one()
        assert session.scalars(select(CallbackTask)).one().call_id == call.id
        sid = session.scalars(select(Recording.recording_sid)).one()
    assert media.fetch_audio(sid).startswith(b"RIFF")
    assert [one.recording_sid for one in media.recordings_of(report.call_sid)] == [sid]
    media.delete_recording(sid)
    with pytest.raises(media.NotThere):
        media.fetch_audio(sid)


def task_of(report: CallReport) -> CallbackTask:
    """The one task of a call, in which everything was understood."""
    assert report.errors == []
    write_behind.flush()
    with database.reading() as session:
        return session.scalars(select(CallbackTask).join(Call).where(Call.call_sid == report.call_sid)).one()


def recordings() -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Recording.state)))


def test_a_caller_who_wants_no_recording_is_called_back(line: Line) -> None:
    report = line.rings("2", "1", "2", "1", "#", "3", number="+4915112345679")
    assert (task_of(report).callback_number, report.ended_by) == ("+4915112345679", "carrier")
    assert recordings() == []


def test_who_hangs_up_while_speaking_has_a_task(line: Line) -> None:
    report = line.rings("1", "1", "1", sounds=[SPEECH], hangs_up=True)
    assert (task_of(report).concern, report.ended_by) == ("benefits", "caller")
    assert len(recordings()) == 1


def test_silence_after_the_tone_is_asked_about_and_kept_nowhere(line: Line) -> None:
    said: list[str] = []
    report = line.rings("1", "1", "1", on_event=lambda event: said.append(str(event.get("text"))))
    assert report.errors == []
    assert any(prompts.catalogue("de")["nothing_heard"] in text for text in said)
    assert list(line.switch.store.recordings()) == []


def test_an_emergency_is_a_task_from_its_key_on(line: Line) -> None:
    report = line.rings("1", "9", "2", hangs_up=True)
    assert (task_of(report).urgency, task_of(report).emergency_kind) == ("emergency", "power_cut")


def test_a_withheld_number_has_a_task_too(line: Line) -> None:
    report = line.rings("1", "1", "1", number="anonymous", sounds=[SPEECH], hangs_up=True)
    assert task_of(report).callback_number is None


def test_who_waits_in_the_call_queue_may_choose_the_voicebox(line: Line) -> None:
    with database.writing_alone() as session:
        member = users.add(session, "mia", "Mia", "member", "x" * 12, ["benefits"])
        session.flush()
        agent_presence.start_answering(session, member, "+4915100000001", ["de"], utc_now())
    report = line.rings("1", "1", "-", "2", "1", at="open", sounds=[SPEECH], hangs_up=True, wait_seconds=0.1)
    assert task_of(report).concern == "benefits"
    assert len(recordings()) == 1
    with database.reading() as session:
        assert session.scalars(select(QueueEntry)).one().state == "left"


def test_the_hotline_calls_and_its_calls_are_listed(line: Line) -> None:
    line.switch.telephones["+4915100000001"] = lambda _: ScriptedLine(ScriptedCaller(hangs_up=True))
    sid = call_control.place_call(
        "+4915100000001", voice_url("/incoming"), voice_url("/status"), ring_seconds=5, detect_machine=True
    )
    eventually(lambda: call_control.call_status(sid) == "completed" and line.switch.live(sid) is None)
    assert sid in [call.call_sid for call in call_control.calls_since(_long_ago())]
    with pytest.raises(call_control.CallIsOver):
        call_control.redirect_call(sid, voice_url("/incoming"))
    call_control.end_call(sid)
    call_control.empty_conference("room-1", {})


def _long_ago() -> datetime:
    return datetime(2020, 1, 1, tzinfo=UTC)


def test_more_calls_than_a_page_holds(line: Line) -> None:
    """The address of the next page is that of the carrier."""
    for number in range(3):
        line.switch.originate(f"+491510000000{number}", "+494211782666", CallSetup(voice_url("/incoming")))
    assert len(client().calls.list(page_size=2)) == 3


@pytest.mark.parametrize(("lost", "told"), [(0, (True, None)), (30006, (False, "no_texts"))])
def test_what_became_of_a_text_message_is_known(line: Line, lost: int, told: tuple[bool, str | None]) -> None:
    line.switch.store.keep_refusals(Refusals(lost_texts={"*": lost} if lost else {}))
    with database.writing() as session:
        call = Call(call_sid="CA" + "7" * 32, from_number="+4915112345678", started_at=utc_now())
        session.add(call)
        session.flush()
        sms.send_link(session, call, "+4915112345678", "de")
    sms_job.send(1)

    def state() -> tuple[bool, str | None]:
        with database.reading() as session:
            message = session.get_one(TextMessage, 1)
            return message.delivered_at is not None, message.carrier_fault

    eventually(lambda: state() == told)


def test_a_text_message(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = line.switch.store.message(send_text_message("+4915112345678", "Ihre Anfragenummer", 1))
    assert (sent.from_, sent.to, sent.body) == ("+494211782666", "+4915112345678", "Ihre Anfragenummer")
    line.switch.store.keep_refusals(Refusals(texts={"+4915112345678": 21606}))
    with pytest.raises(CarrierRefused) as refused:
        send_text_message("+4915112345678", "Ihre Anfragenummer")
    assert refused.value.refusal.side == CarrierSide.OPERATOR
    monkeypatch.setattr("ivr.carrier.tokens.in_order", lambda: ("none of ours",))
    with pytest.raises(CarrierRefused) as refused:
        send_text_message("+4915112345679", "Ihre Anfragenummer")
    assert refused.value.refusal.fault == CarrierFault.LOGIN_REFUSED


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (40300, CarrierFault.OPTED_OUT),
        (40001, CarrierFault.NO_TEXTS),
        (40002, CarrierFault.SENDER_REFUSED),
        (10004, CarrierFault.REQUEST_REFUSED),
        (21211, CarrierFault.REQUEST_REFUSED),
        (20003, CarrierFault.LOGIN_REFUSED),
        (20429, CarrierFault.TOO_MANY_AT_ONCE),
        (20503, CarrierFault.NETWORK_AWAY),
    ],
)
def test_telnyx_tells_by_its_own_number_why_a_text_is_not_taken(in_the_manner_of, code: int, fault: str) -> None:
    """Numbers of Twilio's mean nothing there, and strike nobody off; what is final is not tried for a day."""
    line = in_the_manner_of(CarrierName.TELNYX)
    line.switch.store.keep_refusals(Refusals(texts={"+49": code}))
    with pytest.raises(CarrierRefused) as refused:
        send_text_message("+4915112345678", "Ihre Anfragenummer")
    assert (refused.value.refusal.fault, refused.value.refusal.code) == (fault, code)


def posted(line: Line, form: dict[str, str], *, changed: bytes = b"", **headers: str) -> int:
    """The status of a signed request, after something about it was changed."""
    url, body = f"{line.settings.calls_url}/voice/status", urlencode(form)
    signed = dict(line.switch.dialect.signed(line.settings.local_signing_key, url, form, body))
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return requests.post(url, data=body.encode() + changed, headers=kind | signed | headers, timeout=10).status_code


def test_what_the_carrier_has_not_signed_is_refused(compatible: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    form = {"CallSid": "1", "From": "+49151", "CallStatus": "completed", "Empty": "", "Name": "Grüße"}
    assert posted(compatible, form) == 200
    assert posted(compatible, form, changed=b"&Digits=9") == 403
    assert posted(compatible, form, **{"Content-Type": "application/json"}) == 403
    if compatible.settings.carrier == CarrierName.TELNYX:  # which signs the time, and by its key alone
        monkeypatch.setattr("ivr.local_carrier.dialects.time", SimpleNamespace(time=lambda: 1_700_000_000))
        assert posted(compatible, form) == 403
        assert posted(compatible, form, **{"Telnyx-Timestamp": "soon"}) == 403
    else:
        assert posted(compatible, form, **{"X-SignalWire-Signature": "x" * 28}) == 403


def test_a_signature_of_the_token_is_none(compatible: Line) -> None:
    """Neither carrier signs with what logs in, nor in Twilio's header."""
    url, form = f"{compatible.settings.calls_url}/voice/incoming", {"CallSid": "1", "From": "+49151"}
    twilios = {"X-Twilio-Signature": sign(compatible.settings.auth_token, url, form)}
    for headers in (twilios, {"X-SignalWire-Signature": twilios["X-Twilio-Signature"]}, {}):
        assert requests.post(url, data=form, headers=headers, timeout=10).status_code == 403


def test_only_twilio_is_told_how_often_to_try(compatible: Line) -> None:
    """The fragment is documented by Twilio alone; a carrier that signs addresses may sign it too."""
    assert "#" not in voice_url("/incoming") + fallback_url()


def test_the_carriers_own_paths_and_those_it_has_named() -> None:
    account = "/2010-04-01/Accounts/AC1"
    assert signalwire.path(f"{account}/Calls.json") == f"/api/laml{account}/Calls.json"
    assert signalwire.path(f"/api/laml{account}/Calls.json?Page=1") == f"/api/laml{account}/Calls.json?Page=1"
    assert telnyx.path(f"{account}/Calls.json") == "/v2/texml/Accounts/AC1/Calls"
    assert telnyx.path(f"{account}/Calls/v3:a_b-c.json") == "/v2/texml/Accounts/AC1/Calls/v3:a_b-c"
    assert telnyx.path(f"{account}/Recordings/1.json") == "/v2/texml/Accounts/AC1/Recordings/1.json"
    assert telnyx.path("/v2/texml/Accounts/AC1/Calls.json") == "/v2/texml/Accounts/AC1/Calls"
    assert telnyx.fields({"StatusCallbackEvent": ["a", "b"], "To": "+49"}) == {
        "StatusCallbackEvent": "a b",
        "To": "+49",
    }


def checked() -> Result:
    return CliRunner().invoke(hotline, ["carrier", "check"])


def test_what_is_checked_at_another_carrier_is_said_and_what_is_not(compatible: Line) -> None:
    subscription = compatible.switch.subscription
    wanted = number_setup.wanted_webhooks()
    subscription.voice_url, subscription.fallback_url = wanted["voice_url"], wanted["voice_fallback_url"]
    subscription.status_url, subscription.text_url = wanted["status_callback"], wanted["sms_url"]
    done = checked()
    assert done.exit_code == 0, done.output
    assert "✗" not in done.output
    assert "not checked; look at it yourself:" in done.output
    assert "what was checked is set as it should be" in done.output
    assert "everything" not in done.output


@pytest.mark.parametrize("field", ["voice_url", "fallback_url", "status_url", "text_url"])
def test_each_address_that_is_not_ours_is_found_at_another_carrier(compatible: Line, field: str) -> None:
    subscription = compatible.switch.subscription
    wanted = number_setup.wanted_webhooks()
    subscription.voice_url, subscription.fallback_url = wanted["voice_url"], wanted["voice_fallback_url"]
    subscription.status_url, subscription.text_url = wanted["status_callback"], wanted["sms_url"]
    setattr(subscription, field, "https://elsewhere.example/voice")
    done = checked()
    assert done.exit_code == 1
    assert done.output.count("✗") == 1
    assert "is https://elsewhere.example/voice, and should be" in done.output


def test_a_number_of_somebody_else_and_a_wrong_key_are_found_at_another_carrier(
    compatible: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = compatible.switch.subscription.number
    compatible.switch.subscription.number = "+4942100000"
    assert f"The account has no number {own}." in checked().output
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "z" * 32)
    forget_settings()
    done = checked()
    assert done.exit_code == 1
    assert "The carrier refuses the log-in (401)." in done.output
