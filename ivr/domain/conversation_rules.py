"""The rules of a conversation: who comes, leaves or cannot be had, and what follows for everybody else.

Pure data and functions over it. `outcome(situation, event)` has an answer for every pair; the module
`ivr.contact_centre.conversation_control` is the only one that acts on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product

from ivr.domain.conversation_terms import (
    CALLER,
    COMPANION,
    EVENTS,
    INTERPRETER,
    LISTENER,
    MEMBER,
    PLACES,
    SUCCESSOR,
    Act,
    Do,
    Event,
    Happening,
    Heard,
    Outcome,
    Place,
    Rule,
    Sentence,
    Situation,
)

__all__ = [
    "CALLER", "COMPANION", "EVENTS", "INTERPRETER", "LISTENER", "MEMBER", "PLACES", "SUCCESSOR", "Act", "Do", "Event",
    "Happening", "Heard", "Outcome", "Place", "Rule", "Sentence", "Situation",
]  # fmt: skip

_HERE = (Place.IN,)
_COMES = (Place.RUNG, Place.IN)
_ON_THE_LINE = (Place.IN, Place.HELD)
_NOBODY_INTERPRETS = (Act(Do.ASK, CALLER), Act(Do.TELL, MEMBER, Sentence.NOBODY_INTERPRETS))
_SEARCHED = (Act(Do.FETCH, INTERPRETER), Act(Do.TELL, CALLER, Sentence.CALLING_INTERPRETER))

#: What follows besides the change of place itself. An event without a rule changes the place and nothing else.
RULES: tuple[Rule, ...] = (
    # -- the caller
    Rule(Event(CALLER, Happening.WANTED), {}, (Act(Do.FETCH, CALLER),)),
    Rule(Event(CALLER, Happening.CAME), {INTERPRETER: (Place.UNMET,), MEMBER: _HERE}, _NOBODY_INTERPRETS),
    Rule(Event(CALLER, Happening.MISSED), {}, ends=True),
    # -- the member
    Rule(Event(MEMBER, Happening.WANTED), {}, (Act(Do.FETCH, MEMBER),)),
    Rule(Event(MEMBER, Happening.CAME), {CALLER: (Place.WAITING,)}, (Act(Do.FETCH, CALLER),)),
    Rule(Event(MEMBER, Happening.MISSED), {CALLER: (Place.WAITING,)}, (Act(Do.NEXT, MEMBER),)),
    Rule(Event(MEMBER, Happening.MISSED), {}, ends=True),
    # -- the interpreter
    Rule(Event(INTERPRETER, Happening.WANTED), {CALLER: _HERE}, _SEARCHED),
    Rule(Event(INTERPRETER, Happening.WANTED), {}, (Act(Do.FETCH, INTERPRETER),)),
    Rule(
        Event(INTERPRETER, Happening.CAME),
        {MEMBER: _HERE, CALLER: (Place.OUT,)},
        (Act(Do.STOP, INTERPRETER), Act(Do.FETCH, CALLER)),
    ),
    Rule(Event(INTERPRETER, Happening.CAME), {}, (Act(Do.STOP, INTERPRETER),)),
    Rule(
        Event(INTERPRETER, Happening.AWAITED),
        {CALLER: _HERE},
        (Act(Do.TELL, CALLER, Sentence.STILL_CALLING_INTERPRETER),),
    ),
    Rule(Event(INTERPRETER, Happening.MISSED), {}, (Act(Do.FETCH, INTERPRETER),)),
    Rule(
        Event(INTERPRETER, Happening.LEFT),
        {MEMBER: _HERE, CALLER: _HERE},
        (*_SEARCHED, Act(Do.TELL, MEMBER, Sentence.INTERPRETER_GONE)),
    ),
    Rule(
        Event(INTERPRETER, Happening.LEFT),
        {MEMBER: _HERE},
        (Act(Do.FETCH, INTERPRETER), Act(Do.TELL, MEMBER, Sentence.INTERPRETER_GONE)),
    ),
    Rule(
        Event(INTERPRETER, Happening.ONE_LEFT),
        {MEMBER: _HERE},
        (Act(Do.TELL, MEMBER, Sentence.ONE_INTERPRETER_GONE),),
    ),
    Rule(Event(INTERPRETER, Happening.UNMET), {MEMBER: _HERE, CALLER: _ON_THE_LINE}, _NOBODY_INTERPRETS),
    Rule(Event(INTERPRETER, Happening.UNMET), {MEMBER: _COMES, CALLER: (Place.OUT,)}, ends=True),
    Rule(Event(CALLER, Happening.CUT_OFF), {}, ends=True),
    # -- hold: the caller hears music until the member comes back; a transfer that still rings is given up then
    Rule(Event(CALLER, Happening.HELD), {}, (Act(Do.HOLD, CALLER, Sentence.ON_HOLD),)),
    Rule(
        Event(CALLER, Happening.RESUMED),
        {SUCCESSOR: (Place.RUNG,)},
        (Act(Do.STOP, SUCCESSOR), Act(Do.RESUME, CALLER)),
        moves={SUCCESSOR: Place.OUT},
    ),
    Rule(Event(CALLER, Happening.RESUMED), {}, (Act(Do.RESUME, CALLER),)),
    # -- transfer: somebody else is rung, and the caller hears music meanwhile
    Rule(
        Event(SUCCESSOR, Happening.WANTED),
        {CALLER: _HERE},
        (Act(Do.HOLD, CALLER, Sentence.BEING_TRANSFERRED), Act(Do.FETCH, SUCCESSOR)),
        moves={CALLER: Place.HELD},
    ),
    Rule(Event(SUCCESSOR, Happening.WANTED), {}, (Act(Do.FETCH, SUCCESSOR),)),
    Rule(Event(SUCCESSOR, Happening.MISSED), {}, (Act(Do.FETCH, SUCCESSOR),)),
    Rule(
        Event(SUCCESSOR, Happening.UNMET),
        {MEMBER: _HERE, CALLER: _ON_THE_LINE},
        (Act(Do.RESUME, CALLER), Act(Do.TELL, MEMBER, Sentence.SUCCESSOR_NOT_REACHED)),
        moves={CALLER: Place.IN},
    ),
    Rule(
        Event(SUCCESSOR, Happening.UNMET),
        {MEMBER: (Place.LEFT,), CALLER: _ON_THE_LINE},
        (Act(Do.FETCH, MEMBER), Act(Do.TELL, CALLER, Sentence.BACK_AGAIN)),
        moves={MEMBER: Place.RUNG},
    ),
    Rule(
        Event(SUCCESSOR, Happening.TOOK_OVER),
        {MEMBER: _HERE, CALLER: _ON_THE_LINE},
        (Act(Do.RELEASE, MEMBER, Sentence.GIVEN_AWAY), Act(Do.HAND_OVER, SUCCESSOR), Act(Do.RESUME, CALLER)),
        moves={MEMBER: Place.IN, CALLER: Place.IN},
    ),
    Rule(
        Event(SUCCESSOR, Happening.TOOK_OVER),
        {CALLER: _ON_THE_LINE},
        (Act(Do.HAND_OVER, SUCCESSOR), Act(Do.RESUME, CALLER)),
        moves={MEMBER: Place.IN, CALLER: Place.IN},
    ),
    Rule(
        Event(SUCCESSOR, Happening.CAME),
        {MEMBER: (Place.OUT, Place.RUNG, Place.LEFT), CALLER: _ON_THE_LINE},
        (Act(Do.HAND_OVER, SUCCESSOR), Act(Do.RESUME, CALLER)),
        moves={MEMBER: Place.IN, SUCCESSOR: Place.OUT, CALLER: Place.IN},
    ),
    Rule(
        Event(MEMBER, Happening.LEFT),
        {SUCCESSOR: _HERE, CALLER: _ON_THE_LINE},
        (
            Act(Do.TELL, SUCCESSOR, Sentence.YOURS_NOW),
            Act(Do.HAND_OVER, SUCCESSOR),
            Act(Do.RESUME, CALLER),
        ),
        moves={MEMBER: Place.IN, SUCCESSOR: Place.OUT, CALLER: Place.IN},
    ),
    Rule(
        Event(SUCCESSOR, Happening.LEFT),
        {MEMBER: _HERE, CALLER: _ON_THE_LINE},
        (Act(Do.RESUME, CALLER), Act(Do.TELL, MEMBER, Sentence.SUCCESSOR_GONE)),
        moves={CALLER: Place.IN},
    ),
    Rule(Event(MEMBER, Happening.CAME), {CALLER: (Place.HELD,)}, (Act(Do.RESUME, CALLER),), moves={CALLER: Place.IN}),
    # -- a supervisor who listens: comes into the room only when everybody has been told
    Rule(Event(LISTENER, Happening.WANTED), {}, (Act(Do.FETCH, LISTENER),)),
    Rule(
        Event(LISTENER, Happening.READY),
        {MEMBER: _HERE},
        (
            Act(Do.TELL, CALLER, Sentence.SOMEBODY_LISTENS),
            Act(Do.TELL, MEMBER, Sentence.SOMEBODY_LISTENS),
            Act(Do.TELL, INTERPRETER, Sentence.SOMEBODY_LISTENS),
            Act(Do.TELL, COMPANION, Sentence.SOMEBODY_LISTENS),
        ),
    ),
    Rule(Event(LISTENER, Happening.LEFT), {MEMBER: _HERE}, (Act(Do.TELL, MEMBER, Sentence.LISTENER_GONE),)),
    # -- the companion, who may be a second member without whom nobody is called back
    Rule(
        Event(COMPANION, Happening.CAME),
        {MEMBER: _HERE, CALLER: (Place.OUT,), INTERPRETER: (Place.OUT, Place.IN, Place.LEFT, Place.UNMET)},
        (Act(Do.FETCH, CALLER),),
    ),
    Rule(Event(COMPANION, Happening.WANTED), {}, (Act(Do.FETCH, COMPANION),)),
    Rule(
        Event(COMPANION, Happening.MISSED),
        {MEMBER: _HERE},
        (Act(Do.TELL, MEMBER, Sentence.COMPANION_NOT_REACHED),),
    ),
    Rule(Event(COMPANION, Happening.LEFT), {MEMBER: _HERE}, (Act(Do.TELL, MEMBER, Sentence.COMPANION_GONE),)),
)

_RULES_OF: Mapping[Event, tuple[Rule, ...]] = {
    event: tuple(rule for rule in RULES if rule.event == event) for event in EVENTS
}

#: From which places an event leads where; from any other it is late or doubled, and nothing follows. None: they stay.
_MOVES: Mapping[Happening, tuple[tuple[Place, ...], Place | None]] = {
    Happening.WANTED: ((Place.OUT, Place.WAITING, Place.LEFT, Place.UNMET), Place.RUNG),
    Happening.CAME: ((Place.WAITING, Place.RUNG), Place.IN),
    Happening.AWAITED: ((Place.RUNG,), Place.RUNG),
    Happening.MISSED: ((Place.RUNG,), Place.OUT),
    Happening.LEFT: ((Place.WAITING, Place.RUNG, Place.IN), Place.LEFT),
    Happening.UNMET: ((Place.OUT, Place.RUNG, Place.LEFT), Place.UNMET),
    Happening.POSTPONED: (_ON_THE_LINE, Place.LEFT),
    Happening.HELD: ((Place.IN,), Place.HELD),
    Happening.RESUMED: ((Place.HELD,), Place.IN),
    Happening.TOOK_OVER: ((Place.RUNG, Place.IN), Place.OUT),
    Happening.READY: ((Place.RUNG,), Place.RUNG),
    Happening.CUT_OFF: (_ON_THE_LINE, Place.IN),
    Happening.ONE_LEFT: (PLACES[INTERPRETER], None),
}
#: Moves of an event that differ for a role.
_MOVES_OF: Mapping[Event, tuple[tuple[Place, ...], Place | None]] = {
    Event(CALLER, Happening.LEFT): ((Place.WAITING, Place.RUNG, *_ON_THE_LINE), Place.LEFT),
    Event(SUCCESSOR, Happening.UNMET): ((Place.RUNG,), Place.OUT),
}
#: The next one of these is rung, if there is one; whether there is turns out when that is tried.
_FOLLOWED_BY_NEXT = (Event(INTERPRETER, Happening.MISSED), Event(SUCCESSOR, Happening.MISSED))
#: What is wished by a member only, or because of them, and so needs one in the room.
_BY_MEMBERS = frozenset(
    {
        *(Event(role, Happening.WANTED) for role in (INTERPRETER, COMPANION, SUCCESSOR, LISTENER)),
        Event(INTERPRETER, Happening.UNMET),
        Event(CALLER, Happening.HELD),
        Event(CALLER, Happening.RESUMED),
        Event(CALLER, Happening.CUT_OFF),
    }
)
#: What needs a caller on the line besides.
_WITH_CALLER = frozenset({Event(SUCCESSOR, Happening.WANTED), Event(LISTENER, Happening.WANTED)})
#: What members are told at the end, by the event that has ended the conversation.
_TOLD_AT_THE_END: Mapping[Event, Sentence] = {
    Event(CALLER, Happening.LEFT): Sentence.CALLER_GONE,
    Event(CALLER, Happening.POSTPONED): Sentence.CALLER_POSTPONED,
    Event(CALLER, Happening.MISSED): Sentence.NOT_REACHED,
    Event(INTERPRETER, Happening.UNMET): Sentence.NOBODY_INTERPRETS,
}


def outcome(situation: Situation, event: Event) -> Outcome:
    """What follows from an event. A late or doubled event changes nothing; nor does any after the end."""
    came_from, to = _MOVES_OF.get(event) or _MOVES[event.what]
    asked_by_nobody = (event in _BY_MEMBERS and situation.member != Place.IN) or (
        event in _WITH_CALLER and situation.caller not in _ON_THE_LINE
    )
    if situation.is_over or situation.of(event.role) not in came_from or asked_by_nobody:
        return Outcome(situation, over=situation.is_over)
    if event in _FOLLOWED_BY_NEXT:
        to = Place.RUNG
    after = situation.having(event.role, to or situation.of(event.role))
    rule = rule_for(situation, event)
    for role, place in rule.moves.items() if rule is not None else ():
        after = after.having(role, place)
    if after.is_over or (rule is not None and rule.ends):
        return Outcome(after, at_the_end(after, event), over=True)
    return Outcome(after, rule.acts if rule is not None else ())


def rule_for(situation: Situation, event: Event) -> Rule | None:
    """The rule that applies to an event; None where it has no consequences of its own."""
    for rule in _RULES_OF.get(event, ()):
        if all(situation.of(role) in places for role, places in rule.given.items()):
            return rule
    return None


def at_the_end(situation: Situation, event: Event | None = None) -> tuple[Act, ...]:
    """What is done when a conversation is over: nobody is rung, and whoever is in the room leaves with a sentence."""
    told = _TOLD_AT_THE_END.get(event, Sentence.TALK_OVER) if event is not None else Sentence.TALK_OVER
    cut_off = event == Event(CALLER, Happening.CUT_OFF)
    sentences = {CALLER: Sentence.ENDED_BY_US if cut_off else Sentence.MEMBER_GONE, MEMBER: told, SUCCESSOR: told}
    there = (*situation.at(Place.IN), *situation.at(Place.HELD))
    released = [Act(Do.RELEASE, role, sentences.get(role, Sentence.TALK_OVER)) for role in there]
    return (*released, *(Act(Do.STOP, role) for role in situation.at(Place.RUNG)))


def situations() -> Iterator[Situation]:
    """Every situation, whether or not it can come about."""
    for places in product(*PLACES.values()):
        yield Situation(*places)


#: Where a conversation begins: a waiting caller is offered to a member, or a member calls back.
BEGINNINGS = (Situation(caller=Place.WAITING, member=Place.RUNG), Situation(member=Place.RUNG))


@lru_cache(maxsize=1)
def reachable() -> dict[Situation, dict[Event, Outcome]]:
    """Every situation that can come about, with what follows from each event that changes something."""
    found: dict[Situation, dict[Event, Outcome]] = {}
    waiting = list(BEGINNINGS)
    while waiting:
        situation = waiting.pop()
        if situation in found or situation.is_over:
            continue
        outcomes = {event: outcome(situation, event) for event in EVENTS}
        found[situation] = {event: one for event, one in outcomes.items() if one != Outcome(situation)}
        waiting.extend(one.situation for one in found[situation].values() if not one.over)
    return found
