"""Enumerations of callback tasks, their promises, alerts and text messages."""

from __future__ import annotations

from enum import StrEnum


class TaskState(StrEnum):
    """State of a callback task."""

    OPEN = "open"
    CLAIMED = "claimed"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How an attempt ended (Ergebnis), or with what a task was closed."""

    RINGING = "ringing"
    REACHED = "reached"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    ANSWERING_MACHINE = "answering_machine"
    WRONG_PERSON = "wrong_person"
    CALL_REFUSED = "call_refused"
    NUMBER_INVALID = "number_invalid"
    LETTER_SENT = "letter_sent"
    SETTLED_OTHERWISE = "settled_otherwise"
    FORMS_SENT = "forms_sent"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    #: The caller has talked with a member in the very call that opened the task.
    TALKED = "talked"


class TaskEventKind(StrEnum):
    """What happened to a task."""

    OPENED = "opened"
    CALLED_AGAIN = "called_again"
    CALLBACK_WANTED = "callback_wanted"
    RAISED = "raised"
    LOWERED = "lowered"
    #: Danger to somebody's life: a transcript speaks of it, somebody acted, it was a false alarm, it is one after all.
    DANGER_RAISED = "danger_raised"
    DANGER_ACTED = "danger_acted"
    DANGER_LOWERED = "danger_lowered"
    DANGER_CONFIRMED = "danger_confirmed"
    #: A member has taken over the language that a machine has heard in a message, or not.
    LANGUAGE_CHANGED = "language_changed"
    LANGUAGE_KEPT = "language_kept"
    RECORDING_CUT_SHORT = "recording_cut_short"
    NUMBER_GIVEN = "number_given"
    #: By receipt code: another number, a withdrawal; and what a member made of it.
    NUMBER_CHANGED = "number_changed"
    WITHDRAWAL_WANTED = "withdrawal_wanted"
    CHANGE_CONFIRMED = "change_confirmed"
    CHANGE_REFUSED = "change_refused"
    TELLING_STOPPED = "telling_stopped"
    CHANGED = "changed"
    #: Further answers by key, in the call that has opened the task.
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    CLAIMED = "claimed"
    RELEASED = "released"
    TAKEN_OVER = "taken_over"
    ASSIGNED = "assigned"
    HANDED_OVER = "handed_over"
    ATTEMPTED = "attempted"
    NOTED = "noted"
    NAMED = "named"
    CORRECTED = "corrected"
    RECTIFIED = "rectified"
    TEXT_SENT = "text_sent"
    TEXT_NOT_SENT = "text_not_sent"
    NOT_RUNG = "not_rung"
    PUT_OFF = "put_off"
    #: The opening hours of a day have changed, on which the promise depends.
    DEADLINE_MOVED = "deadline_moved"
    LETTER_PROPOSED = "letter_proposed"
    NO_INTERPRETER = "no_interpreter"
    INTERPRETER_BOOKED = "interpreter_booked"
    BOOKING_CANCELED = "booking_canceled"
    AT_RISK = "at_risk"
    BREACHED = "breached"
    NOT_REACHED_IN_TIME = "not_reached_in_time"
    CLOSED = "closed"
    REOPENED = "reopened"
    RESTRICTED = "restricted"
    UNRESTRICTED = "unrestricted"
    MERGED = "merged"
    MERGED_INTO = "merged_into"
    MERGE_UNDONE = "merge_undone"
    SPLIT_OFF = "split_off"
    SPLIT_FROM = "split_from"
    TOLD_APART = "told_apart"
    TOLD_APART_UNDONE = "told_apart_undone"
    #: Somebody calls for the person; does so no longer; was not told what they asked for.
    REPRESENTED = "represented"
    REPRESENTATION_ENDED = "representation_ended"
    DISCLOSURE_REFUSED = "disclosure_refused"
    #: A member has found out whose task it is; took that back; another task is the same person's.
    IDENTITY_PROVEN = "identity_proven"
    IDENTITY_TAKEN_BACK = "identity_taken_back"
    SAME_PERSON = "same_as"
    TAGGED = "tagged"
    #: A member has taken back what they did to the task.
    UNDONE = "undone"


class Likeness(StrEnum):
    """What speaks for two tasks being of the same person."""

    NUMBER = "same_number"
    CODE = "earlier_code"


class CallerProof(StrEnum):
    """How a member knows that a change by receipt code comes from the caller."""

    CALLED_BACK = "called_back"
    FILE_DATA = "file_data"
    DOCUMENT = "document"
    REPRESENTATIVE = "representative"


class SlaMeasure(StrEnum):
    """What is promised and measured: a first real attempt; the caller reached, or the task closed with a reason."""

    TRIED = "tried"
    REACHED = "reached"


class SlaTime(StrEnum):
    """Which hours count for a promise: all of them, or opening time only."""

    WALL = "wall"
    SERVICE = "service"


class SlaState(StrEnum):
    """State of the clock of one promise. Void: no longer expected."""

    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    MISSED = "missed"
    MET = "met"
    MET_LATE = "met_late"
    VOID = "void"


class DangerKind(StrEnum):
    """Danger to somebody's life that a transcript speaks of."""

    LIFE = "life"
    VIOLENCE = "violence"
    THREAT = "threat"


