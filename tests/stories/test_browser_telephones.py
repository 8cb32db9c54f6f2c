"""A member whose telephone is a window of their browser: rung, answered at once, closed, silent, taken over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from unittest.mock import patch

import pytest

from ivr.accounts import users
from ivr.callbacks.refused import Refused
from ivr.contact_centre import (
    agent_presence,
    browser_telephones,
    conversation_wishes,
    conversations,
    duty_roster,
    outbound_callbacks,
)
from ivr.contact_centre.agent_presence import NotNow
from ivr.contact_centre.transfers import Target
from ivr.domain import client_addresses
from ivr.domain.enums import PresenceState, Refusal, TransferKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Leg, Presence
from ivr.platform import database
from ivr.workers import scheduler
from tests.support.people import a_task
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_people import Handset, Waiting
from tests.support.simulated_staff import member

pytestmark = pytest.mark.carrier("twilio")  # the others call no browsers

WINDOW, OTHER = "window-one", "window-two"


class Browser(Handset):
    """A window that answers after a second, declines, or is not there; it is never asked for a key."""

    does = "answer"

    def rings(self, call, dice):
        self.carrier.rung.append((self.name, self.carrier.clock.now))
        return self.does, 1.0

    def is_asked(self, call, text, dice):
        raise AssertionError("the page has shown what the call is about")

    def is_in_room(self, call, dice):
        self.carrier.rung.append(("in the room", self.carrier.clock.now))


@pytest.fixture
def carrier(simulated: Callable[..., SimulatedCarrier]) -> SimulatedCarrier:
    carrier = simulated()
    carrier.rung = []
    return carrier


@pytest.fixture
def mia(carrier: SimulatedCarrier) -> User:
    """A member of the benefits team whose telephone is a window."""
    with database.writing_alone() as session:
        user = users.add(session, "mia", "Mia", "member", "x" * 12, ["benefits"])
        session.flush()
        takes(session, user, carrier)
    carrier.handset = Browser(carrier, "mia", client_addresses.address_of(user.id))
    lives(carrier, user)
    return user


def takes(session, user: User, carrier: SimulatedCarrier, window: str = WINDOW, **how: bool) -> None:
    browser_telephones.take(session, session.get_one(User, user.id), window, ["de"], carrier.clock.now, **how)


def lives(carrier: SimulatedCarrier, user: User) -> None:
    """The window gives signs of life until the carrier's `silent` is set."""
    carrier.silent = False

    def again() -> None:
        if not carrier.silent:
            with database.writing() as session:
                assert browser_telephones.is_alive(session, user.id, WINDOW, carrier.clock.now)
            carrier.clock.after(10, again)

    carrier.clock.after(10, again)


def here(user: User) -> Presence:
    with database.reading() as session:
        return session.get_one(Presence, user.id)


def waits(carrier: SimulatedCarrier):
    return carrier.dials_in(Waiting(carrier, "caller", "+4917612345678"))


def test_a_window_that_answers_is_in_the_conversation_at_once(carrier: SimulatedCarrier, mia: User) -> None:
    waits(carrier)
    carrier.clock.run(15)
    assert [name for name, _ in carrier.rung] == ["mia", "in the room"]
    assert here(mia).state == PresenceState.TALKING
    assert carrier.faults == []


def test_who_declines_in_the_window_is_left_alone_and_has_missed_nothing(carrier: SimulatedCarrier, mia: User) -> None:
    carrier.handset.does = "no-answer"
    waits(carrier)
    while here(mia).state != PresenceState.RINGING:
        carrier.clock.run(1)
    with database.writing_alone() as session:
        assert browser_telephones.rung(session, mia.id) is not None
        assert browser_telephones.decline(session, session.get_one(User, mia.id), carrier.clock.now)
    carrier.clock.run(2)
    with database.reading() as session:
        (leg, *_) = session.query(Leg).filter_by(user_id=mia.id).all()
        assert (leg.ending, session.get_one(Presence, mia.id).missed) == ("declined", 0)
    with database.writing_alone() as session:
        assert not browser_telephones.decline(session, session.get_one(User, mia.id), carrier.clock.now), "twice"


def test_who_has_no_microphone_has_a_break(carrier: SimulatedCarrier, mia: User) -> None:
    carrier.handset.does = "no-answer"
    waits(carrier)
    while here(mia).state != PresenceState.RINGING:
        carrier.clock.run(1)
    carrier.clock.run(2)
    with database.writing_alone() as session:
        browser_telephones.decline(session, session.get_one(User, mia.id), carrier.clock.now, no_microphone=True)
    carrier.clock.run(60)
    assert here(mia).state == PresenceState.PAUSED
    assert [name for name, _ in carrier.rung] == ["mia"], "and is not rung again into nothing"


