"""Offices and partners of the directory are fetched into a conversation while somebody answers there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ivr.audit.access_log import Actor
from ivr.callbacks.refused import Refused
from ivr.contact_centre import conversation_control, conversations, directory
from ivr.contact_centre.directory import Listed
from ivr.domain.enums import DirectoryKind
from ivr.models.accounts import User
from ivr.models.contact_centre import Conversation
from ivr.platform import database
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_people import Waiting
from tests.support.simulated_staff import Scripted, member

OFFICE = "+494215550199"
#: The simulated day is a Monday, and it is nine o'clock.
OPEN, CLOSED = {"monday": "08:00-16:00"}, {"monday": "13:00-16:00", "tuesday": "08:00-12:00"}


def listed(by: User, weekdays: dict[str, str], carrier: SimulatedCarrier) -> int:
    with database.writing_alone() as session:
        entry = Listed(DirectoryKind.OFFICE, "Wohngeldstelle", OFFICE, weekdays)
        return directory.add(session, entry, by, Actor("Lena", "supervisor"), carrier.clock.now).id


def fetches(by: User, entry_id: int, carrier: SimulatedCarrier) -> None:
    with database.writing_alone() as session:
        talking = conversations.of_user(session, by.id)
        assert isinstance(talking, Conversation)
        conversation_control.want_listed(session, talking, entry_id, by, carrier.clock.now)


def test_a_member_fetches_an_office_which_is_spoken_to_in_german_and_by_its_name(
    simulated: Callable[..., SimulatedCarrier],
) -> None:
    carrier = simulated()
    mia, telephone = member(carrier)
    office = Scripted(carrier, "office", OFFICE)
    entry_id = listed(mia, OPEN, carrier)
    carrier.dials_in(Waiting(carrier, "caller", "+4917612345678"))
    carrier.clock.run(60)
    assert telephone.call is not None
    assert telephone.call.room
    fetches(mia, entry_id, carrier)
    carrier.clock.run(30)
    assert "in ein Gespräch mit einer anrufenden Person dazuholen" in office.heard
    assert office.call is not None
    assert office.call.room == telephone.call.room
    carrier.hangs_up(office.call)
    carrier.clock.run(30)
    assert "Die dazugeholte Person ist nicht mehr in der Leitung" in telephone.heard
    assert carrier.faults == []


def test_nobody_is_rung_where_nobody_answers_now(simulated: Callable[..., SimulatedCarrier]) -> None:
    carrier = simulated()
    mia, _telephone = member(carrier)
    office = Scripted(carrier, "office", OFFICE)
    entry_id = listed(mia, CLOSED, carrier)
    with database.reading() as session:
        (entry,) = directory.to_fetch(session)
        reach = directory.reach(entry, carrier.clock.now)
    assert not reach.is_open
    assert reach.opens is not None
    assert f"{reach.opens:%a %H:%M}" == "Mon 12:00", "13:00 in Bremen"
    carrier.dials_in(Waiting(carrier, "caller", "+4917612345678"))
    carrier.clock.run(60)
    with pytest.raises(Refused, match="not_open_now"):
        fetches(mia, entry_id, carrier)
    carrier.clock.run(30)
    assert office.rung == []
