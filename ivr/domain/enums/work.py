"""Enumerations of background work."""

from __future__ import annotations

from enum import StrEnum


class WorkKind(StrEnum):
    """Kinds of work in the outbox; `ivr.workers.runner.HANDLERS` has a function for each."""

    FETCH_RECORDING = "fetch_recording"
    FIND_RECORDING = "find_recording"
    ASK_FOR_RECORDING = "ask_for_recording"
    DELETE_AT_CARRIER = "delete_at_carrier"
    DISCARD_RECORDING = "discard_recording"
    TRANSCRIBE = "transcribe"
    UNDERSTAND_ANSWER = "understand_answer"
    CHECK_LANGUAGE = "check_language"
    RENDER_GIST = "render_gist"
    HEAR_AGAIN = "hear_again"
    SEND_TEXT_MESSAGE = "send_text_message"
    SEND_ALERT = "send_alert"
    SEND_REPORT = "send_report"
    SEND_LINK = "send_password_link"
    RING_LEG = "ring_leg"
    HANG_UP_LEG = "hang_up_leg"
    BRING_CALLER = "bring_caller"
    END_ROOM = "end_room"
    TELL_LEG = "tell_leg"
    RECALL_LEG = "recall_leg"
    TELL_STILL_LOOKING = "tell_still_looking"
    TELL_NO_INTERPRETER = "tell_no_interpreter"
    ASK_FOR_DUTY = "ask_for_duty"


class DatabaseFault(StrEnum):
    """Why the database has not done something."""

    BUSY = "busy"
    AWAY = "away"
    FULL = "full"
    DAMAGED = "damaged"
    BEHIND = "behind"
    INPUT = "input"


class DatabaseUser(StrEnum):
    """Kinds of processes that use the database, by how many connections each may open."""

    VOICE = "voice"
    WEB = "web"
    JOBS = "jobs"
    DECODING = "decoding"
    SCHEDULER = "scheduler"
    COMMAND = "command"


class EntryPlace(StrEnum):
    """Where an entry about a call is."""

    DATABASE = "database"
    SPOOL = "spool"
    MEMORY = "memory"


class EntryOutcome(StrEnum):
    """What became of an entry that was replayed."""

    NEW = "new"
    KNOWN = "known"
    BUSY = "busy"
    BAD = "bad"


class ClockState(StrEnum):
    """What a machine's clock looks like beside the last instant that was seen."""

    RIGHT = "right"
    AHEAD = "ahead"
    BEHIND = "behind"
    #: It was ahead by less than what is refused, and is right again.
    RETURNED = "returned"
