"""What each prompt promises or reports as done, and which steps make the row that holds it.

A prompt that is named here is spoken only after a step that has made its row, on every way through the script;
:mod:`ivr.flows.promise_check` proves it. All other prompts ask, inform, or say what can be had.
"""

from __future__ import annotations

from collections.abc import Mapping

from ivr.domain.enums import EventName, Held, RequestStatus

#: What became of a request that there is.
FOUND = tuple(status for status in RequestStatus if status not in (RequestStatus.UNKNOWN, RequestStatus.LOCKED))
#: What became of a request that is still under way: what the caller adds belongs to its task.
UNDER_WAY = (
    RequestStatus.OPEN,
    RequestStatus.CLAIMED,
    RequestStatus.TRIED,
    RequestStatus.TRIED_LAST,
    RequestStatus.LATE,
)
#: Prompts that promise something or say that something is taken down -> the row that has to hold it.
PROMISES: Mapping[str, Held] = {
    # The request has a task.
    "promise_emergency": Held.TASK,
    "callback_usual": Held.TASK,
    "callback_by": Held.TASK,
    "interpreter_callback": Held.TASK,
    "silent_callback": Held.TASK,
    "place_kept": Held.TASK,
    "availability": Held.TASK,
    "availability_or_letter": Held.TASK,
    "answer_in_writing": Held.TASK,
    "answer_by_letter": Held.TASK,
    "cannot_play": Held.TASK,
    "time_is_up": Held.TASK,
    "no_more_time": Held.TASK,
    "writing_noted": Held.TASK,
    "letter_noted": Held.TASK,
    "receipt": Held.TASK,
    "receipt_again": Held.TASK,
    "noted": Held.TASK,
    "number_noted": Held.TASK,
    "number_missing": Held.REQUEST_FOUND,
    # The request of a receipt code was found.
    **{f"request_{status}": Held.REQUEST_FOUND for status in FOUND},
    # A text message waits to be sent.
    "link_sent": Held.TEXT_MESSAGE,
}
#: Events that make a row -> what it holds. A :class:`ivr.flows.steps.Promise` records one of them.
MADE_BY: Mapping[EventName, Held] = {
    EventName.ASKED: Held.TASK,
    EventName.EMERGENCY_REPORTED: Held.TASK,
    EventName.SILENT_CALLER: Held.TASK,
    EventName.PLACE_KEPT: Held.TASK,
    EventName.INTERPRETER_WANTED: Held.TASK,
    EventName.LINK_WANTED: Held.TEXT_MESSAGE,
}
#: Events after which it is not certain yet that the caller wants to be called.
UNCONFIRMED = frozenset({EventName.EMERGENCY_REPORTED, EventName.SILENT_CALLER})
