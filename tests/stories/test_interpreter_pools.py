"""Interpreters are rung by price and duty, and the caller who waits for one hears that the search goes on."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import select

from ivr.audit.access_log import Actor
from ivr.contact_centre import conversations, directory, interpreter_pool, interpreters
from ivr.contact_centre.directory import Listed
from ivr.domain.enums import DirectoryKind
from ivr.models.contact_centre import InterpreterRequest
from ivr.platform import database
from tests.support.environment import forget_settings
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_staff import InTurkish, Scripted, member

OPEN, CLOSED = {"monday": "08:00-16:00"}, {"tuesday": "08:00-16:00"}
LOOKING_ON = "çeviri yapacak birini aramaya devam"


@pytest.fixture
def carrier(simulated: Callable[..., SimulatedCarrier], monkeypatch: pytest.MonkeyPatch) -> SimulatedCarrier:
    """A Monday morning; nobody interprets by the settings."""
    monkeypatch.setenv("INTERPRETERS", "[]")
    forget_settings()
    return simulated()


def interpreter(
    carrier: SimulatedCarrier, name: str, cents: int, weekdays: dict[str, str] = OPEN, **does: object
) -> Scripted:
    """Somebody of the directory who interprets Turkish, and their telephone."""
    telephone = Scripted(carrier, name, f"+4942155501{len(carrier.handsets):02}", **does)
    with database.writing_alone() as session:
        entry = Listed(DirectoryKind.INTERPRETER, name, telephone.number, weekdays, ("tr",), cents_per_minute=cents)
        directory.add(session, entry, member_of(carrier), Actor("Lena", "supervisor"), carrier.clock.now)
    return telephone


def member_of(carrier: SimulatedCarrier):
    return carrier.mia


def test_the_cheapest_who_is_on_duty_is_rung_first_and_the_next_beside_them(carrier: SimulatedCarrier) -> None:
    carrier.mia, _ = member(carrier)
    dear = interpreter(carrier, "Dear", 90)
    cheap = interpreter(carrier, "Cheap", 10, answers=None)
    off_duty = interpreter(carrier, "Off duty", 0, CLOSED)
    person = carrier.dials_in(InTurkish(carrier, "caller", "+4917612345678"))
    carrier.clock.run(60)
    assert off_duty.rung == []
    assert 8 <= (dear.rung[0] - cheap.rung[0]).total_seconds() < 16
    assert dear.call is not None
    assert dear.call.room == person.room != ""
    assert carrier.faults == []


def test_an_interpreter_of_the_settings_keeps_their_place_and_is_not_rung_twice(
    simulated: Callable[..., SimulatedCarrier],
) -> None:
    carrier = simulated()
    carrier.mia, _ = member(carrier)
    with database.writing_alone() as session:
        for number, cents in (("+4915700000001", 0), ("+494215550177", 0), ("+494215550178", 5)):
            entry = Listed(DirectoryKind.INTERPRETER, number, number, OPEN, ("tr",), cents_per_minute=cents)
            directory.add(session, entry, carrier.mia, Actor("Lena", "supervisor"), carrier.clock.now)
    with database.reading() as session:
        pool = interpreter_pool.on_duty(session, "tr", carrier.clock.now)
    assert [one.name for one in pool] == ["Aylin", "Dienst", "+494215550177", "+494215550178"]


@pytest.mark.parametrize(("calls_at_once", "met"), [(1, 1), (2, 2)])
def test_a_service_interprets_for_as_many_at_once_as_it_takes(
    simulated: Callable[..., SimulatedCarrier], monkeypatch: pytest.MonkeyPatch, calls_at_once: int, met: int
) -> None:
    service = {"name": "Dienst", "number": "+4915700000002", "languages": ["tr"], "calls_at_once": calls_at_once}
    monkeypatch.setenv("INTERPRETERS", json.dumps([service]))
    forget_settings()
    carrier = simulated()
    telephone = Scripted(carrier, "service", "+4915700000002")
    telephone.has_lines = calls_at_once > 1
    for number, name in enumerate(("mia", "nils", "ole")):
        member(carrier, name)
        carrier.dials_in(InTurkish(carrier, "caller", f"+491761234567{number}"))
        carrier.clock.run(45)
    rooms = [call.room for call in carrier.calls.values() if call.handset is telephone and call.room]
    assert len(rooms) == len(set(rooms)) == met
    with database.reading() as session:
        asked = session.scalars(select(InterpreterRequest.state).order_by(InterpreterRequest.id)).all()
    assert asked == ["joined"] * met + ["unmet"] * (3 - met)
    assert carrier.faults == []


def test_who_waits_for_an_interpreter_hears_again_and_again_that_the_search_goes_on(carrier: SimulatedCarrier) -> None:
    carrier.mia, telephone = member(carrier)
    called = [interpreter(carrier, f"Nobody {number}", number, answers=None) for number in range(4)]
    person = carrier.dials_in(InTurkish(carrier, "caller", "+4917612345678"))
    carrier.clock.run(45)
    assert called[0].rung
    with database.reading() as session:
        talking = conversations.of_user(session, carrier.mia.id)
        assert talking is not None
        search = interpreters.search(session, talking, carrier.clock.now)
    assert search is not None
    assert (search.language, search.on_duty) == ("tr", 4)
    assert 2 <= search.rung <= 4
    carrier.clock.run(90)
    said = " | ".join(person.said)
    assert said.count(LOOKING_ON) in (2, 3), said
    assert all(one.rung for one in called)
    with database.reading() as session:
        assert session.scalars(select(InterpreterRequest.state)).all() == ["unmet"]
    heard = said.count(LOOKING_ON)
    carrier.clock.run(60)
    assert " | ".join(person.said).count(LOOKING_ON) == heard, "the search is over"
    assert "keine Sprachmittlung erreichbar" in telephone.heard
    assert carrier.faults == []
