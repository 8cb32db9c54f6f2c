"""Nobody is called who is in a call with us already, whatever they are in it for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from ivr.audit.access_log import Actor
from ivr.callbacks.refused import Refused
from ivr.contact_centre import conversation_control, conversation_wishes, directory, outbound_callbacks
from ivr.contact_centre.directory import Listed
from ivr.contact_centre.transfers import Target
from ivr.domain.enums import DirectoryKind, LegEnding, TransferKind
from ivr.models.accounts import User
from ivr.models.callbacks import Attempt, CallbackTask
from ivr.models.contact_centre import Conversation, Leg
from ivr.platform import database
from tests.support.people import a_task
from tests.support.simulated_calls import SimulatedCall
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_people import Waiting
from tests.support.simulated_staff import InTurkish, Scripted, member

#: Both interpret Turkish, and are rung in this order.
AYLIN, SERVICE, OFFICE, FRIEND = "+4915700000001", "+4915700000002", "+494215550199", "+4942112345"


class Room:
    """mia, who talks with callers, and an interpreter."""

    def __init__(self, carrier: SimulatedCarrier) -> None:
        self.carrier = carrier
        self.mia, self.mias = member(carrier)
        self.service = Scripted(carrier, "service", SERVICE)

    def with_caller(self, handset: Waiting) -> SimulatedCall:
        call = self.carrier.dials_in(handset)
        for _ in range(60):
            self.carrier.clock.run(1)
            if call.room and self.mias.call is not None and self.mias.call.room == call.room:
                return call
        raise AssertionError(call.story)

    def does(self, wish: Callable[..., object]) -> None:
        with database.writing_alone() as session:
            talk = session.scalars(select(Conversation)).one()
            wish(session, talk, session.get_one(User, self.mia.id), self.carrier.clock.now)
        self.carrier.clock.run(20)


@pytest.fixture
def room(simulated: Callable[..., SimulatedCarrier]) -> Room:
    return Room(simulated())


def test_an_interpreter_who_calls_us_is_not_rung_to_interpret(room: Room) -> None:
    room.with_caller(InTurkish(room.carrier, "aylin, for herself", AYLIN))
    room.carrier.clock.run(15)
    assert room.service.rung
    assert room.carrier.faults == []


def test_an_interpreter_who_is_called_back_is_not_rung_to_interpret(room: Room) -> None:
    aylin = Scripted(room.carrier, "aylin", AYLIN)
    task_id = a_task(number=AYLIN, language="tr")
    with database.writing_alone() as session:
        task = session.get_one(CallbackTask, task_id)
        outbound_callbacks.begin(session, task, session.get_one(User, room.mia.id), room.carrier.clock.now, anyway=True)
    room.carrier.clock.run(40)
    assert room.service.rung
    assert len(aylin.rung) == 1, "as the one who is called back"
    assert aylin.rung[0] > room.service.rung[0]
    assert room.carrier.faults == []


def test_an_interpreter_who_is_somebodys_companion_is_not_rung_to_interpret(room: Room) -> None:
    aylin = Scripted(room.carrier, "aylin", AYLIN)
    room.with_caller(Waiting(room.carrier, "caller", "+4917612345678"))
    room.does(lambda session, talk, by, now: conversation_control.want_companion(session, talk, AYLIN, by, now))
    room.does(
        lambda session, talk, by, now: conversation_control.want_interpreter(session, talk, now, by=by, language="tr")
    )
    assert room.service.rung
    assert len(aylin.rung) == 1
    assert room.carrier.faults == []


def test_a_caller_is_not_transferred_to_a_number_that_is_in_the_conversation(room: Room) -> None:
    office = Scripted(room.carrier, "office", OFFICE)
    with database.writing_alone() as session:
        entry = Listed(DirectoryKind.OFFICE, "Wohngeldstelle", OFFICE, {"monday": "08:00-16:00"})
        listed = directory.add(session, entry, room.mia, Actor("Lena", "supervisor"), room.carrier.clock.now).id
    room.with_caller(Waiting(room.carrier, "caller", "+4917612345678"))
    room.does(lambda session, talk, by, now: conversation_control.want_listed(session, talk, listed, by, now))
    assert office.call is not None
    assert office.call.room
    target = Target(number=OFFICE, name="Wohngeldstelle")
    with pytest.raises(Refused, match="companion_there"):
        room.does(
            lambda session, talk, by, now: conversation_wishes.transfer(
                session, talk, target, TransferKind.COLD, "", by, now
            )
        )
    room.carrier.clock.run(10)
    assert len(office.rung) == 1
    assert room.carrier.faults == []


def test_a_companion_who_is_calling_us_is_busy_and_the_telephone_is_not_rung(room: Room) -> None:
    room.with_caller(Waiting(room.carrier, "caller", "+4917612345678"))
    friend = Waiting(room.carrier, "friend", FRIEND)
    waits = room.carrier.dials_in(friend)
    room.carrier.clock.run(10)
    room.does(lambda session, talk, by, now: conversation_control.want_companion(session, talk, FRIEND, by, now))
    assert not waits.is_over
    assert [call.to for call in room.carrier.calls.values() if call.to == FRIEND] == []
    with database.reading() as session:
        assert session.scalars(select(Leg.ending).where(Leg.number == FRIEND)).all() == [LegEnding.BUSY]
    assert room.carrier.faults == []


@pytest.mark.parametrize("seconds", [3.0, 9.0, 12.0], ids=["mia's rings", "aylin's rings", "theirs is to be rung"])
def test_a_member_knows_that_who_is_to_be_called_back_is_calling_us(room: Room, seconds: float) -> None:
    """From the member's wish to the ringing of the caller's telephone half a minute passes, with an interpreter."""
    room.mias.answers = 6.0
    Scripted(room.carrier, "aylin", AYLIN, answers=3.0)
    task_id = a_task(number=FRIEND, language="tr")
    with database.writing_alone() as session:
        task = session.get_one(CallbackTask, task_id)
        outbound_callbacks.begin(session, task, session.get_one(User, room.mia.id), room.carrier.clock.now, anyway=True)
    room.carrier.clock.run(seconds)
    calling = InTurkish(room.carrier, "friend", FRIEND)
    calling.KEYS = (("main", ((None, 1),)), *calling.KEYS)
    room.carrier.dials_in(calling)
    room.carrier.clock.run(14)
    assert "ist gerade selbst mit uns in der Leitung" in room.mias.heard
    assert "nicht erreicht" not in room.mias.heard
    assert room.carrier.faults == []
    with database.reading() as session:
        assert (session.get_one(CallbackTask, task_id).state, session.query(Attempt).count()) == ("open", 0)