def test_a_window_that_is_silent_rings_nobody_and_its_member_is_told(carrier: SimulatedCarrier, mia: User) -> None:
    carrier.clock.run(30)
    carrier.silent, gone = True, carrier.clock.now
    carrier.clock.run(36)
    with database.reading() as session:
        team_id = session.get_one(User, mia.id).teams[0].id
        assert not duty_roster.somebody_answers(session, team_id, carrier.clock.now), "even before it has been ended"
    waits(carrier)
    carrier.clock.run(30)
    assert carrier.rung == []
    scheduler.end_presences()
    assert here(mia).state == PresenceState.OFFLINE
    assert abs(here(mia).lost_at - gone) <= timedelta(seconds=10)
    with database.writing_alone() as session:
        assert browser_telephones.is_alive(session, mia.id, WINDOW, carrier.clock.now), "it is hers still"
        takes(session, mia, carrier)
    assert (here(mia).state, here(mia).lost_at) == (PresenceState.AVAILABLE, None)


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_window_that_is_loaded_anew_stays_the_telephone(
    carrier: SimulatedCarrier, mia: User, comes_back: bool
) -> None:
    carrier.silent = True
    with database.writing() as session:
        browser_telephones.closes(session, mia.id, WINDOW, carrier.clock.now)
    carrier.clock.run(3)
    if comes_back:
        with database.writing() as session:
            browser_telephones.is_alive(session, mia.id, WINDOW, carrier.clock.now)
    carrier.clock.run(5)
    scheduler.end_presences()
    assert here(mia).state == (PresenceState.AVAILABLE if comes_back else PresenceState.OFFLINE)


def test_a_second_window_takes_over_only_if_it_is_told_to(carrier: SimulatedCarrier, mia: User) -> None:
    with pytest.raises(Refused) as refused, database.writing_alone() as session:
        takes(session, mia, carrier, OTHER)
    assert refused.value.reason == Refusal.OTHER_WINDOW
    with database.writing_alone() as session:
        assert not browser_telephones.is_alive(session, mia.id, OTHER, carrier.clock.now)
        takes(session, mia, carrier, OTHER, from_another=True)
        assert not browser_telephones.is_alive(session, mia.id, WINDOW, carrier.clock.now), "which gives way"
        browser_telephones.switch_off(session, session.get_one(User, mia.id), WINDOW, carrier.clock.now)
    assert (here(mia).window, here(mia).state) == (OTHER, PresenceState.AVAILABLE)


def test_no_window_cuts_a_call(carrier: SimulatedCarrier, mia: User) -> None:
    waits(carrier)
    carrier.clock.run(15)
    with pytest.raises(NotNow), database.writing_alone() as session:
        takes(session, mia, carrier, OTHER, from_another=True)
    with pytest.raises(Refused), database.writing_alone() as session:
        browser_telephones.switch_off(session, session.get_one(User, mia.id), WINDOW, carrier.clock.now)
    assert (here(mia).window, here(mia).state) == (WINDOW, PresenceState.TALKING)


def calls_back(carrier: SimulatedCarrier, user: User, task_id: int) -> None:
    with database.writing_alone() as session:
        task, member = session.get_one(CallbackTask, task_id), session.get_one(User, user.id)
        outbound_callbacks.begin(session, task, member, carrier.clock.now, anyway=True)


def test_a_callback_begins_in_the_window_without_being_picked_up(carrier: SimulatedCarrier, mia: User) -> None:
    called = Handset(carrier, "called", "+4917611112222")
    with patch.object(Handset, "is_in_room", lambda *_: None):
        calls_back(carrier, mia, a_task(number=called.number))
        with database.reading() as session:
            leg = browser_telephones.rung(session, mia.id)
            assert leg is not None
            assert browser_telephones.answers_by_itself(leg), "she has asked for it"
        carrier.clock.run(20)
    assert carrier.faults == []
    assert "in the room" in [name for name, _ in carrier.rung]


def test_nobody_calls_back_from_a_window_that_is_closed(carrier: SimulatedCarrier, mia: User) -> None:
    carrier.silent = True
    carrier.clock.run(50)
    with pytest.raises(Refused) as refused:
        calls_back(carrier, mia, a_task(number="+4917611112222"))
    assert refused.value.reason == Refusal.WINDOW_CLOSED


def test_a_transfer_to_a_window_is_taken_by_its_button_alone(carrier: SimulatedCarrier, mia: User) -> None:
    with database.writing_alone() as session:
        agent_presence.stop_answering(session, session.get_one(User, mia.id), carrier.clock.now, for_good=False)
    nils, telephone = member(carrier, "nils")
    call = waits(carrier)
    carrier.clock.run(20)
    with database.writing_alone() as session:
        takes(session, mia, carrier)
        talk = conversations.of_user(session, nils.id)
        assert talk is not None
        by, to = session.get_one(User, nils.id), Target(user_id=mia.id)
        conversation_wishes.transfer(session, talk, to, TransferKind.COLD, "", by, carrier.clock.now)
    carrier.clock.run(20)
    assert [name for name, _ in carrier.rung] == ["mia", "in the room"]
    assert call.room
    assert telephone.call is not None
    assert telephone.call.is_over
    assert carrier.faults == []
