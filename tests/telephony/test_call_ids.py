"""A call's id is a text without a meaning: other carriers have others than `CA…`, some with a colon."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from sqlalchemy import select, update

from ivr.config.settings import Settings, settings
from ivr.domain.carrier_ids import LONGEST, call_id, carrier_id, is_ours, new_id
from ivr.domain.enums import CallRowState, MessageState, RecordingState
from ivr.domain.timestamps import utc_now
from ivr.models.alerts import AlertMessage, HouseAlarm
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform import database, write_behind
from ivr.platform.log_setup import redacted
from ivr.telephony import flow_context, voice_webhooks
from ivr.telephony.state_token import Unreadable, seal_playback, unseal, unseal_playback
from ivr.voicebox import fetch_job
from ivr.workers import lost_events
from tests.support.waiting import eventually
from tests.support.webhook_caller import Hotline, WebhookCaller

TELNYX = "v3:T02llQxIyaRkhfRKxgAP8nY511EhFLizdvdUKJiSw8d6A9BborherQ"
SIGNALWIRE = "6f4c1c0e-8f6e-4b3a-9d2b-0c1d2e3f4a5b"


@pytest.mark.parametrize("sid", [TELNYX, SIGNALWIRE, "9" * LONGEST])
def test_a_message_is_left_in_a_call_with_any_id(webhooks: Hotline, sid: str) -> None:
    person = WebhookCaller(webhooks)
    person.sid = sid
    person.dials().presses("1", "1", "1").speaks().hangs_up()
    with database.reading() as session:
        call = session.scalars(select(Call).where(Call.call_sid == sid)).one()
        assert session.scalars(select(CallbackTask)).one().call_id == call.id
        assert session.scalars(select(Recording)).one().message.call_id == call.id


@pytest.mark.parametrize(
    "sid", ["call.1", "a84b4c76e66710@pc33.example", "звонок-1", "9" * 500, "v3:ab+/=", "../1", " ", "\x00"]
)
def test_a_message_is_left_in_a_call_whose_id_is_of_no_carrier(webhooks: Hotline, sid: str) -> None:
    """It is not kept as it is, and nothing that was said is lost for it."""
    person = WebhookCaller(webhooks)
    person.sid = sid
    person.dials().presses("1", "1", "1").speaks().hangs_up()
    with database.reading() as session:
        call = session.scalars(select(Call)).one()
        assert (call.call_sid, carrier_id(call.call_sid)) == (call_id(sid), call_id(sid))
        assert session.scalars(select(CallbackTask)).one().call_id == call.id


class Nameless(WebhookCaller):
    """A caller of whom the carrier sends no CallSid, in any request."""

    def _post(self, url: str, **form: str) -> str:
        document = self.hotline.post(url, From=self.number, **form)
        if found := re.search(r"call=(none-[0-9a-f]{32})", document):
            self.sid = found[1]
        return document


@pytest.fixture
def watched(webhooks: Hotline, monkeypatch: pytest.MonkeyPatch) -> Hotline:
    alert = {"name": "house", "to": "sms:+4915112345678", "events": ["call_without_id"]}
    monkeypatch.setenv("ALERTS", json.dumps([alert]))
    settings.cache_clear()
    return webhooks


@pytest.mark.parametrize("number", ["+4917612345678", "anonymous"])
def test_a_call_without_an_id_is_served_and_the_house_is_told(watched: Hotline, number: str) -> None:
    """No proxy and no carrier may leave the id out; where one does, nobody who has rung is lost for it."""
    person = Nameless(watched, number).dials().presses("1", "1", "1").speaks().hears("review").presses("1")
    other = Nameless(watched, "+4917687654321").dials().presses("1", "9", "1")
    assert is_ours(person.sid) and is_ours(other.sid) and person.sid != other.sid
    write_behind.flush()
    with database.reading() as session:
        asked = select(Call.call_sid).join(CallbackTask, CallbackTask.call_id == Call.id)
        assert sorted(session.scalars(asked)) == sorted([person.sid, other.sid])
        spoken = session.scalars(select(Call).where(Call.call_sid == person.sid)).one()
        assert session.scalars(select(Recording)).one().message.call_id == spoken.id
    assert_told_of(2)
    assert redacted(f"no answer for {person.sid}") == "no answer for [carrier id]"


def assert_told_of(calls: int) -> None:
    """The house is told once, of so many calls."""

    def counted() -> bool:
        with database.reading() as session:
            return [alarm.count for alarm in session.scalars(select(HouseAlarm))] == [calls]

    eventually(counted, 30)
    with database.reading() as session:
        (told,) = session.scalars(select(AlertMessage)).all()
        assert "ohne Kennung" in told.subject


def test_an_answer_does_not_wait_until_the_house_can_be_told(watched: Hotline) -> None:
    """Nobody can write while the call comes in. Its caller is answered, and the house is told afterwards."""
    with database.writing():
        person = Nameless(watched).dials()
        person.presses("1").hears("main")
        with database.reading() as session:
            assert session.scalars(select(HouseAlarm)).all() == []
    assert_told_of(1)


def begun(sid: str, **moments: timedelta) -> None:
    """A call of that id, some moments ago."""
    ago = {name: utc_now() - moment for name, moment in moments.items()}
    with database.writing() as session:
        session.add(Call(call_sid=sid, answers=0, **ago))


def state_of(sid: str) -> str:
    with database.reading() as session:
        return session.scalars(select(Call).where(Call.call_sid == sid)).one().state


@pytest.mark.parametrize("sid", [new_id(), call_id("call.1@pc33.example")], ids=["ours", "made of a text"])
def test_a_call_that_the_carrier_cannot_be_asked_of_ends_when_nothing_more_is_asked_for_it(
    webhooks: Hotline, sid: str
) -> None:
    """A long message, and then nothing: its caller has hung up. Of other calls the carrier is asked."""
    hour = timedelta(hours=1)
    begun(sid, started_at=hour, last_request_at=timedelta(minutes=4))
    begun("CA" + "1" * 32, started_at=hour)
    lost_events.end_silent_calls()
    assert state_of(sid) == CallRowState.IN_PROGRESS
    with database.writing() as session:
        session.execute(update(Call).values(last_request_at=utc_now() - timedelta(minutes=9)))
    lost_events.end_silent_calls()
    assert (state_of(sid), state_of("CA" + "1" * 32)) == (CallRowState.ENDED, CallRowState.IN_PROGRESS)


def test_each_request_of_a_call_without_an_id_puts_its_end_off(watched: Hotline) -> None:
    person = Nameless(watched).dials().presses("1")
    write_behind.flush()
    for pressed in ("4", "3"):
        with database.writing() as session:
            session.execute(update(Call).values(started_at=utc_now() - timedelta(hours=1), last_request_at=None))
        person.presses(pressed)
        write_behind.flush()
        lost_events.end_silent_calls()
        assert state_of(person.sid) == CallRowState.IN_PROGRESS
    person.presses("1").speaks(hangs_up=True)
    with database.writing() as session:
        session.execute(update(Call).values(last_request_at=utc_now() - timedelta(minutes=9)))
    lost_events.end_silent_calls()
    assert state_of(person.sid) == CallRowState.ENDED


def test_who_has_heard_the_last_words_of_a_call_without_an_id_is_gone(watched: Hotline) -> None:
    person = Nameless(watched).dials().presses("1", "1", "1").speaks().presses("1")
    while not person.is_over:
        person.presses("1")
    write_behind.flush()
    lost_events.end_silent_calls()
    assert state_of(person.sid) == CallRowState.IN_PROGRESS
    with database.writing() as session:
        session.execute(update(Call).values(last_request_at=utc_now() - timedelta(minutes=3)))
    lost_events.end_silent_calls()
    assert state_of(person.sid) == CallRowState.ENDED


@pytest.mark.parametrize("sid", ["", "call.1@pc33.example"])
def test_that_the_carrier_has_nothing_of_an_id_it_does_not_know_withdraws_nothing(
    watched: Hotline, monkeypatch: pytest.MonkeyPatch, sid: str
) -> None:
    """It has the recording under another id of the call, and how it ended was not told."""
    monkeypatch.setattr(fetch_job.media, "recordings_of", lambda _: [])
    person = (WebhookCaller if sid else Nameless)(watched)
    person.sid = sid
    person.dials().presses("1", "1", "1").tells_recording("in-progress", 0)
    write_behind.flush()
    with database.writing() as session:
        session.execute(update(Call).values(last_request_at=utc_now() - timedelta(minutes=9)))
    lost_events.end_silent_calls()
    with database.reading() as session:
        (message_id,) = session.scalars(select(Recording.message_id)).all()
    for look in (fetch_job.ask_for_recording, fetch_job.find_recording):
        look(message_id)
        with database.reading() as session:
            assert session.scalars(select(Recording)).one().state == RecordingState.ANNOUNCED
            assert session.scalars(select(CallbackTask)).one().provisional


def test_who_was_gone_before_the_tone_of_a_call_without_an_id_has_left_nothing(
    watched: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(_: str) -> None:
        raise AssertionError("the carrier was asked of an id that it does not know")

    monkeypatch.setattr(fetch_job.media, "recordings_of", asked)
    Nameless(watched).dials().presses("1", "1", "1")
    write_behind.flush()
    with database.reading() as session:
        (message_id,) = session.scalars(select(VoiceboxMessage.id)).all()
    fetch_job.find_recording(message_id)
    with database.reading() as session:
        assert session.get_one(VoiceboxMessage, message_id).state == MessageState.EMPTY


@pytest.mark.parametrize("kind", ["none", "of no carrier"])
def test_who_has_no_id_does_not_wait_where_nobody_could_bring_them_to_a_member(
    watched: Hotline, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(flow_context.call_queue, "state_for", lambda *_: "open")
    assert WebhookCaller(watched, at="open").dials().presses("1", "1", "").verb == "Enqueue"
    person = (Nameless if kind == "none" else WebhookCaller)(watched, at="open")
    person.sid = "" if kind == "none" else "call.1@pc33.example"
    person.dials().presses("1", "1", "")
    person.hears("nobody_answered").hears("consent")


def test_without_an_id_the_last_resort_takes_a_message_too(watched: Hotline, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("nothing works")

    with monkeypatch.context() as breaking:
        for name in ("reply", "document", "state_of", "new_call"):
            breaking.setattr(voice_webhooks, name, broken)
        person = Nameless(watched).dials()
        agreed = ElementTree.fromstring(person._post(person.silence_leads_to, Digits="1"))
    event = agreed.find("Record").get("recordingStatusCallback")
    person._post(event, RecordingSid="RE" + "7" * 32, RecordingStatus="completed", RecordingDuration="4")
    write_behind.flush()
    with database.reading() as session:
        asked = select(Call.call_sid).join(CallbackTask, CallbackTask.call_id == Call.id)
        assert session.scalars(asked).all() == [person.sid]


def test_an_event_without_an_id_is_about_no_call(watched: Hotline) -> None:
    Nameless(watched)._post("/voice/status", CallStatus="completed")
    with database.reading() as session:
        assert session.scalars(select(Call)).all() == []


def test_long_ids_that_differ_at_the_end_are_of_two_calls() -> None:
    one, other = call_id("9" * 500), call_id("9" * 499 + "8")
    assert one != other
    assert call_id(one) == one
    assert redacted(f"no answer for {one}") == "no answer for [carrier id]"


def test_a_sealed_state_belongs_to_its_call_whatever_its_id(webhooks: Hotline) -> None:
    """Ids that begin alike, or differ in their capitals only, are of two calls."""
    person = WebhookCaller(webhooks)
    person.sid = TELNYX
    person.dials()
    (token,) = parse_qs(urlsplit(person.address).query)["state"]
    assert unseal(token, TELNYX).language
    for other in (TELNYX[:-1], TELNYX.lower(), TELNYX.removeprefix("v3:"), SIGNALWIRE):
        with pytest.raises(Unreadable):
            unseal(token, other)


def test_a_recording_is_heard_again_in_a_call_with_a_colon(empty_database: Settings) -> None:
    assert unseal_playback(seal_playback(TELNYX, 2), 60) == (TELNYX, 2)


@pytest.mark.parametrize("text", ["", "9" * (LONGEST + 1), "v3: x", "CA/1", "CA1\n", "CÄ1", "a'b", "%00", "../1"])
def test_what_is_no_id_is_none(text: str) -> None:
    assert carrier_id(text) == ""


def test_no_log_keeps_an_id_of_any_carrier() -> None:
    line = redacted(f"no answer for {TELNYX} and /Calls/{TELNYX.replace(':', '%3A')}.json and CA{'0' * 32}")
    assert line == "no answer for [carrier id] and /Calls/[carrier id].json and [carrier id]"
