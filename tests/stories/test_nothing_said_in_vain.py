"""What a person is to hear in a conversation is heard to its end, whatever else happens at that moment."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ivr.contact_centre import conversation_control, conversation_wishes, sentences
from ivr.domain.conversation_rules import Sentence
from ivr.domain.enums import LegState
from ivr.models.contact_centre import Leg
from tests.stories.test_departures import GONE, Talk
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_staff import Scripted

FRIEND = "+4942112345"
FRIEND_GONE = "Die dazugeholte Person ist nicht mehr in der Leitung."


@pytest.fixture
def talk(simulated: Callable[..., SimulatedCarrier]) -> Talk:
    """mia, a caller, Aylin who interprets, and a friend of the caller: all in one room."""
    begun = Talk(simulated())
    friend = Scripted(begun.carrier, "friend", FRIEND)
    begun.until(lambda: "aylin" in begun.room)
    begun.does(lambda session, one, by, now: conversation_control.want_companion(session, one, FRIEND, by, now))
    begun.until(lambda: "friend" in begun.room)
    begun.clock.run(20)
    assert friend.call is not None
    return begun


def heard_out(phone: Scripted) -> list[str]:
    """What somebody has heard that nothing has interrupted."""
    assert phone.call is not None
    return phone.call.heard_out


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3, 1.0, 3.0])
def test_two_who_leave_at_one_moment_are_both_told_to_the_member(talk: Talk, seconds: float) -> None:
    friend = talk.carrier.handsets[FRIEND]
    talk.hangs_up(talk.aylin)
    talk.clock.run(seconds)
    talk.hangs_up(friend)
    talk.clock.run(25)
    assert sorted(one for one in heard_out(talk.mias) if one in (GONE, FRIEND_GONE)) == sorted([GONE, FRIEND_GONE])
    assert "mia" in talk.room, "and is back"
    assert talk.carrier.faults == []


def test_who_is_fetched_back_at_once_does_not_hear_that_they_wait(talk: Talk) -> None:
    before = len(talk.call.heard_out)
    talk.does(lambda session, one, by, now: conversation_wishes.hold(session, one, by, now))
    talk.does(lambda session, one, by, now: conversation_wishes.resume(session, one, by, now))
    talk.clock.run(20)
    assert "caller" in talk.room
    assert talk.call.heard_out[before:] == []


def test_a_sentence_waits_until_it_has_been_said() -> None:
    leg = Leg(state=LegState.JOINED)
    for sentence in (Sentence.INTERPRETER_GONE, Sentence.COMPANION_GONE, Sentence.INTERPRETER_GONE):
        sentences.add(leg, sentence)
    both = [Sentence.INTERPRETER_GONE, Sentence.COMPANION_GONE]
    assert sentences.being_said(leg) == both
    assert leg.state == LegState.ANSWERED, "they are out of the room, whatever the carrier has told so far"
    assert sentences.pending(leg) == both, "they may be called away in the middle of it"
    sentences.add(leg, Sentence.LISTENER_GONE)
    sentences.said(leg, both)
    assert sentences.pending(leg) == [Sentence.LISTENER_GONE]
    sentences.say_only(leg, Sentence.CALLER_GONE)
    assert sentences.pending(leg) == [Sentence.CALLER_GONE]


def test_a_sentence_of_a_newer_version_stops_no_other() -> None:
    leg = Leg(state=LegState.JOINED, to_hear=Sentence.COMPANION_GONE, to_hear_then=["of tomorrow", "listener_gone"])
    assert sentences.pending(leg) == [Sentence.COMPANION_GONE, Sentence.LISTENER_GONE]
