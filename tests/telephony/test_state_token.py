"""A call's state in the URL: it belongs to one call, is short enough for every server, and outlives an update."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import Settings
from ivr.domain.enums import (
    AgeGroup,
    AppointmentMode,
    AppointmentReason,
    Availability,
    Companion,
    Concern,
    EmergencyKind,
    EventName,
    Screening,
    SimulatedHours,
    TaskKind,
)
from ivr.domain.timestamps import utc_now
from ivr.flows.request import CallerRequest, RequestAnswers
from ivr.flows.state import AnsweredQuestion, CallState, Event, EventContext
from ivr.platform import crypto, database
from ivr.platform.crypto import CannotOpen, Purpose
from ivr.platform.work_models import Checkpoint
from ivr.telephony import former_version, state_token
from ivr.telephony.state_token import MAX_TOKEN, Unreadable, seal, unseal
from ivr.web.app import create_app
from tests.support import version_0, version_1
from tests.support.secret_keys import FIRST, SECOND, changer

CALL, OTHER_CALL = "CA" + "1" * 32, "CA" + "2" * 32
STATE = CallState("review", "tr", recording_number=1, last_prompts=("cannot_play",), entry_complete=True).knowing(
    concern=Concern.WORK, receipt_code="12345674"
)


@pytest.fixture(autouse=True)
def no_start_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is a process of its own."""
    monkeypatch.setattr(former_version, "_known", {})


def test_what_is_sealed_comes_back_whole(empty_database: Settings) -> None:
    assert unseal(seal(STATE, CALL), CALL) == STATE


def test_a_state_of_another_call_is_refused(empty_database: Settings) -> None:
    token = seal(STATE, CALL)
    for other in (OTHER_CALL, "", CALL.lower()):
        with pytest.raises(Unreadable, match="another call"):
            unseal(token, other)


@pytest.mark.parametrize(
    "token",
    ["", "x", "1.", "2.", "1.gAAAA", "2.gAAAA", "gAAAA", "ü", "1.ü", "2.ü", "A" * 5000, "1." + "A" * 5000, "\x00"],
)
def test_what_is_no_token_of_ours_is_refused(empty_database: Settings, token: str) -> None:
    with pytest.raises(Unreadable):
        unseal(token, CALL)


def test_a_token_that_was_cut_off_or_changed_is_refused(empty_database: Settings) -> None:
    token = seal(STATE, CALL)
    for cut in (*range(0, len(token), 7), len(token) - 1):
        with pytest.raises(Unreadable):
            unseal(token[:cut], CALL)
    with pytest.raises(Unreadable):
        unseal(token[:60] + ("A" if token[60] != "A" else "B") + token[61:], CALL)


