"""A member's telephone that is in a call with us is not rung for another one, whatever the member is in it for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callbacks import intake
from ivr.callbacks.refused import Refused
from ivr.callbacks.request import Request
from ivr.contact_centre import agent_presence, incidents, kept_places, listening, outbound_callbacks, transfers
from ivr.contact_centre.transfers import Target
from ivr.domain.enums import TransferKind
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Presence, QueueEntry
from ivr.platform import database
from tests.stories.test_transfers import Desk
from tests.support.environment import forget_settings
from tests.support.people import a_task
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_people import Waiting
from tests.support.simulated_staff import InTurkish, Scripted, member

AYLIN, SERVICE = "+4915700000001", "+4915700000002"
FIRST, SECOND = "+4917612345678", "+4917612345679"


class Silent(Waiting):
    """Somebody who calls the hotline and presses nothing."""

    def is_asked(self, *_: object) -> None:
        """They press nothing."""


def sits_at(carrier: SimulatedCarrier, user: User, phone: Scripted, number: str, *, idle_minutes: int = 0) -> None:
    """A member's telephone has this number."""
    carrier.handsets[number], phone.number = phone, number
    with database.writing_alone() as session:
        agent_presence.start_answering(session, session.get_one(User, user.id), number, ["de"], carrier.clock.now)
        here = session.get_one(Presence, user.id)
        here.idle_since_at = carrier.clock.now - timedelta(minutes=idle_minutes)


def missed(user: User) -> tuple[str, int]:
    with database.reading() as session:
        here = session.get_one(Presence, user.id)
        return here.state, here.missed


def test_a_member_who_interprets_is_not_rung_for_the_next_caller(simulated: Callable[..., SimulatedCarrier]) -> None:
    carrier = simulated()
    (mia, phone), (nils, nilss) = member(carrier, "mia"), member(carrier, "nils")
    sits_at(carrier, mia, phone, AYLIN)
    sits_at(carrier, nils, nilss, nilss.number, idle_minutes=60)
    Scripted(carrier, "service", SERVICE, answers=None)
    turkish = carrier.dials_in(InTurkish(carrier, "turkish", FIRST))
    carrier.clock.run(40)
    assert phone.call is not None
    assert phone.call.room == turkish.room
    waiting = carrier.dials_in(Waiting(carrier, "waiting", SECOND))
    carrier.clock.run(60)
    assert (len(phone.rung), missed(mia)) == (1, ("available", 0))
    carrier.hangs_up(turkish)
    carrier.clock.run(30)
    assert len(phone.rung) == 2, "for the one who waits"
    assert phone.call.room == waiting.room
    assert carrier.faults == []


def test_two_members_at_one_telephone_are_rung_one_after_the_other(simulated: Callable[..., SimulatedCarrier]) -> None:
    carrier = simulated()
    (mia, phone), (nils, _) = member(carrier, "mia"), member(carrier, "nils")
    sits_at(carrier, nils, phone, phone.number)
    first, second = (carrier.dials_in(Waiting(carrier, "caller", number)) for number in (FIRST, SECOND))
    carrier.clock.run(60)
    assert len(phone.rung) == 1
    assert {missed(user)[1] for user in (mia, nils)} == {0}
    carrier.hangs_up(first if first.room else second)
    carrier.clock.run(30)
    assert len(phone.rung) == 2
    assert carrier.faults == []


