"""Whether a caller is going to be rung again: what every sentence about a further call is true by."""

from __future__ import annotations

from datetime import datetime

from ivr.callbacks import retry_schedule
from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.domain.enums import Outcome, ReplyBy, TaskState
from ivr.domain.outcomes import FINAL_OUTCOMES
from ivr.models.callbacks import CallbackTask


def follows(task: CallbackTask, now: datetime) -> bool:
    """Whether a further call to the caller is planned, or will be when the present one ends in vain.

    A task whose date of the next attempt is empty is rung at once, unless its attempts are used up, or the last one has
    said that the number is not to be rung again, or somebody was reached.
    """
    if task.state == TaskState.CLOSED or task.restricted_at is not None or task.reply_by == ReplyBy.WRITING:
        return False
    number = task.callback_number
    if number is None or phone_numbers.dialable(number) is None or not settings().is_rung(number):
        return False
    last = task.attempts[-1] if task.attempts else None
    if last is None:
        return True
    if task.silent_caller:
        return False  # a single attempt
    if last.outcome == Outcome.RINGING:
        in_vain = sorted(attempt.at for attempt in task.attempts if attempt.outcome != Outcome.REACHED)
        return retry_schedule.next_attempt_at(in_vain, task.availability, now, settings()) is not None
    if task.next_attempt_at is not None:
        return True
    return task.letter_proposed_at is None and last.outcome not in (Outcome.REACHED, *FINAL_OUTCOMES)
