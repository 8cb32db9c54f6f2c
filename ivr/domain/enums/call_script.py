"""Enumerations of the call script."""

from __future__ import annotations

from enum import StrEnum


class EventName(StrEnum):
    """What happened in a call that must be written down. The names stand in spool entries and in sealed call states."""

    LANGUAGE_CHOSEN = "language_chosen"
    #: The caller has agreed, and the tone comes.
    RECORDING_BEGINS = "recording_begins"
    MESSAGE_LEFT = "message_left"
    #: The caller asks by key for a callback, forms or an appointment.
    ASKED = "asked"
    #: The caller has chosen what the emergency is. Whether they wait for a callback is not known yet.
    EMERGENCY_REPORTED = "emergency_reported"
    #: The caller has pressed nothing in the whole call, or nothing where they had to choose.
    SILENT_CALLER = "silence"
    NUMBER_GIVEN = "number_given"
    #: A number was keyed in and not read back yet: it counts if the caller hangs up now.
    NUMBER_KEYED = "number_keyed"
    #: The number that was read back is not the right one.
    NUMBER_REFUSED = "number_refused"
    #: The caller has called about this before; an open task of the same telephone may be joined.
    JOIN_WANTED = "join_wanted"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"
    LINK_WANTED = "link_wanted"
    QUEUE_JOINED = "queue_joined"
    #: The caller wanted a team within opening hours, and could not wait: nobody is there, or no place is free.
    NOBODY_THERE = "nobody_there"
    NO_PLACE_FREE = "no_place_free"
    #: The caller wants to be called back instead of waiting, and keeps the place in the queue.
    PLACE_KEPT = "place_kept"
    #: The caller wants to be called back together with an interpreter.
    INTERPRETER_WANTED = "interpreter_wanted"


class Held(StrEnum):
    """What a row of the database holds of a call, so that it may be promised."""

    TASK = "task"
    REQUEST_FOUND = "request_found"
    TEXT_MESSAGE = "text_message"


class Promised(StrEnum):
    """How certain it is that the caller waits for the callback that a task promises."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"


class RoutingQuestion(StrEnum):
    """A question on whose answer the responsible team may depend."""

    AGE_GROUP = "age_group"
    OFFICE = "office"


class SimulatedHours(StrEnum):
    """Business hours that a person at the local carrier simulates."""

    OPEN = "open"
    CLOSED = "closed"


class SpokenWords(StrEnum):
    """Which words may be said in place of keys."""

    #: Yes is the key 1, no the key 2.
    YES_NO = "yes_or_no"
    #: The digits of the menu's keys.
    NUMBERS = "numbers"


class AnsweredQuestion(StrEnum):
    """A frequent question that the authority may answer itself: the night's, and where there is help at once."""

    MONEY = "money"
    APPLICATION = "application"
    OFFICE = "office"
    #: Not asked by a key of the night, but told in emergencies, at any hour.
    HELP = "help"


class NoticeProblem(StrEnum):
    """Why opening hours of a day, an announcement, an answer or the name of a language cannot be used."""

    #: The day, or the end, is over.
    PAST = "past"
    FAR = "far"
    ORDER = "order"
    SAME = "same"
    HOURS = "hours"
    GONE = "gone"
    LONG = "long"
    OVERLAP = "overlap"
    GERMAN = "german"
    SECONDS = "seconds"
    EMPTY = "empty"
    AUDIO = "audio"
    #: It is in the menu already, or no language.
    LANGUAGE = "language"
    FULL = "full"
