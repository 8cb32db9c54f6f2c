"""The rules of a conversation: who comes, leaves or cannot be had, and what follows for everybody else.

Pure data and functions over it. `outcome(situation, event)` has an answer for every pair; the module
`ivr.contact_centre.conversation_control` is the only one that acts on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product

from ivr.domain.enums import LegRole

CALLER, MEMBER, INTERPRETER, COMPANION = LegRole.CALLER, LegRole.MEMBER, LegRole.INTERPRETER, LegRole.COMPANION


class Place(StrEnum):
    """Where somebody of a conversation is.

    Out: not wanted, or did not come. Waiting: in the call queue. Rung: a telephone rings or is asked, or its call is
    being brought to the room. In: in the room, or hears a sentence and is back at once. Unmet: nobody could be had.
    """

    OUT = "out"
    WAITING = "waiting"
    RUNG = "rung"
    IN = "in"
    LEFT = "left"
    UNMET = "unmet"


#: The places that somebody of each role can have.
PLACES: Mapping[LegRole, tuple[Place, ...]] = {
    CALLER: (Place.OUT, Place.WAITING, Place.RUNG, Place.IN, Place.LEFT),
    MEMBER: (Place.OUT, Place.RUNG, Place.IN, Place.LEFT),
    INTERPRETER: (Place.OUT, Place.RUNG, Place.IN, Place.LEFT, Place.UNMET),
    COMPANION: (Place.OUT, Place.RUNG, Place.IN, Place.LEFT),
}


class Happening(StrEnum):
    """What happens to somebody: wanted by us, comes into the room, does not come, leaves it; or nobody can be had.

    Awaited: is being looked for since a while, and has not come yet. Postponed: the caller wants to be called
    back together with an interpreter.
    """

    WANTED = "wanted"
    CAME = "came"
    AWAITED = "awaited"
    MISSED = "missed"
    LEFT = "left"
    UNMET = "unmet"
    POSTPONED = "postponed"


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


class Do(StrEnum):
    """What is done for somebody.

    Tell: hears a sentence and is back in the room. Ask: is asked whether to be called back with an interpreter. Fetch:
    is rung. Stop: no telephone of this role is rung any more. Release: leaves the room with a sentence. Next: the
    caller is offered to the next member.
    """

    TELL = "tell"
    ASK = "ask"
    FETCH = "fetch"
    STOP = "stop"
    RELEASE = "release"
    NEXT = "next"


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

    def of(self, role: LegRole) -> Place:
        """The place of a role."""
        return Place(getattr(self, role.value))

    def having(self, role: LegRole, place: Place) -> Situation:
        """The same with another place of one role."""
        return replace(self, **{role.value: place})

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
            case Place.WAITING:
                return Heard.QUEUE
            case _:
                return Heard.NOTHING

    @property
    def is_over(self) -> bool:
        """Whether there is no conversation and none can become of it: it needs a caller and a member.

        Whoever is rung or waits may still come. An interpreter or companion, and a telephone that rings, keep no room.
        """
        if Place.LEFT in (self.caller, self.member):
            return True
        return self.member == Place.OUT and self.caller in (Place.RUNG, Place.IN)


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


_HERE = (Place.IN,)
_COMES = (Place.RUNG, Place.IN)
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
    # -- the companion
    Rule(Event(COMPANION, Happening.WANTED), {}, (Act(Do.FETCH, COMPANION),)),
    Rule(
        Event(COMPANION, Happening.MISSED),
        {MEMBER: _HERE},
        (Act(Do.TELL, MEMBER, Sentence.COMPANION_NOT_REACHED),),
    ),
    Rule(Event(COMPANION, Happening.LEFT), {MEMBER: _HERE}, (Act(Do.TELL, MEMBER, Sentence.COMPANION_GONE),)),
)

#: From which places an event leads where; from any other it is late or doubled, and nothing follows.
_MOVES: Mapping[Happening, tuple[tuple[Place, ...], Place]] = {
    Happening.WANTED: ((Place.OUT, Place.WAITING, Place.LEFT, Place.UNMET), Place.RUNG),
    Happening.CAME: ((Place.WAITING, Place.RUNG), Place.IN),
    Happening.AWAITED: ((Place.RUNG,), Place.RUNG),
    Happening.MISSED: ((Place.RUNG,), Place.OUT),
    Happening.LEFT: ((Place.WAITING, Place.RUNG, Place.IN), Place.LEFT),
    Happening.UNMET: ((Place.OUT, Place.RUNG, Place.LEFT), Place.UNMET),
    Happening.POSTPONED: ((Place.IN,), Place.LEFT),
}
#: Who is wanted by a member only, or because of them.
_BY_MEMBERS = (INTERPRETER, COMPANION)
_FOR_MEMBERS = (Happening.WANTED, Happening.UNMET)
#: What members are told at the end, by the event that has ended the conversation.
_TOLD_AT_THE_END: Mapping[Event, Sentence] = {
    Event(CALLER, Happening.LEFT): Sentence.CALLER_GONE,
    Event(CALLER, Happening.POSTPONED): Sentence.CALLER_POSTPONED,
    Event(CALLER, Happening.MISSED): Sentence.NOT_REACHED,
    Event(INTERPRETER, Happening.UNMET): Sentence.NOBODY_INTERPRETS,
}


def outcome(situation: Situation, event: Event) -> Outcome:
    """What follows from an event. A late or doubled event changes nothing; nor does any after the end."""
    came_from, to = _MOVES[event.what]
    asked_by_nobody = event.what in _FOR_MEMBERS and event.role in _BY_MEMBERS and situation.member != Place.IN
    if situation.is_over or situation.of(event.role) not in came_from or asked_by_nobody:
        return Outcome(situation, over=situation.is_over)
    if event == Event(INTERPRETER, Happening.MISSED):  # whether another one can be rung turns out when that is tried
        to = Place.RUNG
    after = situation.having(event.role, to)
    rule = rule_for(situation, event)
    if after.is_over or (rule is not None and rule.ends):
        return Outcome(after, at_the_end(after, event), over=True)
    return Outcome(after, rule.acts if rule is not None else ())


def rule_for(situation: Situation, event: Event) -> Rule | None:
    """The rule that applies to an event; None where it has no consequences of its own."""
    for rule in RULES:
        if rule.event == event and all(situation.of(role) in places for role, places in rule.given.items()):
            return rule
    return None


def at_the_end(situation: Situation, event: Event | None = None) -> tuple[Act, ...]:
    """What is done when a conversation is over: nobody is rung, and whoever is in the room leaves with a sentence."""
    told = _TOLD_AT_THE_END.get(event, Sentence.TALK_OVER) if event is not None else Sentence.TALK_OVER
    sentences = {CALLER: Sentence.MEMBER_GONE, MEMBER: told}
    released = [Act(Do.RELEASE, role, sentences.get(role, Sentence.TALK_OVER)) for role in situation.at(Place.IN)]
    return (*released, *(Act(Do.STOP, role) for role in situation.at(Place.RUNG)))


def situations() -> Iterator[Situation]:
    """Every situation, whether or not it can come about."""
    for places in product(*PLACES.values()):
        yield Situation(*places)


#: Where a conversation begins: a waiting caller is offered to a member, or a member calls back.
BEGINNINGS = (Situation(caller=Place.WAITING, member=Place.RUNG), Situation(member=Place.RUNG))


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
