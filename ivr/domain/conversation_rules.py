"""The rules of a conversation: who comes, leaves or cannot be had, and what follows for everybody else.

Pure data and functions over it. `outcome(situation, event)` has an answer for every pair; the module
`ivr.contact_centre.conversation_control` is the only one that acts on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import product

from ivr.domain.enums import LegRole

CALLER, MEMBER, INTERPRETER, COMPANION = LegRole.CALLER, LegRole.MEMBER, LegRole.INTERPRETER, LegRole.COMPANION
SUCCESSOR, LISTENER = LegRole.SUCCESSOR, LegRole.LISTENER


class Place(StrEnum):
    """Where somebody of a conversation is.

    Out: not wanted, or did not come. Waiting: in the call queue. Rung: a telephone rings or is asked, or its call is
    being brought to the room. In: in the room, or hears a sentence and is back at once. Held: on the line, hears music
    until a member comes back. Unmet: nobody could be had.
    """

    OUT = "out"
    WAITING = "waiting"
    RUNG = "rung"
    IN = "in"
    HELD = "held"
    LEFT = "left"
    UNMET = "unmet"


#: The places that somebody of each role can have.
PLACES: Mapping[LegRole, tuple[Place, ...]] = {
    CALLER: (Place.OUT, Place.WAITING, Place.RUNG, Place.IN, Place.HELD, Place.LEFT),
    MEMBER: (Place.OUT, Place.RUNG, Place.IN, Place.LEFT),
    INTERPRETER: (Place.OUT, Place.RUNG, Place.IN, Place.LEFT, Place.UNMET),
    COMPANION: (Place.OUT, Place.RUNG, Place.IN, Place.LEFT),
    SUCCESSOR: (Place.OUT, Place.RUNG, Place.IN, Place.LEFT),
    LISTENER: (Place.OUT, Place.RUNG, Place.IN, Place.LEFT),
}


class Happening(StrEnum):
    """What happens to somebody: wanted by us, comes into the room, does not come, leaves it; or nobody can be had.

    Awaited: is being looked for since a while, and has not come yet. Postponed: the caller wants to be called
    back together with an interpreter. Held, resumed: the member lets the caller wait with music, and comes back. Took
    over: somebody to whom the caller is transferred is their member from now on. Ready: waits for the others to know.
    """

    WANTED = "wanted"
    CAME = "came"
    AWAITED = "awaited"
    MISSED = "missed"
    LEFT = "left"
    UNMET = "unmet"
    POSTPONED = "postponed"
    HELD = "held"
    RESUMED = "resumed"
    TOOK_OVER = "took_over"
    READY = "ready"


@dataclass(frozen=True)
class Event:
    """Something that happens to the person of a role."""

    role: LegRole
    what: Happening

    def __str__(self) -> str:
        return f"{self.role} {self.what}"


EVENTS = (
    *(
        Event(role, what)
        for role in PLACES
        for what in (Happening.WANTED, Happening.CAME, Happening.MISSED, Happening.LEFT)
    ),
    Event(INTERPRETER, Happening.AWAITED),
    Event(INTERPRETER, Happening.UNMET),
    Event(CALLER, Happening.POSTPONED),
    Event(CALLER, Happening.HELD),
    Event(CALLER, Happening.RESUMED),
    Event(SUCCESSOR, Happening.UNMET),
    Event(SUCCESSOR, Happening.TOOK_OVER),
    Event(LISTENER, Happening.READY),
)


class Sentence(StrEnum):
    """What somebody is told. The words are in `voice_prompts`, of members in `staff.toml`."""

    CALLER_GONE = "caller_gone"
    CALLER_POSTPONED = "caller_postponed"
    NOT_REACHED = "not_reached"
    MEMBER_GONE = "member_gone"
    TALK_OVER = "talk_over"
    CALLING_INTERPRETER = "calling_interpreter"
    STILL_CALLING_INTERPRETER = "still_calling_interpreter"
    INTERPRETER_GONE = "interpreter_gone"
    NOBODY_INTERPRETS = "nobody_interprets"
    COMPANION_GONE = "companion_gone"
    COMPANION_NOT_REACHED = "companion_not_reached"
    ON_HOLD = "on_hold"
    BEING_TRANSFERRED = "being_transferred"
    BACK_AGAIN = "back_again"
    SUCCESSOR_GONE = "successor_gone"
    SUCCESSOR_NOT_REACHED = "successor_not_reached"
    GIVEN_AWAY = "given_away"
    YOURS_NOW = "yours_now"
    SOMEBODY_LISTENS = "somebody_listens"
    LISTENER_GONE = "listener_gone"


class Do(StrEnum):
    """What is done for somebody.

    Tell: hears a sentence and is back in the room. Ask: is asked whether to be called back with an interpreter. Fetch:
    is rung. Stop: no telephone of this role is rung any more. Release: leaves the room with a sentence. Next: the
    caller is offered to the next member. Hold: leaves the room, and hears music. Resume: comes back into it. Hand over:
    becomes the caller's member.
    """

    TELL = "tell"
    ASK = "ask"
    FETCH = "fetch"
    STOP = "stop"
    RELEASE = "release"
    NEXT = "next"
    HOLD = "hold"
    RESUME = "resume"
    HAND_OVER = "hand_over"


@dataclass(frozen=True)
class Act:
    """Something to do for everybody of a role."""

    do: Do
    role: LegRole
    sentence: Sentence | None = None


class Heard(StrEnum):
    """What somebody hears as long as a situation lasts."""

    NOTHING = "nothing"
    QUEUE = "queue"
    ANNOUNCEMENT = "announcement"
    MUSIC = "music"
    OTHERS = "others"


@dataclass(frozen=True)
class Situation:
    """Where everybody of a conversation is. Of two telephones of a role the one that is nearer to the room counts."""

    caller: Place = Place.OUT
    member: Place = Place.OUT
    interpreter: Place = Place.OUT
    companion: Place = Place.OUT
    successor: Place = Place.OUT
    listener: Place = Place.OUT

    def of(self, role: LegRole) -> Place:
        """The place of a role."""
        place: Place = self.__dict__[role.value]
        return place

    def having(self, role: LegRole, place: Place) -> Situation:
        """The same with another place of one role."""
        return Situation(**{**self.__dict__, role.value: place})

    def at(self, place: Place) -> tuple[LegRole, ...]:
        """The roles at a place."""
        return tuple(role for role in PLACES if self.of(role) == place)

    def hears(self, role: LegRole) -> Heard:
        """What the person of a role hears: who is alone in the room hears music, nobody hears silence."""
        match self.of(role):
            case Place.IN:
                return Heard.OTHERS if len(self.at(Place.IN)) > 1 else Heard.MUSIC
            case Place.RUNG:
                return Heard.ANNOUNCEMENT
            case Place.HELD:
                return Heard.MUSIC
            case Place.WAITING:
                return Heard.QUEUE
            case _:
                return Heard.NOTHING

    @property
    def is_over(self) -> bool:
        """Whether there is no conversation and none can become of it: it needs a caller and a member.

        Whoever is rung or waits may still come, and somebody to whom the caller is transferred may become the member.
        An interpreter, a companion or a listener, and a telephone of theirs that rings, keep no room.
        """
        if self.caller == Place.LEFT:
            return True
        if self.successor in (Place.RUNG, Place.IN):
            return False
        return self.member == Place.LEFT or (
            self.member == Place.OUT and self.caller in (Place.RUNG, Place.IN, Place.HELD)
        )


@dataclass(frozen=True)
class Outcome:
    """What follows from an event: where everybody is then, what is done for them, and whether it is over."""

    situation: Situation
    acts: tuple[Act, ...] = ()
    over: bool = False


@dataclass(frozen=True)
class Rule:
    """Applies to an event where everybody named in `given` is at one of these places. The first that fits counts."""

    event: Event
    given: Mapping[LegRole, tuple[Place, ...]]
    acts: tuple[Act, ...] = ()
    #: Ends the conversation, whoever is left.
    ends: bool = False
    #: Where others are then, besides whom the event is about.
    moves: Mapping[LegRole, Place] = field(default_factory=dict)


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
    Rule(Event(INTERPRETER, Happening.UNMET), {MEMBER: _HERE, CALLER: _HERE}, _NOBODY_INTERPRETS),
    Rule(Event(INTERPRETER, Happening.UNMET), {MEMBER: _COMES, CALLER: (Place.OUT,)}, ends=True),
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
    # -- the companion
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

#: From which places an event leads where; from any other it is late or doubled, and nothing follows.
_MOVES: Mapping[Happening, tuple[tuple[Place, ...], Place]] = {
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
}
#: Moves of an event that differ for a role.
_MOVES_OF: Mapping[Event, tuple[tuple[Place, ...], Place]] = {
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
    after = situation.having(event.role, to)
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
    sentences = {CALLER: Sentence.MEMBER_GONE, MEMBER: told, SUCCESSOR: told}
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
