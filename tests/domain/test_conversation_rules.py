"""The rules of a conversation, for every pair of a situation and an event."""

from __future__ import annotations

import pytest

from ivr.domain.conversation_rules import (
    CALLER,
    COMPANION,
    EVENTS,
    INTERPRETER,
    LISTENER,
    MEMBER,
    RULES,
    SUCCESSOR,
    Act,
    Do,
    Event,
    Happening,
    Heard,
    Outcome,
    Place,
    Sentence,
    Situation,
    outcome,
    reachable,
    rule_for,
    situations,
)
from ivr.domain.enums import LegRole

#: A listener changes nothing for the others, as a test of its own says; they are left out of the pairs.
PAIRS = [(one, event) for one in situations() if one.listener == Place.OUT for event in EVENTS]
TOGETHER = Situation(Place.IN, Place.IN)


def test_every_pair_of_situation_and_event_has_an_outcome() -> None:
    assert len(PAIRS) == 6 * 4 * 5 * 4 * 4 * 34
    for situation, event in PAIRS:
        follows = outcome(situation, event)
        assert follows.over == follows.situation.is_over or rule_for(situation, event), (situation, event)


def test_whoever_is_in_the_room_at_the_end_leaves_it_with_a_sentence_and_no_telephone_rings_on() -> None:
    for situation, event in PAIRS:
        follows = outcome(situation, event)
        if not follows.over or situation.is_over:
            continue
        released = {act.role: act.sentence for act in follows.acts if act.do == Do.RELEASE}
        stopped = {act.role for act in follows.acts if act.do == Do.STOP}
        there = {*follows.situation.at(Place.IN), *follows.situation.at(Place.HELD)}
        assert set(released) == there, (situation, event)
        assert all(released.values()), (situation, event)
        assert stopped == set(follows.situation.at(Place.RUNG)), (situation, event)


def test_nobody_stays_in_a_room_to_which_neither_caller_nor_member_can_come() -> None:
    for situation in reachable():
        if situation.at(Place.IN):
            assert situation.member in (Place.IN, Place.RUNG) or situation.successor in (Place.IN, Place.RUNG), (
                situation
            )
            assert situation.caller not in (Place.LEFT, Place.UNMET), situation


def test_a_telephone_that_only_rings_keeps_no_room() -> None:
    for interpreter in (Place.RUNG, Place.IN, Place.LEFT):
        for companion in (Place.RUNG, Place.IN, Place.LEFT):
            room = Situation(Place.IN, Place.IN, interpreter, companion)
            for left in (CALLER, MEMBER):
                assert outcome(room, Event(left, Happening.LEFT)).over


def test_each_departure_is_told_to_those_who_talk_on() -> None:
    for situation, by_event in reachable().items():
        for event, follows in by_event.items():
            if event.what != Happening.LEFT or follows.over or follows.situation.member != Place.IN:
                continue
            told = {act.role for act in follows.acts if act.do == Do.TELL}
            if event.role != MEMBER:
                assert MEMBER in told, (situation, event)
            elif situation.successor == Place.IN:  # has the conversation from now on
                assert SUCCESSOR in told, (situation, event)


def test_who_is_alone_hears_music_and_everybody_else_somebody() -> None:
    for situation in reachable():
        for role in situation.at(Place.IN):
            assert situation.hears(role) == (Heard.MUSIC if len(situation.at(Place.IN)) == 1 else Heard.OTHERS)
        for role in situation.at(Place.RUNG):
            assert situation.hears(role) == Heard.ANNOUNCEMENT
        for role in situation.at(Place.HELD):
            assert situation.hears(role) == Heard.MUSIC


@pytest.mark.parametrize("event", EVENTS, ids=str)
def test_the_same_event_twice_has_no_second_consequence(event: Event) -> None:
    """Except that the next one is rung for each who does not come."""
    if event.role in (INTERPRETER, SUCCESSOR) and event.what == Happening.MISSED:
        return
    for situation in reachable():
        if event == Event(MEMBER, Happening.LEFT) and situation.successor == Place.IN:
            continue  # the second one to leave is another person
        first = outcome(situation, event)
        second = outcome(first.situation, event)
        if first != Outcome(situation):
            assert second.acts == () or second == first, situation


def test_an_interpreter_who_drops_out_is_fetched_again_and_both_know() -> None:
    follows = outcome(Situation(Place.IN, Place.IN, Place.IN), Event(INTERPRETER, Happening.LEFT))
    assert not follows.over
    assert set(follows.acts) == {
        Act(Do.FETCH, INTERPRETER),
        Act(Do.TELL, CALLER, Sentence.CALLING_INTERPRETER),
        Act(Do.TELL, MEMBER, Sentence.INTERPRETER_GONE),
    }


def test_a_second_wish_for_an_interpreter_rings_nobody_else() -> None:
    for place in (Place.RUNG, Place.IN):
        room = Situation(Place.IN, Place.IN, place)
        assert outcome(room, Event(INTERPRETER, Happening.WANTED)) == Outcome(room)


