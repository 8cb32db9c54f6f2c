"""What callers ask for."""

from __future__ import annotations

from ivr.domain.enums import (
    AgeGroup,
    AppointmentMode,
    AppointmentReason,
    Availability,
    Companion,
    Concern,
    ContactSource,
    EmergencyKind,
    PriorityGroup,
    RefusalReason,
    ReplyBy,
    RoomSize,
    Urgency,
)
from ivr.domain.words.tables import Words, _

CONCERNS = Words(
    "concerns",
    {
        Concern.BENEFITS: _("Benefits"),
        Concern.WORK: _("Work and training"),
        Concern.UNDER_25: _("Under 25"),
        Concern.REHAB: _("Rehabilitation"),
        Concern.EMERGENCY: _("Emergency"),
        Concern.FORMS: _("Forms by post"),
        Concern.APPOINTMENT: _("Appointment wish"),
        Concern.OTHER: _("Anything else"),
    },
    Concern,
)
URGENCIES = Words(
    "urgencies",
    {
        Urgency.NORMAL: _("normal"),
        Urgency.EMERGENCY: _("Emergency"),
    },
    Urgency,
)
EMERGENCY_KINDS = Words(
    "emergency kinds",
    {
        EmergencyKind.NO_MONEY: _("no money or food"),
        EmergencyKind.POWER_CUT: _("power or heating about to be cut"),
        EmergencyKind.HOUSING: _("flat in danger or urgent offer"),
        EmergencyKind.FOOD_VOUCHER: _("food voucher (Barcode)"),
        EmergencyKind.OTHER: _("another emergency"),
    },
    EmergencyKind,
)
AVAILABILITY = Words(
    "availability",
    {
        Availability.MORNING: _("in the morning"),
        Availability.AFTERNOON: _("in the afternoon"),
        Availability.ANY_TIME: _("at any time"),
    },
    Availability,
)
REPLY_BY = Words(
    "ways of answering",
    {
        ReplyBy.CALL: _("by telephone"),
        ReplyBy.WRITING: _("in writing"),
    },
    ReplyBy,
)
AGE_GROUPS = Words(
    "age groups",
    {
        AgeGroup.UNDER_25: _("under 25"),
        AgeGroup.FROM_25: _("25 and over"),
    },
    AgeGroup,
)
#: Forms by post that ship with the product; an operator may add others.
FORMS = Words(
    "forms",
    {
        "main_application": _("Main application"),
        "continuation": _("Continuation of benefits"),
        "change": _("Notice of changes"),
        "housing": _("Annex housing costs"),
        "education": _("Education and participation"),
    },
)
APPOINTMENT_MODES = Words(
    "appointment modes",
    {
        AppointmentMode.IN_PERSON: _("in person"),
        AppointmentMode.TELEPHONE: _("by telephone"),
        AppointmentMode.VIDEO: _("by video"),
    },
    AppointmentMode,
)
APPOINTMENT_REASONS = Words(
    "appointment reasons",
    {
        AppointmentReason.BENEFITS: _("Money and benefits"),
        AppointmentReason.WORK: _("Work or training"),
        AppointmentReason.DOCUMENTS: _("Documents"),
        AppointmentReason.OTHER: _("Anything else"),
    },
    AppointmentReason,
)
COMPANIONS = Words(
    "companions",
    {
        Companion.NONE: _("nobody else"),
        Companion.INTERPRETER: _("with interpreter"),
        Companion.COMPANION: _("with companion"),
    },
    Companion,
)
PRIORITY_GROUPS = Words(
    "priority groups",
    {
        PriorityGroup.LANGUAGE: _("invited first: little German"),
        PriorityGroup.IMPAIRMENT: _("invited first: hearing or speech"),
        PriorityGroup.UNDER_25_TRAINING: _("invited first: under 25, seeks training"),
    },
    PriorityGroup,
)
ROOM_SIZES = Words(
    "room sizes",
    {
        RoomSize.SMALL: _("usual room"),
        RoomSize.LARGE: _("large room"),
    },
    RoomSize,
)
REFUSAL_REASONS = Words(
    "refusal reasons",
    {
        RefusalReason.SETTLED_WITHOUT: _("settled without an appointment"),
        RefusalReason.NOT_RESPONSIBLE: _("another authority is responsible"),
        RefusalReason.NO_CAPACITY: _("no appointment free in time"),
        RefusalReason.MISSING_DOCUMENTS: _("documents are missing"),
        RefusalReason.NOT_REACHED: _("the caller could not be reached"),
        RefusalReason.OTHER: _("another reason (see note)"),
    },
    RefusalReason,
)
CONTACT_SOURCES = Words(
    "contact sources",
    {
        ContactSource.CALL: _("call to the hotline"),
        ContactSource.TELEPHONE: _("call on another line"),
        ContactSource.COUNTER: _("visit at the counter"),
        ContactSource.LETTER: _("letter"),
        ContactSource.EMAIL: _("e-mail"),
    },
    ContactSource,
)
