"""Enumerations of calls, voicebox messages, recordings and transcripts."""

from __future__ import annotations

from enum import StrEnum


class CallRowState(StrEnum):
    """State of a call's row."""

    IN_PROGRESS = "in_progress"
    ENDED = "ended"


class CallEnding(StrEnum):
    """How a call ended for the caller: the endings of the call script, or that the caller hung up before one."""

    CONNECTED = "connected"
    PROMISED = "promised"
    INFORMED = "informed"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"
    UNSERVED = "unserved"
    SCREENED = "kept_away"
    HUNG_UP = "hung_up"


class Screening(StrEnum):
    """Why an unwanted call is answered by a notice only: a supervisor's block, or too many calls within a minute."""

    BLOCKED = "blocked"
    HELD_OFF = "held_off"


class MessageState(StrEnum):
    """State of a voicebox message. Expected: consent was given and the tone played; replaced: by a later recording."""

    EXPECTED = "expected"
    LEFT = "left"
    EMPTY = "empty"
    REPLACED = "replaced"


class RecordingState(StrEnum):
    """State of a recording. Announced: the carrier records; available: at the carrier; stored: ours and durable."""

    ANNOUNCED = "announced"
    AVAILABLE = "available"
    STORED = "stored"
    ABSENT = "absent"
    DELETED = "deleted"


class TranscriptState(StrEnum):
    """State of a transcript. Please listen: a person has to, see :class:`TranscriptReason`."""

    PENDING = "pending"
    DONE = "done"
    PLEASE_LISTEN = "please_listen"


class TranscriptReason(StrEnum):
    """Why a person has to listen to a message."""

    NO_MODEL = "no_model"
    NO_SPEECH = "no_speech"
    UNUSABLE = "unusable"
    NOT_AVAILABLE = "not_available"
    FAILED = "failed"
    LOW_CONFIDENCE = "low_confidence"
    TOO_LONG = "too_long"
    UNCHECKED = "unchecked"
    #: The words cannot be what was said, however sure the engine is.
    OUTSIDE_SPEECH = "outside_speech"
    TOO_MANY_WORDS = "too_many_words"
    TOO_FEW_WORDS = "too_few_words"
    SHORT_WORDS = "short_words"
    REPEATED_WORDS = "repeated_words"
    ENGINES_DIFFER = "engines_differ"