def test_where_nobody_interprets_both_know_once_both_are_there() -> None:
    both = {Act(Do.ASK, CALLER), Act(Do.TELL, MEMBER, Sentence.NOBODY_INTERPRETS)}
    looking = Situation(Place.IN, Place.IN, Place.RUNG)
    assert set(outcome(looking, Event(INTERPRETER, Happening.UNMET)).acts) == both
    on_the_way = outcome(Situation(Place.RUNG, Place.IN, Place.RUNG), Event(INTERPRETER, Happening.UNMET))
    assert on_the_way.acts == ()
    assert set(outcome(on_the_way.situation, Event(CALLER, Happening.CAME)).acts) == both


def test_in_a_callback_the_caller_is_dialled_when_the_interpreter_is_there() -> None:
    prepared = Situation(Place.OUT, Place.IN, Place.RUNG)
    assert Act(Do.FETCH, CALLER) in outcome(prepared, Event(INTERPRETER, Happening.CAME)).acts
    assert outcome(prepared, Event(INTERPRETER, Happening.UNMET)).over


def test_a_member_who_does_not_answer_a_waiting_caller_is_followed_by_the_next() -> None:
    offered = Situation(Place.WAITING, Place.RUNG)
    assert outcome(offered, Event(MEMBER, Happening.MISSED)).acts == (Act(Do.NEXT, MEMBER),)
    assert outcome(Situation(Place.OUT, Place.RUNG), Event(MEMBER, Happening.MISSED)).over


def test_a_companion_may_come_and_go() -> None:
    room = TOGETHER.having(COMPANION, Place.RUNG)
    came = outcome(room, Event(COMPANION, Happening.CAME))
    assert (came.acts, came.over) == ((), False)
    assert outcome(came.situation, Event(COMPANION, Happening.LEFT)).situation.companion == Place.LEFT


@pytest.mark.parametrize("role", [COMPANION, LISTENER])
def test_a_companion_or_listener_changes_nothing_for_the_others_and_is_told_or_stopped_with_them(role: LegRole) -> None:
    """For every situation that can come about: the drawing of their places leaves nothing out."""
    for situation in reachable():
        for event in EVENTS:
            follows, without = outcome(situation, event), outcome(situation.having(role, Place.OUT), event)
            if event.role == role:
                assert not follows.over, situation
                assert follows.situation.having(role, situation.of(role)) == situation
            else:
                assert follows.over == without.over, situation
                acts = [[act for act in one.acts if act.role != role] for one in (follows, without)]
                assert acts[0] == acts[1], situation
                assert follows.situation == without.situation.having(role, situation.of(role))


def test_a_transferred_caller_hears_music_and_is_back_with_the_member_if_nobody_comes() -> None:
    wanted = outcome(TOGETHER, Event(SUCCESSOR, Happening.WANTED))
    assert wanted.situation == Situation(Place.HELD, Place.IN, successor=Place.RUNG)
    assert wanted.situation.hears(CALLER) == Heard.MUSIC
    back = outcome(wanted.situation, Event(SUCCESSOR, Happening.UNMET))
    assert back.situation == TOGETHER
    assert set(back.acts) == {Act(Do.RESUME, CALLER), Act(Do.TELL, MEMBER, Sentence.SUCCESSOR_NOT_REACHED)}


def test_the_member_may_hang_up_while_it_rings_and_is_rung_again_if_nobody_comes() -> None:
    rings = Situation(Place.HELD, Place.IN, successor=Place.RUNG)
    alone = outcome(rings, Event(MEMBER, Happening.LEFT))
    assert (alone.over, alone.acts) == (False, ())
    assert alone.situation.hears(CALLER) == Heard.MUSIC
    back = outcome(alone.situation, Event(SUCCESSOR, Happening.UNMET))
    assert set(back.acts) == {Act(Do.FETCH, MEMBER), Act(Do.TELL, CALLER, Sentence.BACK_AGAIN)}
    assert outcome(back.situation, Event(MEMBER, Happening.CAME)).situation == TOGETHER
    missed = outcome(back.situation, Event(MEMBER, Happening.MISSED))
    assert missed.over
    assert Act(Do.RELEASE, CALLER, Sentence.MEMBER_GONE) in missed.acts, (
        "the caller hears a sentence, and is not cut off"
    )


def test_who_takes_a_transferred_caller_over_is_their_member_and_the_first_one_is_free() -> None:
    for place in (Place.RUNG, Place.IN):
        room = Situation(Place.HELD, Place.IN, successor=place)
        assert outcome(room, Event(SUCCESSOR, Happening.TOOK_OVER)).situation == TOGETHER
    talking = Situation(Place.HELD, Place.IN, successor=Place.IN)
    assert outcome(talking, Event(MEMBER, Happening.LEFT)).situation == TOGETHER
    assert outcome(talking, Event(SUCCESSOR, Happening.LEFT)).situation == TOGETHER.having(SUCCESSOR, Place.LEFT)


def test_nobody_listens_before_everybody_in_the_room_has_been_told() -> None:
    ready = outcome(TOGETHER.having(LISTENER, Place.RUNG), Event(LISTENER, Happening.READY))
    told = {act.role for act in ready.acts if act.sentence == Sentence.SOMEBODY_LISTENS}
    assert told == {CALLER, MEMBER, INTERPRETER, COMPANION}
    assert ready.situation.listener == Place.RUNG


def test_every_rule_is_used() -> None:
    used = {id(rule_for(situation, event)) for situation, by_event in reachable().items() for event in by_event}
    assert {str(rule.event) for rule in RULES if id(rule) not in used} == set()
