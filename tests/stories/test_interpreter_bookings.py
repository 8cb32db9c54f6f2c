"""An interpreter is booked for the time of a callback: rung first, free for it, double bookings refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ivr.audit.access_log import Actor
from ivr.callbacks import workflow
from ivr.callbacks.refused import Refused
from ivr.carrier import call_control
from ivr.carrier.refusals import CarrierRefused, Refusal
from ivr.contact_centre import directory, interpreter_bookings, outbound_callbacks
from ivr.contact_centre.directory import Listed
from ivr.domain.enums import BookingState, CarrierFault, DirectoryKind, Outcome
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from tests.support.environment import forget_settings
from tests.support.people import a_task
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_staff import Scripted, member

#: The simulated day is a Monday, and it is nine o'clock in Bremen.
TEN = datetime(2026, 11, 23, 9, tzinfo=UTC)
OFFICE_HOURS = {"monday": "08:00-16:00", "tuesday": "08:00-16:00"}
CHEAP, DEAR, CALLED = "+494215550101", "+494215550102", "+494215550103"


class Story:
    """A callback task in Turkish, a member, a cheap and a dear interpreter, and whoever is called back."""

    def __init__(self, carrier: SimulatedCarrier, *, dear_answers: float | None = 2.0) -> None:
        self.carrier, self.clock = carrier, carrier.clock
        self.mia: User
        self.mia, self.telephone = member(carrier)
        self.cheap = Scripted(carrier, "cheap", CHEAP)
        self.dear = Scripted(carrier, "dear", DEAR, answers=dear_answers)
        self.called = Scripted(carrier, "called", CALLED)
        with database.writing_alone() as session:
            for name, number, cents in (("Cheap", CHEAP, 10), ("Dear", DEAR, 90)):
                listed = Listed(DirectoryKind.INTERPRETER, name, number, OFFICE_HOURS, ("tr",), cents_per_minute=cents)
                directory.add(session, listed, self.mia, Actor("Lena", "supervisor"), self.clock.now)
        self.task = a_task(number=CALLED, language="tr")

    def books(self, number: str = DEAR, at: datetime = TEN, task: int | None = None) -> int:
        with database.writing_alone() as session:
            found = session.get_one(CallbackTask, task or self.task)
            booked = interpreter_bookings.book(session, found, number, at, 30, self.mia, self.clock.now)
            session.flush()
            return booked.id

    def calls_back(self, task: int | None = None) -> None:
        with database.writing_alone() as session:
            found = session.get_one(CallbackTask, task or self.task)
            outbound_callbacks.begin(session, found, self.mia, self.clock.now, anyway=True)
        self.clock.run(60)

    def states(self) -> list[BookingState]:
        with database.reading() as session:
            found = interpreter_bookings.of_task(session, session.get_one(CallbackTask, self.task))
            return [interpreter_bookings.state_of(session, one, self.clock.now) for one in found]

    def waits_until(self, at: datetime) -> None:
        self.clock.run((at - self.clock.now).total_seconds())


def test_a_service_is_booked_for_as_many_tasks_at_once_as_it_takes(
    begin: Callable[..., Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    story = begin()
    service = {"name": "Dienst", "number": "+4915700000002", "languages": ["tr"], "calls_at_once": 2}
    monkeypatch.setenv("INTERPRETERS", json.dumps([{**service, "hours": {"daily": "00:00-24:00"}}]))
    forget_settings()
    story.books("+4915700000002")
    story.books("+4915700000002", task=a_task(number="+494215550104", language="tr"))
    with pytest.raises(Refused, match="booked_already"):
        story.books("+4915700000002", task=a_task(number="+494215550105", language="tr"))


@pytest.fixture
def begin(simulated: Callable[..., SimulatedCarrier], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Story]:
    monkeypatch.setenv("INTERPRETERS", "[]")
    forget_settings()
    return lambda **does: Story(simulated(), **does)


def test_who_is_booked_is_rung_first_at_that_time_whatever_they_cost(begin: Callable[..., Story]) -> None:
    story = begin()
    story.books()
    with database.reading() as session:
        task = session.get_one(CallbackTask, story.task)
        assert (task.needs_interpreter, task.next_attempt_at) == (True, TEN)
        assert not outbound_callbacks.is_the_time(task, story.clock.now)
    assert story.states() == [BookingState.BOOKED]
    story.waits_until(TEN)
    story.calls_back()
    assert story.dear.rung
    assert story.cheap.rung == []
    assert story.dear.call is not None
    assert story.called.call is not None
    assert story.called.call.room == story.dear.call.room != ""
    assert story.states() == [BookingState.KEPT]
    assert story.carrier.faults == []


def test_where_the_booked_interpreter_does_not_come_the_others_are_tried(begin: Callable[..., Story]) -> None:
    story = begin(dear_answers=None)
    story.books()
    story.waits_until(TEN)
    story.calls_back()
    assert story.dear.rung[0] < story.cheap.rung[0]
    assert story.called.rung
    assert story.states() == [BookingState.FAILED]


def test_who_is_booked_and_was_never_rung_has_not_failed_to_come(
    begin: Callable[..., Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The carrier refuses the call by the house's own fault: it is no fault of the interpreter's."""
    places = call_control.place_call

    def place(number: str, *args: object, **wishes: object) -> str:
        if number == DEAR:
            raise CarrierRefused(Refusal(CarrierFault.SENDER_REFUSED, 21210))
        return places(number, *args, **wishes)

    monkeypatch.setattr(call_control, "place_call", place)
    story = begin()
    story.books()
    story.waits_until(TEN)
    story.calls_back()
    assert story.cheap.rung
    assert story.dear.rung == []
    assert story.states() == [BookingState.BOOKED]


