"""Enumerations of what a caller asks for."""

from __future__ import annotations

from enum import StrEnum


class Concern(StrEnum):
    """What a call is about (Anliegen)."""

    BENEFITS = "benefits"
    WORK = "work"
    UNDER_25 = "under_25"
    REHAB = "rehab"
    EMERGENCY = "emergency"
    FORMS = "forms"
    APPOINTMENT = "appointment"
    OTHER = "other"


class ContactSource(StrEnum):
    """How a request has come: by a call to the hotline, or in a way that a member has written down."""

    CALL = "call"
    TELEPHONE = "telephone"
    COUNTER = "counter"
    LETTER = "letter"
    EMAIL = "email"


class TaskKind(StrEnum):
    """What a callback task promises: a callback, forms by post, or an answer to an appointment wish."""

    CALLBACK = "callback"
    POSTAL_ORDER = "postal_order"
    APPOINTMENT = "appointment"


class Urgency(StrEnum):
    """How urgent a request is. Queries sort by this column: emergency comes before normal in the alphabet."""

    NORMAL = "normal"
    EMERGENCY = "emergency"


class EmergencyKind(StrEnum):
    """Kind of an emergency, as the caller chose it by key."""

    NO_MONEY = "no_money"
    POWER_CUT = "power_cut"
    HOUSING = "housing"
    FOOD_VOUCHER = "food_voucher"
    OTHER = "other"


class AgeGroup(StrEnum):
    """Age group (Altersgruppe) on which the responsible team may depend."""

    UNDER_25 = "under_25"
    FROM_25 = "25_and_over"


class Availability(StrEnum):
    """When the caller can be reached."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    ANY_TIME = "any_time"


class ReplyBy(StrEnum):
    """How the caller wants the answer: who hears or speaks with difficulty may want it in writing."""

    CALL = "call"
    WRITING = "writing"


class AppointmentMode(StrEnum):
    """How a wished appointment takes place. Video is a wish, never a default."""

    IN_PERSON = "in_person"
    TELEPHONE = "telephone"
    VIDEO = "video"


class AppointmentReason(StrEnum):
    """What a wished appointment is about."""

    BENEFITS = "benefits"
    WORK = "work"
    DOCUMENTS = "documents"
    OTHER = "other"


class Companion(StrEnum):
    """Third person who takes part in an appointment."""

    NONE = "none"
    INTERPRETER = "interpreter"
    COMPANION = "companion"


class PriorityGroup(StrEnum):
    """Groups that are invited first: little German, impaired hearing or speech, under 25 without training."""

    LANGUAGE = "language"
    IMPAIRMENT = "impairment"
    UNDER_25_TRAINING = "under_25_training"


class RoomSize(StrEnum):
    """Size of the room of an appointment; large where a third person takes part."""

    SMALL = "small"
    LARGE = "large"


class RefusalReason(StrEnum):
    """Why an appointment wish was refused."""

    SETTLED_WITHOUT = "settled_without"
    NOT_RESPONSIBLE = "not_responsible"
    NO_CAPACITY = "no_capacity"
    MISSING_DOCUMENTS = "missing_documents"
    NOT_REACHED = "not_reached"
    OTHER = "other"


class RequestStatus(StrEnum):
    """What became of a request, as it is told to a caller who keys in the receipt code."""

    OPEN = "open"
    CLAIMED = "claimed"
    TRIED = "tried"
    #: No further call is planned.
    TRIED_LAST = "tried_last"
    LATE = "late"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    GRANTED = "granted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    LOCKED = "locked"
