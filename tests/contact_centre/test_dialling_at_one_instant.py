"""Two members want the same telephone at one instant: it rings for one of them, and is busy for the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.carrier import call_control
from ivr.contact_centre import companions, conversations, dialer_job, interpreters
from ivr.domain.enums import LegEnding, LegRole, LegState
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Leg
from ivr.platform import database
from tests.support.environment import forget_settings
from tests.support.people import a_task, hire

NUMBER = "+4942112345"


@pytest.fixture
def talks(empty_database: object, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Two members talk, each in a conversation of their own; both want a telephone in one role. The ids of its legs."""
    for hours in ("HOURS__DAILY", "CALLING_HOURS__DAILY"):
        monkeypatch.setenv(hours, "00:00-24:00")
    forget_settings()
    people = hire()

    def wanted_by_both(role: LegRole) -> list[int]:
        return [_wanted(people[name], role, number) for number, name in enumerate(("mia", "sven"), start=1)]

    return wanted_by_both


def _wanted(user: User, role: LegRole, number: int) -> int:
    task_id = a_task(number=NUMBER if role == LegRole.CALLER else f"+49421555010{number}")
    with database.writing() as session:
        for call in session.scalars(select(Call)):
            call.state = "ended"
        now = utc_now()
        talk = conversations.for_task(session, session.get_one(CallbackTask, task_id), now)
        there = {"state": LegState.JOINED, "call_sid": f"CA{number:032d}", "joined_at": now, "accepted_at": now}
        conversations.add_leg(
            session, talk, LegRole.MEMBER, f"+494219876{number}", now, ring=False, user_id=user.id, **there
        )
        request = None
        if role == LegRole.COMPANION:
            request = companions.request_companion(session, talk, NUMBER, user, now).id
        elif role == LegRole.INTERPRETER:
            request = interpreters.request(session, talk, now, by=user, language="tr").id
        return conversations.add_leg(session, talk, role, NUMBER, now, ring=False, request_id=request).id


def _placing(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> list[str]:
    """The numbers that are called. While the first call is being placed, something else happens."""
    placed: list[str] = []

    def place(number: str, *_: object, **__: object) -> str:
        placed.append(number)
        if len(placed) == 1:
            meanwhile()
        return f"CA{len(placed) + 10:032d}"

    monkeypatch.setattr(call_control, "place_call", place)
    return placed


@pytest.mark.parametrize(
    ("role", "ending"),
    [
        (LegRole.COMPANION, LegEnding.BUSY),
        (LegRole.INTERPRETER, LegEnding.CANCELED),
        (LegRole.CALLER, LegEnding.CANCELED),
    ],
)
def test_a_telephone_that_is_being_dialled_is_not_dialled_for_somebody_else(
    talks: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch, role: LegRole, ending: LegEnding
) -> None:
    first, second = talks(role)
    placed = _placing(monkeypatch, lambda: dialer_job.ring_leg(second))
    dialer_job.ring_leg(first)
    assert placed == [NUMBER]
    with database.reading() as session:
        states = [(session.get_one(Leg, leg).state, session.get_one(Leg, leg).ending) for leg in (first, second)]
    assert states == [(LegState.WANTED, None), (LegState.ENDED, ending)]


@pytest.mark.parametrize("role", [LegRole.COMPANION, LegRole.INTERPRETER, LegRole.CALLER])
def test_a_call_that_could_not_be_placed_is_placed_again(
    talks: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch, role: LegRole
) -> None:
    """That its own telephone is being dialled since the first time is no reason against it."""
    first, _ = talks(role)

    def breaks_off() -> None:
        raise ConnectionError

    placed = _placing(monkeypatch, breaks_off)
    with pytest.raises(ConnectionError):
        dialer_job.ring_leg(first)
    dialer_job.ring_leg(first)
    assert placed == [NUMBER, NUMBER]
    with database.reading() as session:
        assert session.get_one(Leg, first).call_sid


def test_a_telephone_is_free_again_when_its_call_is_over(
    talks: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = talks(LegRole.COMPANION)
    placed = _placing(monkeypatch, lambda: None)
    dialer_job.ring_leg(first)
    with database.writing() as session:
        leg = session.get_one(Leg, first)
        leg.state, leg.ended_at = LegState.ENDED, utc_now() + timedelta(seconds=1)
    dialer_job.ring_leg(second)
    assert placed == [NUMBER, NUMBER]