def test_a_token_is_accepted_as_long_as_a_call_can_last(
    empty_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, now = seal(STATE, CALL), time.time()
    monkeypatch.setattr(time, "time", lambda: now + state_token.MAX_AGE - 60)
    assert unseal(token, CALL) == STATE
    monkeypatch.setattr(time, "time", lambda: now + state_token.MAX_AGE + 60)
    with pytest.raises(Unreadable):
        unseal(token, CALL)


@pytest.mark.parametrize(("hours", "over"), [(0.1, False), (4, False), (5, True), (24, True), (31 * 24, True)])
def test_a_state_that_was_sealed_anew_is_of_no_call_that_began_long_ago(
    empty_database: Settings, hours: float, over: bool
) -> None:
    """Each turn seals the state again; how long the call has lasted, it says itself."""
    from ivr.telephony.call_session import state_of

    began = replace(STATE, began_at=utc_now() - timedelta(hours=hours))
    assert state_token.is_of_a_call_long_over(began, utc_now()) is over
    form = {"CallSid": CALL, "From": "+4917622222222"}
    with create_app().test_request_context("/voice/answer", method="POST", data=form):
        assert (state_of(seal(began, CALL)) is None) is over
        assert state_of(seal(began, CALL), is_event=True) is not None, "an event may come late"


def test_what_was_sealed_for_something_else_is_no_state(empty_database: Settings) -> None:
    for token in (
        state_token.seal_playback(CALL, 1),
        crypto.seal(Purpose.SPOOL, b"x"),
        crypto.seal(Purpose.CALL_STATE, b""),
    ):
        with pytest.raises(Unreadable):
            unseal(token, CALL)
    with pytest.raises(Unreadable):
        state_token.unseal_playback(seal(STATE, CALL), 600)


# -- length ------------------------------------------------------------------------------------------


def full_request(number: int) -> CallerRequest:
    """A request with every slot at its longest."""
    at = datetime(2026, 11, 23, 9, 45, number % 60, 123456 + number, tzinfo=UTC)
    return CallerRequest(
        kind=TaskKind.POSTAL_ORDER,
        concern=Concern.APPOINTMENT,
        emergency_kind=EmergencyKind.FOOD_VOUCHER,
        age_group=AgeGroup.FROM_25,
        office=f"office_{number % 8 + 1}",
        availability=Availability.AFTERNOON,
        changes=str(10**7 + number),
        forms=("main_application", "continuation", "change", "education", "housing", "other_form"),
        customer_number=str(10**12 + number * 7919),
        mode=AppointmentMode.IN_PERSON,
        reason=AppointmentReason.DOCUMENTS,
        companion=Companion.INTERPRETER,
        impairment=True,
        training=False,
        receipt_code=str(10**7 + number * 31),
        message_number=number,
        records_again=True,
        due_at=at,
        tried_at=at + timedelta(days=number),
        appointment_at=at + timedelta(days=2 * number),
    )


def longest_state(events: int) -> CallState:
    """Every slot at its longest, and events that compress badly."""
    names = [EventName.RECORDING_BEGINS, EventName.MESSAGE_LEFT, EventName.NUMBER_GIVEN]
    return CallState(
        step="appointment_consent",
        language="kmr",
        tries=3,
        answers=60,
        request=full_request(59),
        began_at=utc_now(),
        callback_number="+4915112345678901",
        asked_code="1" * 20,
        greeted=True,
        screened=Screening.HELD_OFF,
        untraced=True,
        simulated_time=SimulatedHours.CLOSED,
        recording_number=30,
        replaces_recording=29,
        queue_visit=20,
        comes_back=True,
        room="room-" + secrets.token_hex(8),
        pending_events=tuple(
            Event(
                names[number % 3],
                number,
                "RE" + secrets.token_hex(16),
                random.Random(number).uniform(1, 180),
                f"+49151{secrets.randbelow(10**9):09d}",
                EventContext("kmr", RequestAnswers.copied(full_request(number)), number, True, number),
            )
            for number in range(events)
        ),
        trail=tuple(AnsweredQuestion("appointment_reason", full_request(number)) for number in range(8)),
        last_prompts=("request_open", "promise_emergency", "nobody_answered"),
        entry_complete=True,
    )


@pytest.mark.parametrize("events", [0, 1, 5, 20, 60, 120])
def test_no_state_is_too_long_for_a_url(empty_database: Settings, events: int) -> None:
    """Carrier: a URL may have 4,000 characters. 60 answers with two events each are more than a call can have."""
    state = longest_state(events)
    token = seal(state, CALL)
    assert len(token) <= MAX_TOKEN
    assert len(voice_url("/answer", state=token)) < 4000
    carried = unseal(token, CALL)
    assert (carried.step, carried.request, carried.callback_number) == (
        state.step,
        state.request,
        state.callback_number,
    )


def test_a_usual_state_is_short(empty_database: Settings) -> None:
    assert len(seal(CallState("main", "de", began_at=utc_now(), callback_number="+4915112345678"), CALL)) < 300


def test_the_events_of_a_long_outage_are_carried(empty_database: Settings) -> None:
    """A caller records ten times while nothing can be written: all ten messages travel along."""
    request = RequestAnswers(concern=Concern.WORK)
    events = []
    for number in range(1, 11):
        context = EventContext("de", request, replaces_recording=number - 1)
        events.append(Event(EventName.RECORDING_BEGINS, number, context=context))
        events.append(Event(EventName.MESSAGE_LEFT, number, "RE" + secrets.token_hex(16), 4.5, context=context))
    state = CallState("review", "de", recording_number=10, pending_events=tuple(events))
    assert unseal(seal(state, CALL), CALL) == state


def test_what_has_to_be_left_out_is_what_matters_least(
    empty_database: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Ways back go first, then events that only note progress, then the oldest; it is logged."""
    state = longest_state(45)
    carried = unseal(seal(state, CALL), CALL)
    assert carried.trail == ()
    assert EventName.RECORDING_BEGINS not in {event.name for event in carried.pending_events}
    assert carried.pending_events[-1] == [e for e in state.pending_events if e.name != EventName.RECORDING_BEGINS][-1]
    assert "not carried on" in caplog.text


# -- version 1 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sealed", [seal, version_1.state_token])
def test_a_state_that_is_kept_is_sealed_again_after_a_change_of_the_key(
    empty_database: Settings, monkeypatch: pytest.MonkeyPatch, sealed: Callable[[CallState, str], str]
) -> None:
    change = changer(monkeypatch)
    change(FIRST)
    token = sealed(STATE, CALL)
    assert state_token.resealed(token, CALL, "it") is None, "nothing is to do"
    change(SECOND, FIRST)
    assert (again := state_token.resealed(token, CALL, "it"))
    change(SECOND)
    assert unseal(again, CALL) == STATE
    with pytest.raises(CannotOpen, match="it cannot be opened"):
        state_token.resealed(token, CALL, "it")


def test_a_state_of_version_1_is_read_by_its_call_only(empty_database: Settings) -> None:
    token = version_1.state_token(STATE, CALL)
    assert token.startswith("1.")
    assert unseal(token, CALL) == STATE
    with pytest.raises(Unreadable, match="another call"):
        unseal(token, OTHER_CALL)


def test_a_state_of_version_1_is_accepted_as_long_as_a_call_can_last(
    empty_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, now = version_1.state_token(STATE, CALL), time.time()
    monkeypatch.setattr(time, "time", lambda: now + state_token.MAX_AGE + 60)
    with pytest.raises(Unreadable):
        unseal(token, CALL)


# -- the version before --------------------------------------------------------------------------------

FACTS = {
    "since": "2026-11-22T10:00:00+00:00", "callback_number": "+4915112345678", "kind": "postal_order",
    "concern": "forms", "age_group": "25_and_over", "office": "office_3", "availability": "any_time",
    "request": "12345674", "receipt_code": "12345674", "forms": "change,education", "customer_number": "214123456",
    "mode": "video", "reason": "documents", "companion": "none", "impairment": "yes", "training": "no",
    "emergency_kind": "power_cut", "take": "3", "replaces": "2", "left": "2", "again": "1", "turn": "2", "back": "1",
    "room": "room-1", "greeted": "1", "kept_away": "held_off", "untraced": "1", "asked_code": "12345674",
    "due_at": "2026-11-23T09:45:00.000000Z", "tried_at": "2026-11-23T09:46:00.000000Z",
    "appointment_at": "2026-11-23T09:47:00.000000Z", "at": "closed",
}  # fmt: skip


def test_every_fact_of_the_version_before_has_its_slot(empty_database: Settings) -> None:
    token = version_0.state_token(
        empty_database.secret,
        "review",
        FACTS,
        language="tr",
        tries=2,
        answers=7,
        owed=[
            ["line_joined", 0, "", 0.0, "", {}],
            ["message_left", 2, "RE1", 4, "", {"concern": "work", "turn": "4", "replaces": "1"}],
        ],
        trail=[["language"], ["main", "callback", "work", "", "", "", "", "", "", "", "", "", ""]],
    )
    state = unseal(token, CALL)
    instant = datetime(2026, 11, 23, 9, 45, tzinfo=UTC)
    request = CallerRequest(
        kind=TaskKind.POSTAL_ORDER,
        concern=Concern.FORMS,
        emergency_kind=EmergencyKind.POWER_CUT,
        age_group=AgeGroup.FROM_25,
        office="office_3",
        availability=Availability.ANY_TIME,
        changes="12345674",
        forms=("change", "education"),
        customer_number="214123456",
        mode=AppointmentMode.VIDEO,
        reason=AppointmentReason.DOCUMENTS,
        companion=Companion.NONE,
        impairment=True,
        training=False,
        receipt_code="12345674",
        message_number=2,
        records_again=True,
        due_at=instant,
        tried_at=instant + timedelta(minutes=1),
        appointment_at=instant + timedelta(minutes=2),
    )
    joined, left = state.pending_events
    assert state.request == request
    assert (joined.name, joined.context) == (EventName.QUEUE_JOINED, None)
    assert (left.name, left.recording_number, left.recording_sid, left.seconds) == ("message_left", 2, "RE1", 4)
    assert (left.context.request.concern, left.context.queue_visit, left.context.replaces_recording) == ("work", 4, 1)
    assert [question.step for question in state.trail] == ["language", "main"]
    assert (state.trail[1].request.concern, state.trail[1].request.forms) == (Concern.WORK, ())
    rest = (state.step, state.language, state.tries, state.answers, state.began_at, state.callback_number)
    assert rest == ("review", "tr", 2, 7, datetime(2026, 11, 22, 10, tzinfo=UTC), "+4915112345678")
    assert (state.recording_number, state.replaces_recording, state.queue_visit, state.comes_back) == (3, 2, 2, True)
    assert (state.room, state.greeted, state.untraced, state.asked_code) == ("room-1", True, True, "12345674")
    assert (state.screened, state.simulated_time) == (Screening.HELD_OFF, SimulatedHours.CLOSED)


def first_start() -> datetime:
    with database.reading() as session:
        return session.scalars(select(Checkpoint.at).where(Checkpoint.name == former_version.CHECKPOINT)).one()


def started(ago: timedelta) -> None:
    with database.writing() as session:
        session.add(Checkpoint(name=former_version.CHECKPOINT, at=utc_now() - ago))


def test_states_of_the_version_before_are_accepted_for_four_hours(empty_database: Settings) -> None:
    token = version_0.state_token(empty_database.secret, "consent", {"concern": "work"})
    started(timedelta(hours=3, minutes=59))
    assert unseal(token, CALL).request.concern == Concern.WORK


def test_and_are_refused_then(empty_database: Settings) -> None:
    token = version_0.state_token(empty_database.secret, "consent", {"concern": "work"})
    started(timedelta(hours=4, seconds=1))
    with pytest.raises(Unreadable, match="no longer accepted"):
        unseal(token, CALL)
    assert unseal(seal(STATE, CALL), CALL) == STATE


def test_the_first_start_of_several_hosts_counts(empty_database: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second host, and a restart of the first, find the row of the first start."""
    earlier = utc_now() - timedelta(hours=3)
    assert former_version.first_start(earlier) == earlier
    monkeypatch.setattr(former_version, "_known", {})
    assert former_version.first_start(utc_now()) == earlier
    assert first_start() == earlier


def test_without_the_database_the_start_of_the_process_counts(
    empty_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise database.Away("gone")

    monkeypatch.setattr(database, "writing", away)
    assert former_version.is_accepted()
    monkeypatch.setattr(former_version, "_process_began_at", utc_now() - timedelta(hours=5))
    assert not former_version.is_accepted()


@pytest.mark.parametrize(
    ("step", "facts", "more"),
    [
        ("main", {"concern": "housing"}, {}),
        ("main", {"take": "many"}, {}),
        ("main", {"since": "yesterday"}, {}),
        ("main", {}, {"owed": [["unheard_of"]]}),
        ("main", {}, {"owed": [[]]}),
        ("main", {}, {"trail": [[]]}),
    ],
)
def test_a_state_of_the_version_before_with_an_unknown_value_is_refused(
    empty_database: Settings, step: str, facts: dict[str, str], more: dict[str, list]
) -> None:
    with pytest.raises(Unreadable):
        unseal(version_0.state_token(empty_database.secret, step, facts, **more), CALL)


def test_a_recording_can_be_heard_with_an_address_of_the_version_before(empty_database: Settings) -> None:
    token = version_0.state_token(empty_database.secret, "review", {"call_sid": CALL, "take": "2"})
    assert state_token.unseal_playback(token, 600) == (CALL, 2)
    old = version_0.state_token(empty_database.secret, "review", {"call_sid": CALL, "take": "2"}, age=700)
    with pytest.raises(Unreadable):
        state_token.unseal_playback(old, 600)