class DangerStep(StrEnum):
    """What somebody has done about such a danger."""

    RESCUE_CALLED = "rescue_called"
    CRISIS_SERVICE = "crisis_service"
    TALKED = "talked"
    HOUSE_TOLD = "house_told"


class FactKind(StrEnum):
    """What a member would write down from a message."""

    PHONE = "phone"
    DATE = "date"
    TIME = "time"
    AMOUNT = "amount"
    FILE = "file"
    POSTAL_CODE = "postcode"
    NAME = "name"


class AlertEvent(StrEnum):
    """What an alert subscription can be told of."""

    #: Danger to somebody's life. Whoever is told of emergencies is told of this too.
    DANGER = "danger"
    EMERGENCY = "emergency"
    AT_RISK = "at_risk"
    MISSED = "missed"
    NOT_REACHED = "not_reached"
    ESCALATED = "escalated"
    CARRIER_FAULT = "carrier_fault"
    GUESSING = "guessing"
    TEXT_CAP = "text_cap"
    CLOCK = "clock"
    CALL_CAP = "call_cap"
    CAP_NEAR = "cap_near"
    SYNTHETIC_CALL = "synthetic_call"
    CALL_WITHOUT_ID = "call_without_id"


class DeliveryState(StrEnum):
    """State of an alert or a text message."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


class SmsTemplate(StrEnum):
    """Text messages that are sent; the values are names of prompts."""

    LINK = "sms_link"
    MISSED = "sms_missed"
    APPOINTMENT = "sms_appointment"
    ANSWER = "sms_answer"
    NUMBER_CHANGED = "sms_number_changed"
    #: The answer to whoever writes to the hotline.
    NOT_READ = "sms_not_read"
    #: The words of a team's text module: no prompt.
    MODULE = "sms_module"


class Refusal(StrEnum):
    """Why an action of a member was not possible. The interface has a text for each."""

    OPEN = "open"
    CLAIMED = "claimed"
    CLOSED = "closed"
    NEW_MESSAGE = "new_message"
    RESTRICTED = "restricted"
    COVERED = "covered"
    UNCONFIRMED = "unconfirmed"
    NOTHING_TO_CONFIRM = "nothing_to_confirm"
    NOT_RAISED = "not_raised"
    NO_DANGER = "no_danger"
    LANGUAGE_SETTLED = "language_settled"
    OUTCOME_NEEDED = "outcome_needed"
    ANSWER_NEEDED = "answer_needed"
    LATER_DATE_NEEDED = "later_date_needed"
    REASON_NEEDED = "reason_needed"
    TEXT_NEEDED = "text_needed"
    NOTE_NEEDED = "note_needed"
    NO_TEAM = "no_team"
    NO_TEXTS = "no_texts"
    NO_MOBILE = "no_mobile"
    NO_TEXT_ABROAD = "no_text_abroad"
    TEXTED_OFTEN = "texted_often"
    TOO_MANY_TEXTS = "too_many_texts"
    NO_NUMBER = "no_number"
    NO_CALL_ABROAD = "no_call_abroad"
    TOO_MANY_CALLS = "too_many_calls"
    TOO_MANY_RUNG = "too_many_rung"
    NUMBER_LISTED = "number_listed"
    HOURS_NEEDED = "hours_needed"
    LANGUAGE_NEEDED = "language_needed"
    NOT_LISTED = "not_listed"
    NOT_ON_DUTY = "not_on_duty"
    BOOKED_ALREADY = "booked_already"
    NOT_BOOKED = "not_booked"
    NOT_OPEN_NOW = "not_open_now"
    NO_PHONE = "no_phone"
    NO_CLIENTS = "no_clients"
    NO_CLIENT_KEY = "no_client_key"
    OTHER_WINDOW = "other_window"
    WINDOW_CLOSED = "window_closed"
    NOTHING_TO_CORRECT = "nothing_to_correct"
    CLOSED_NOW = "closed_now"
    NOT_NOW = "not_now"
    CALLING_NOW = "calling_now"
    NOT_WAITING = "not_waiting"
    IN_WRITING = "in_writing"
    ON_THE_PHONE = "on_the_phone"
    WRAP_UP = "wrap_up"
    NOTHING_TO_WRAP_UP = "nothing_to_wrap_up"
    NO_CONVERSATION = "no_conversation"
    COMPANION_THERE = "companion_there"
    NOBODY_WAITS = "nobody_waits"
    TRANSFER_GOES_ON = "transfer_goes_on"
    TRANSFER_TO_YOURSELF = "transfer_to_yourself"
    NO_TRANSFER = "no_transfer"
    NOT_THERE = "not_there"
    NOT_ALONE = "not_alone"
    NO_LISTENING = "no_listening"
    NOT_TALKING = "not_talking"
    SOMEBODY_LISTENS = "listened_to"
    OTHER_TASK_NEEDED = "other_task_needed"
    OTHER_KIND = "other_kind"
    TOLD_APART = "told_apart"
    BEING_CALLED = "being_called"
    MERGED = "merged"
    NOT_MERGED = "not_merged"
    NEWER_MERGE = "newer_merge"
    REOPEN_FIRST = "reopen_first"
    CONTACT_MOVED = "contact_moved"
    ONLY_CONTACT = "only_contact"
    FIRST_CONTACT = "first_contact"
    PROOF_NEEDED = "proof_needed"
    NOT_PROVEN = "not_proven"
    NO_SUCH_CODE = "no_such_code"
    NAMES_NEEDED = "names_needed"
    NOT_REPRESENTED = "not_represented"
    NAME_NEEDED = "name_needed"
    NAME_TAKEN = "name_taken"
    GERMAN_NEEDED = "german_needed"
    NO_CODE_IN_TEXTS = "no_code_in_texts"
    NO_NAME_IN_TEXTS = "no_name_in_texts"
    UNKNOWN_PLACEHOLDER = "unknown_placeholder"
    TEXT_TOO_LONG = "text_too_long"
    TEXT_NOT_DISCREET = "text_not_discreet"
    NO_TRANSLATION = "no_translation"
    NO_OFFICE = "no_office"
    STEPS_NEEDED = "steps_needed"
    TOO_MANY_TAGS = "too_many_tags"
    TOO_MANY_MACROS = "too_many_macros"
    MACRO_GONE = "macro_gone"
    MODULE_GONE = "module_gone"
    TEXT_UNFIT = "text_unfit"
    ACTED_SINCE = "acted_since"
    UNDONE_ALREADY = "undone_already"
    UNDO_OVER = "undo_over"
