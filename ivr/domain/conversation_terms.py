"""The terms in which the rules of a conversation are told: places, events, sentences, acts, situations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

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
    Cut off: the member ends the conversation with a sentence, because of an insult or a threat. One left: somebody of
    the role who does not count any more, because another one was wanted after them, leaves the room.
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
    CUT_OFF = "cut_off"
    ONE_LEFT = "one_left"


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
    Event(INTERPRETER, Happening.ONE_LEFT),
    Event(CALLER, Happening.POSTPONED),
    Event(CALLER, Happening.HELD),
    Event(CALLER, Happening.RESUMED),
    Event(CALLER, Happening.CUT_OFF),
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
    ONE_INTERPRETER_GONE = "one_interpreter_gone"
    NOBODY_INTERPRETS = "nobody_interprets"
    COMPANION_GONE = "companion_gone"
    COMPANION_NOT_REACHED = "companion_not_reached"
    ON_HOLD = "on_hold"
    BEING_TRANSFERRED = "being_transferred"
    BACK_AGAIN = "back_again"
    ENDED_BY_US = "ended_by_us"
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
    """Where everybody of a conversation is. Of two telephones of a role the one that is nearer to the room counts.

    Of interpreters those of the latest wish count.
    """

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