def test_who_is_booked_is_rung_for_no_other_task_at_that_time(begin: Callable[..., Story]) -> None:
    story = begin()
    story.books(CHEAP)
    other = a_task(number="+494215550104", language="tr")
    Scripted(story.carrier, "other", "+494215550104")
    story.waits_until(TEN - timedelta(minutes=2))
    story.calls_back(other)
    assert story.cheap.rung == []
    assert story.dear.rung
    assert story.states() == [BookingState.BOOKED]


@pytest.mark.parametrize(
    ("number", "at", "refusal"),
    [
        (DEAR, TEN + timedelta(minutes=15), "booked_already"),
        (CHEAP, TEN - timedelta(hours=2), "later_date_needed"),
        (CHEAP, TEN + timedelta(days=61), "later_date_needed"),
        (CHEAP, TEN + timedelta(hours=5, minutes=45), "not_on_duty"),
        (CHEAP, TEN + timedelta(days=2), "not_on_duty"),
        (CHEAP, TEN + timedelta(hours=12), "closed_now"),
        ("+494215550109", TEN, "not_on_duty"),
    ],
)
def test_double_bookings_and_times_without_duty_are_refused(
    begin: Callable[..., Story], number: str, at: datetime, refusal: str
) -> None:
    story = begin()
    story.books()
    other = a_task(number="+494215550104", language="tr")
    with pytest.raises(Refused, match=refusal):
        story.books(number, at, other)


def test_a_booking_that_is_canceled_or_whose_task_is_closed_is_free_for_others(begin: Callable[..., Story]) -> None:
    story = begin()
    booking = story.books()
    with database.writing_alone() as session:
        task = session.get_one(CallbackTask, story.task)
        interpreter_bookings.cancel(session, task, booking, story.mia, story.clock.now)
        assert task.next_attempt_at is None
    story.books()
    assert story.states() == [BookingState.CANCELED, BookingState.BOOKED]
    with database.writing() as session:
        task = session.get_one(CallbackTask, story.task)
        workflow.close_as_talked(session, task, story.clock.now, story.clock.now)
        assert task.outcome == Outcome.TALKED
    other = a_task(number="+494215550104", language="tr")
    story.books(task=other)


def test_who_has_left_the_pool_is_shown_so_and_not_rung(begin: Callable[..., Story]) -> None:
    story = begin()
    story.books()
    with database.writing_alone() as session:
        gone = next(one for one in directory.entries(session) if one.number == DEAR)
        directory.end(session, gone.id, Actor("Lena", "supervisor"), story.clock.now)
    assert story.states() == [BookingState.LAPSED]
    story.waits_until(TEN)
    story.calls_back()
    assert story.dear.rung == []
    assert story.cheap.rung