def test_the_number_of_a_telephone_system_has_lines_for_several(
    simulated: Callable[..., SimulatedCarrier], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNK_NUMBERS", '["+494219800001"]')
    forget_settings()
    carrier = simulated()
    (mia, phone), (nils, _) = member(carrier, "mia"), member(carrier, "nils")
    for user in (mia, nils):
        sits_at(carrier, user, phone, "+494219800001")
    phone.has_lines = True
    calls = [carrier.dials_in(Waiting(carrier, "caller", number)) for number in (FIRST, SECOND)]
    carrier.clock.run(60)
    assert all(call.room for call in calls)
    assert carrier.faults == []


def test_a_member_who_calls_the_hotline_is_rung_afterwards(simulated: Callable[..., SimulatedCarrier]) -> None:
    carrier = simulated()
    mia, phone = member(carrier, "mia")
    own = carrier.dials_in(Silent(carrier, "mia herself", phone.number))
    carrier.handsets[phone.number] = phone
    waiting = carrier.dials_in(Waiting(carrier, "caller", FIRST))
    carrier.clock.run(30)
    assert (phone.rung, missed(mia)) == ([], ("available", 0))
    carrier.hangs_up(own)
    carrier.clock.run(20)
    assert waiting.room
    assert carrier.faults == []


def test_nobody_transfers_to_calls_back_from_or_listens_at_a_telephone_that_talks(
    simulated: Callable[..., SimulatedCarrier],
) -> None:
    desk = Desk(simulated())
    now = desk.carrier.clock.now
    sits_at(desk.carrier, desk.nils, desk.mias, desk.mias.number)
    to_nils = Target(user_id=desk.nils.id)
    with pytest.raises(Refused, match="not_there"):
        desk.transfers(to_nils, TransferKind.COLD)
    task_id = a_task(number=SECOND)
    with database.writing_alone() as session:
        task, nils = session.get_one(CallbackTask, task_id), session.get_one(User, desk.nils.id)
        mia, team = session.get_one(User, desk.mia.id), session.get_one(Team, task.team_id)
        assert transfers.free_of(session, team, mia, now) == 0
        assert not transfers.who_is_there(session, mia, now)
        assert not incidents.who_can_be_second(session, mia, now)
        with pytest.raises(Refused, match="on_the_phone"):
            outbound_callbacks.begin(session, task, nils, now, anyway=True)
        nils.role, nils.supervised = "supervisor", list(nils.teams)
        with pytest.raises(Refused, match="on_the_phone"):
            listening.begin(session, desk.conversation(session), nils, None, now)
        session.rollback()
    assert len(desk.mias.rung) == 1
    desk.ends_well()


def test_a_colleague_who_talks_with_a_caller_is_not_called_back_at_that_telephone(
    simulated: Callable[..., SimulatedCarrier],
) -> None:
    desk = Desk(simulated())
    task_id = a_task(number=desk.mias.number)
    with database.writing_alone() as session, pytest.raises(Refused, match="calling_now"):
        task, nils = session.get_one(CallbackTask, task_id), session.get_one(User, desk.nils.id)
        outbound_callbacks.begin(session, task, nils, desk.carrier.clock.now, anyway=True)
    desk.ends_well()


def test_a_member_does_not_serve_the_kept_place_of_their_own_telephone(
    simulated: Callable[..., SimulatedCarrier],
) -> None:
    carrier = simulated()
    ole, oles = member(carrier, "ole")
    oles.answers = None
    own = carrier.dials_in(Waiting(carrier, "mia herself", FIRST))
    carrier.clock.run(15)
    with database.writing_alone() as session:
        agent_presence.stop_answering(session, session.get_one(User, ole.id), carrier.clock.now, for_good=True)
        entry = session.scalars(select(QueueEntry)).one()
        task = intake.open_for(session, entry.call, Request(concern=entry.concern), carrier.clock.now)
        kept_places.keep_place(session, entry, task, carrier.clock.now)
    carrier.hangs_up(own)
    carrier.clock.run(5)
    mia, phone = member(carrier, "mia")
    sits_at(carrier, mia, phone, FIRST)
    carrier.clock.run(130)  # while nobody is in a call, the scheduler looks once a minute
    assert phone.rung == []
    nils, nilss = member(carrier, "nils")
    carrier.clock.run(80)
    assert (len(nilss.rung), len(phone.rung), missed(nils)[1]) == (1, 1, 0), "a colleague calls her back"
    assert carrier.faults == []
