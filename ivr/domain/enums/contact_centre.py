"""Enumerations of live calls: the call queue, conversations, legs and presence."""

from __future__ import annotations

from enum import StrEnum


class PresenceState(StrEnum):
    """Whether a team member answers calls."""

    OFFLINE = "offline"
    AVAILABLE = "available"
    PAUSED = "paused"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"


class CallQueueState(StrEnum):
    """Whether a caller can wait for a team: yes; no place is free; nobody answers; another call of theirs waits."""

    OPEN = "open"
    FULL = "full"
    NOBODY = "nobody"
    TAKEN = "taken"


class QueueEntryState(StrEnum):
    """State of a place in a call queue. Waiting: also between two members who are rung; offered: a member is rung."""

    WAITING = "waiting"
    OFFERED = "offered"
    ANSWERED = "answered"
    LEFT = "left"


class QueueEntryMode(StrEnum):
    """Live: the caller is on the telephone; callback: the caller hung up and keeps the place."""

    LIVE = "live"
    CALLBACK = "callback"


class QueueExit(StrEnum):
    """Why a caller left the call queue without an answer."""

    CALLBACK = "callback"
    MESSAGE = "message"
    EMERGENCY = "emergency"
    CLOSED = "closed"
    NOBODY = "nobody"
    FULL = "full"
    HUNG_UP = "hung_up"
    WITHDRAWN = "withdrawn"
    #: The carrier's own queue let the caller go, because of an error or for a reason that is not known.
    CARRIER = "carrier"


class ConversationKind(StrEnum):
    """Answered: a caller from the call queue; callback: a member calls back."""

    ANSWERED = "answered"
    CALLBACK = "callback"


class ConversationState(StrEnum):
    """State of a conversation."""

    PREPARING = "preparing"
    LIVE = "live"
    ENDED = "ended"


class ConversationOutcome(StrEnum):
    """How a conversation ended, as the member says at wrap-up."""

    SETTLED = "settled"
    FOLLOW_UP = "follow_up"
    PASSED_ON = "passed_on"
    BROKEN_OFF = "broken_off"


class LegRole(StrEnum):
    """Whose telephone a leg is. Successor: somebody to whom the caller is transferred; listener: a supervisor."""

    CALLER = "caller"
    MEMBER = "member"
    INTERPRETER = "interpreter"
    COMPANION = "companion"
    SUCCESSOR = "successor"
    LISTENER = "listener"


class IncidentKind(StrEnum):
    """What a member marks in a call: they need help; they were insulted; they were threatened."""

    HELP = "help"
    ABUSE = "abuse"
    THREAT = "threat"


class BlockProposal(StrEnum):
    """Whether a number is proposed to be blocked because of an incident, and what a supervisor made of it."""

    NONE = "none"
    PROPOSED = "proposed"
    BLOCKED = "blocked"
    DISMISSED = "dismissed"


class TransferKind(StrEnum):
    """How a caller is transferred: cold, handed over as soon as somebody accepts; warm, the member talks first."""

    COLD = "cold"
    WARM = "warm"


class TransferState(StrEnum):
    """What became of a transfer. Unmet: nobody came, and the caller went back; canceled: the member took them back."""

    LOOKING = "looking"
    TALKING = "talking"
    DONE = "done"
    UNMET = "unmet"
    CANCELED = "canceled"


class LegState(StrEnum):
    """State of a leg. Wanted: to be rung; answered: hears who calls; joined: in the conference."""

    WANTED = "wanted"
    RINGING = "ringing"
    ANSWERED = "answered"
    JOINED = "joined"
    ENDED = "ended"


class LegEnding(StrEnum):
    """How a leg ended. With a fault of the operator or of the network no telephone has rung."""

    COMPLETED = "completed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    #: Of legs of former versions; it told nothing about the cause.
    FAILED = "failed"
    OPERATOR_FAULT = "operator_fault"
    NETWORK_FAULT = "network_fault"
    NUMBER_INVALID = "number_invalid"
    DECLINED = "declined"
    MACHINE = "machine"
    WRONG_PERSON = "wrong_person"
    REFUSED = "refused"
    NOT_CONFIRMED = "not_confirmed"
    CANCELED = "canceled"


class BookingState(StrEnum):
    """What became of an interpreter's booking.

    Unused: nobody has called at that time; lapsed: the interpreter is not in the pool any more.
    """

    BOOKED = "booked"
    KEPT = "kept"
    FAILED = "failed"
    UNUSED = "unused"
    LAPSED = "lapsed"
    CANCELED = "canceled"


class DirectoryKind(StrEnum):
    """Whose number an entry of the directory is."""

    OFFICE = "office"
    PARTNER = "partner"
    INTERPRETER = "interpreter"


class InterpreterRequestState(StrEnum):
    """State of the search for an interpreter or companion. Unmet: nobody could be had."""

    LOOKING = "looking"
    JOINED = "joined"
    UNMET = "unmet"
    CANCELED = "canceled"
