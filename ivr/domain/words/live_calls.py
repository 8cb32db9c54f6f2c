"""Live calls: presence, conversations, legs."""

from __future__ import annotations

from ivr.domain.enums import (
    BlockProposal,
    BookingState,
    CallEnding,
    ConversationOutcome,
    DirectoryKind,
    IncidentKind,
    LegRole,
    LegState,
    PresenceState,
)
from ivr.domain.words.tables import Words, _

PRESENCE_STATES = Words(
    "presence states",
    {
        PresenceState.OFFLINE: _("signed off"),
        PresenceState.AVAILABLE: _("available"),
        PresenceState.PAUSED: _("on a break"),
        PresenceState.RINGING: _("telephone rings"),
        PresenceState.TALKING: _("talking"),
        PresenceState.WRAP_UP: _("wrap-up"),
    },
    PresenceState,
)
CONVERSATION_OUTCOMES = Words(
    "conversation outcomes",
    {
        ConversationOutcome.SETTLED: _("settled"),
        ConversationOutcome.FOLLOW_UP: _("we call again"),
        ConversationOutcome.PASSED_ON: _("passed on"),
        ConversationOutcome.BROKEN_OFF: _("broken off"),
    },
    ConversationOutcome,
)
BOOKING_STATES = Words(
    "booking states",
    {
        BookingState.BOOKED: _("booked"),
        BookingState.KEPT: _("has come"),
        BookingState.FAILED: _("was called and has not come"),
        BookingState.UNUSED: _("over, nobody has called"),
        BookingState.LAPSED: _("interprets for us no more: please book somebody else"),
        BookingState.CANCELED: _("canceled"),
    },
    BookingState,
)
#: Whose number an entry of the directory is, as a choice and as the heading of a group.
DIRECTORY_KINDS = Words(
    "directory kinds",
    {
        DirectoryKind.OFFICE: _("Office or authority"),
        DirectoryKind.PARTNER: _("Partner"),
        DirectoryKind.INTERPRETER: _("Interpreter"),
    },
    DirectoryKind,
)
INCIDENT_KINDS = Words(
    "incident kinds",
    {
        IncidentKind.HELP: _("needs help"),
        IncidentKind.ABUSE: _("Insult"),
        IncidentKind.THREAT: _("Threat"),
    },
    IncidentKind,
)
BLOCK_PROPOSALS = Words(
    "block proposals",
    {
        BlockProposal.NONE: _("not proposed"),
        BlockProposal.PROPOSED: _("to be decided"),
        BlockProposal.BLOCKED: _("number blocked"),
        BlockProposal.DISMISSED: _("number not blocked"),
    },
    BlockProposal,
)
#: Whose telephone a leg is.
LEG_ROLES = Words(
    "leg roles",
    {
        LegRole.CALLER: _("Caller"),
        LegRole.MEMBER: _("Team member"),
        LegRole.INTERPRETER: _("Interpreter"),
        LegRole.COMPANION: _("Companion"),
        LegRole.SUCCESSOR: _("Transferred to"),
        LegRole.LISTENER: _("Listens in"),
    },
    LegRole,
)
LEG_STATES = Words(
    "leg states",
    {
        LegState.WANTED: _("is being called"),
        LegState.RINGING: _("telephone rings"),
        LegState.ANSWERED: _("has picked up"),
        LegState.JOINED: _("is on the line"),
        LegState.ENDED: _("gone"),
    },
    LegState,
)
CALL_ENDINGS = Words(
    "call endings",
    {
        CallEnding.PROMISED: _("with a promise to call back"),
        CallEnding.INFORMED: _("with information"),
        CallEnding.UNSERVED: _("without a promise"),
        CallEnding.CONNECTED: _("with a conversation"),
        CallEnding.HUNG_UP: _("hung up"),
        CallEnding.SCREENED: _("not put through"),
        CallEnding.CHANGED: _("with a change"),
        CallEnding.WITHDRAWN: _("withdrawn"),
    },
    CallEnding,
)
