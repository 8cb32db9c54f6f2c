"""A supervisor listens in: nobody is heard before everybody has been told to the end of the sentence (§ 201 StGB)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from ivr.accounts import users
from ivr.audit.access_log import Actor
from ivr.callbacks.refused import Refused
from ivr.contact_centre import agent_presence, conversation_control, conversation_wishes, conversations, listening
from ivr.models.accounts import User
from ivr.models.audit import AccessLine
from ivr.models.contact_centre import Conversation
from ivr.platform import database
from tests.support.simulated_calls import SimulatedCall
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_staff import InTurkish, Scripted, member

LENA = Actor("Lena", "supervisor")
FRIEND = "+4942112345"


class Talk:
    """mia and a Turkish caller, whom nobody interprets, talk; lena has a telephone."""

    def __init__(self, carrier: SimulatedCarrier) -> None:
        self.carrier = carrier
        self.mia, self.mias = member(carrier)
        with database.writing_alone() as session:
            here = agent_presence.get_or_create(session, self.mia.id, carrier.clock.now)
            here.languages = ["de", "tr"]
            self.lena = users.add(session, "lena", "Lena", "supervisor", "x" * 12, ["benefits"])
            session.flush()
            self.phone = Scripted(carrier, "lena", f"+4942198{self.lena.id:05d}")
            agent_presence.start_answering(session, self.lena, self.phone.number, ["de"], carrier.clock.now)
            agent_presence.stop_answering(session, self.lena, carrier.clock.now, for_good=False)
        self.call = carrier.dials_in(InTurkish(carrier, "caller", "+4917612345678"))
        carrier.clock.run(60)
        assert self.mias.call is not None
        assert self.mias.call.room == self.call.room != ""

    def listens(self, by: User | None = None) -> None:
        with database.writing_alone() as session:
            leg = conversations.leg_of(session, self.call.sid)
            assert leg is not None
            user = session.get_one(User, (by or self.lena).id)
            listening.begin(session, leg.conversation, user, LENA, self.carrier.clock.now)

    def comes_into_room(self, call: SimulatedCall) -> datetime:
        """When a call comes into the room; it must within a minute."""
        for _ in range(600):
            self.carrier.clock.run(0.1)
            if call.room:
                return self.carrier.clock.now
        raise AssertionError(f"never in the room: {call.story}")

    def logged(self) -> list[str]:
        with database.reading() as session:
            lines = select(AccessLine.detail).where(AccessLine.action == "listen_in")
            return [line or "" for line in session.scalars(lines)]

    def ends_well(self) -> None:
        self.carrier.hangs_up(self.call)
        self.carrier.clock.run(60)
        assert [call.handset.name for call in self.carrier.calls.values() if not call.is_over] == []
        assert self.carrier.faults == []
        with database.reading() as session:
            state = agent_presence.read_presence(session, self.lena.id, self.carrier.clock.now).state
            assert state == "paused", "as before, and with nothing to wrap up"


@pytest.fixture
def talk(simulated: Callable[..., SimulatedCarrier]) -> Talk:
    return Talk(simulated())


def test_caller_and_member_are_told_to_the_end_before_anybody_listens(talk: Talk) -> None:
    talk.listens()
    assert len(talk.logged()) == 1
    talk.carrier.clock.run(5)
    assert talk.phone.call is not None
    talk.comes_into_room(talk.phone.call)
    assert "Ab jetzt hört jemand aus der Teamleitung mit" in talk.mias.heard
    assert any("/voice/told" in one for one in talk.call.story)
    assert talk.call.room, "the caller has heard all of it, and is back in the room"
    assert talk.mias.call is not None
    assert talk.mias.call.room
    _, verb = talk.phone.call.dial or pytest.fail("not in a conference")
    assert verb.children[0].attributes["muted"] == "true"
    talk.carrier.hangs_up(talk.phone.call)
    talk.carrier.clock.run(20)
    assert "hört nicht mehr mit" in talk.mias.heard
    talk.ends_well()


def test_on_hold_the_caller_is_told_there_and_listening_waits_for_that(talk: Talk) -> None:
    with database.writing_alone() as session:
        leg = conversations.leg_of(session, talk.call.sid)
        assert leg is not None
        mia = session.get_one(User, talk.mia.id)
        conversation_wishes.hold(session, leg.conversation, mia, talk.carrier.clock.now)
    talk.carrier.clock.run(10)
    talk.listens()
    talk.carrier.clock.run(5)
    assert talk.phone.call is not None
    talk.comes_into_room(talk.phone.call)
    with database.reading() as session:
        conversation = session.scalars(select(Conversation)).one()
        listener = listening.listener(conversation)
        assert listener is not None
        assert {leg.role: leg.heard_of_id for leg in conversation.legs if leg is not listener} == {
            "caller": listener.id, "member": listener.id,
        }  # fmt: skip
    talk.ends_well()


def test_who_comes_later_is_told_before_they_are_in_the_room(talk: Talk) -> None:
    friend = Scripted(talk.carrier, "friend", FRIEND)
    talk.listens()
    talk.carrier.clock.run(5)
    assert talk.phone.call is not None
    talk.comes_into_room(talk.phone.call)
    with database.writing_alone() as session:
        leg = conversations.leg_of(session, talk.call.sid)
        assert leg is not None
        mia = session.get_one(User, talk.mia.id)
        conversation_control.want_companion(session, leg.conversation, FRIEND, mia, talk.carrier.clock.now)
    talk.carrier.clock.run(6)
    assert friend.call is not None
    talk.comes_into_room(friend.call)
    assert any("/told" in one for one in friend.call.story), "they have heard it to its end"
    talk.ends_well()


@pytest.mark.parametrize("answers", [None, 2.0], ids=["lets it ring", "declines"])
def test_a_supervisor_who_does_not_come_changes_nothing(
    simulated: Callable[..., SimulatedCarrier], answers: float | None
) -> None:
    talk = Talk(simulated())
    talk.phone.answers, talk.phone.key = answers, "2"
    talk.listens()
    talk.carrier.clock.run(60)
    assert "hört jemand" not in talk.mias.heard
    talk.ends_well()


def test_listening_that_cannot_be_is_refused(talk: Talk) -> None:
    nils, _ = member(talk.carrier, "nils")
    with pytest.raises(Refused, match="no_listening"):
        talk.listens(nils)
    talk.listens()
    with pytest.raises(Refused, match="listened_to"):
        talk.listens()
    talk.carrier.hangs_up(talk.call)
    talk.carrier.clock.run(60)
    with pytest.raises(Refused, match="not_talking"):
        talk.listens()
    assert len(talk.logged()) == 1, "what was refused is no listening"


def test_the_call_ends_while_the_supervisor_waits_for_the_announcement(talk: Talk) -> None:
    talk.listens()
    talk.carrier.clock.run(5.5)
    talk.ends_well()
