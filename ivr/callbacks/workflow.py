"""Work on callback tasks (Rückrufaufträge): claimed by one person, tried, closed with an outcome.

open -> claimed -> closed; a claimed task can be released again. Every change is a conditional update, so
of two people acting at once one succeeds and the other is told who did (:class:`Refused`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from ivr.callbacks import alert_digest, retry_schedule, search_index, sla_clocks
from ivr.config.settings import settings
from ivr.models.accounts import User
from ivr.models.callbacks import Attempt, CallbackTask, TaskEvent
from ivr.platform.column_types import rows

#: How a try to reach the caller may end (Ergebnis).
ATTEMPT_OUTCOMES = (
    "reached", "no_answer", "busy", "answering_machine", "wrong_person", "call_refused", "number_invalid",
)  # fmt: skip
#: After these nobody is rung again.
_NEVER_AGAIN = ("wrong_person", "call_refused", "number_invalid")
#: What a task may be closed with; the last two are no attempt to ring the caller.
CLOSING_OUTCOMES = ("reached", "wrong_person", "number_invalid", "letter_sent", "settled_otherwise")
#: What else tasks of a kind are closed with: forms on their way, an appointment granted or refused.
OUTCOMES_OF_KIND = {"postal_order": ("forms_sent",), "appointment": ("granted", "refused")}
#: Sizes of a room. Source: "größere Servicebüros", where a third person takes part.
ROOMS = ("small", "large")
#: Why an appointment is refused. Source, question 3: "aus welchen Gründen?"
REFUSAL_REASONS = ("settled_without", "not_responsible", "no_capacity", "missing_documents", "not_reached", "other")


def closing_outcomes(task: CallbackTask) -> tuple[str, ...]:
    """What a task may be closed with."""
    return (*OUTCOMES_OF_KIND.get(task.kind, ()), *CLOSING_OUTCOMES)


class Refused(Exception):
    """The task is not in a state that allows this; `reason` is a key of the interface's messages."""

    def __init__(self, reason: str, by: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.by = by


def claim(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Take an open task.

    Raises:
        Refused: `claimed` (with the name of who has it), `closed`, or `restricted` (Art. 18 GDPR).
    """
    if task.restricted_at is not None:
        raise Refused("restricted")
    taken = session.execute(
        update(CallbackTask)
        .where(CallbackTask.id == task.id, CallbackTask.state == "open")
        .values(state="claimed", claimed_by_id=user.id, claimed_at=now, claim_used_at=now)
    )
    _require(session, taken, task, user)
    _note(session, task, now, "claimed", user)


def release(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Give a claimed task back to the queue; its place and deadline stay.

    Raises:
        Refused: when it is not theirs (a supervisor may release anybody's).
    """
    given = session.execute(
        update(CallbackTask)
        .where(CallbackTask.id == task.id, *_held_by(user, supervisor_may=True))
        .values(state="open", claimed_by_id=None, claimed_at=None)
    )
    _require(session, given, task, user)
    _note(session, task, now, "released", user)


def lower_urgency(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Take back that words of a transcript have raised the urgency; the promise is again what it was.

    Raises:
        Refused: `not_raised` when it was not words that raised it, or `restricted`.
    """
    if task.restricted_at is not None:
        raise Refused("restricted")
    lowered = session.execute(
        update(CallbackTask)
        .where(
            CallbackTask.id == task.id,
            CallbackTask.state != "closed",
            CallbackTask.urgency == "emergency",
            CallbackTask.urgency_words.is_not(None),
            CallbackTask.urgency_lowered_at.is_(None),
        )
        .values(urgency="normal", urgency_lowered_at=now)
    )
    if rows(lowered) != 1:
        raise Refused("not_raised")
    session.refresh(task)
    sla_clocks.relax(session, task)
    alert_digest.take_back(session, task.id, "emergency")
    _note(session, task, now, "lowered", user)


def note(session: Session, task: CallbackTask, user: User, text: str, now: datetime) -> None:
    """Write something down. Anybody of the team may, at any time."""
    if text.strip():
        _note(session, task, now, "noted", user, text.strip())
        search_index.index(session, task)


def attempt(session: Session, task: CallbackTask, user: User, outcome: str, now: datetime) -> None:
    """Record a try to reach the caller; the first one keeps the promise.

    Raises:
        Refused: when the task is not theirs, `outcome_needed` for one that is none.
    """
    if outcome not in ATTEMPT_OUTCOMES:
        raise Refused("outcome_needed")
    touched = session.execute(
        update(CallbackTask).where(CallbackTask.id == task.id, *_held_by(user)).values(claim_used_at=now)
    )
    _require(session, touched, task, user)
    _attempted(session, task, now)
    session.add(Attempt(task_id=task.id, user_id=user.id, at=now, outcome=outcome))
    _note(session, task, now, "attempted", user, outcome)
    if outcome == "reached":
        sla_clocks.met(session, task.id, "reached", now)
    else:
        plan_next(session, task, now)


def began_to_ring(session: Session, task: CallbackTask, user_id: int, conversation_id: int, now: datetime) -> Attempt:
    """The caller's telephone is being rung by the house: that is an attempt, whose outcome the carrier will tell."""
    _attempted(session, task, now)
    tried = Attempt(task_id=task.id, user_id=user_id, at=now, outcome="ringing", conversation_id=conversation_id)
    session.add(tried)
    task.next_attempt_at = None
    return tried


def attempt_ended(
    session: Session, task: CallbackTask, tried: Attempt, outcome: str, answered_at: datetime | None, now: datetime
) -> None:
    """How an attempt ended, as the carrier told; told twice, the first counts."""
    if tried.outcome != "ringing":
        return
    tried.outcome, tried.answered_at, tried.ended_at = outcome, answered_at, now
    session.add(TaskEvent(task_id=task.id, user_id=tried.user_id, at=now, kind="attempted", text=outcome))
    if outcome == "reached":
        sla_clocks.met(session, task.id, "reached", answered_at or now)
    else:
        plan_next(session, task, now)


def take_attempt_back(session: Session, task: CallbackTask, tried: Attempt) -> None:
    """It was none: the member hung up before the caller could answer."""
    if tried.outcome != "ringing":
        return
    session.delete(tried)
    session.flush()
    earlier = session.scalar(select(Attempt.at).where(Attempt.task_id == task.id).order_by(Attempt.at).limit(1))
    if earlier is None:
        task.first_attempt_at = None
        sla_clocks.take_back(session, task.id, tried.at, "tried")
        if task.state == "closed":
            _closed_clocks(session, task, tried.at)


def _attempted(session: Session, task: CallbackTask, now: datetime) -> None:
    sla_clocks.met(session, task.id, "tried", now)
    session.execute(
        update(CallbackTask)
        .where(CallbackTask.id == task.id, CallbackTask.first_attempt_at.is_(None))
        .values(first_attempt_at=now)
    )


def plan_next(session: Session, task: CallbackTask, now: datetime) -> None:
    """After an attempt in vain: when the next one is due, or that a letter should be written. The task stays."""
    session.flush()
    if task.state == "closed":
        return
    at = session.scalars(
        select(Attempt.at).where(Attempt.task_id == task.id, Attempt.outcome.not_in(("reached", "ringing")))
    ).all()
    last = session.scalar(
        select(Attempt.outcome)
        .where(Attempt.task_id == task.id)
        .order_by(Attempt.at.desc(), Attempt.id.desc())
        .limit(1)
    )
    again = last not in _NEVER_AGAIN
    task.next_attempt_at = (
        retry_schedule.next_attempt_at(sorted(at), task.availability, now, settings()) if again else None
    )
    if task.next_attempt_at is None and task.letter_proposed_at is None:
        task.letter_proposed_at = now
        _note(session, task, now, "letter_proposed")


def close(
    session: Session, task: CallbackTask, user: User, outcome: str, text: str, now: datetime, *,
    attempted: bool = False, posted_on: date | None = None,
) -> None:  # fmt: skip
    """Close a claimed task with an outcome and what was agreed; `attempted`: the carrier has told of the attempt;
    `posted_on`: the day the forms were posted (today, unless said otherwise).

    Raises:
        Refused: when the task is not theirs, `outcome_needed` without a closing outcome.
    """
    if outcome not in CLOSING_OUTCOMES and outcome not in OUTCOMES_OF_KIND.get(task.kind, ()):
        raise Refused("outcome_needed")
    if outcome in OUTCOMES_OF_KIND["appointment"]:
        raise Refused("answer_needed")  # with date and place, or with a reason: answer_wish
    _close(session, task, user, outcome, text, now, attempted=attempted)
    if outcome == "forms_sent" and task.postal_order is not None:
        task.postal_order.posted_on = posted_on or now.astimezone(settings().hours.zone).date()


def answer_wish(
    session: Session,
    task: CallbackTask,
    user: User,
    now: datetime,
    *,
    appointment_at: datetime | None = None,
    place: str = "",
    room: str = "",
    refusal_reason: str = "",
    text: str = "",
) -> None:
    """Grant an appointment wish with date, place and size of the room (large where a third person takes part, unless
    said otherwise), or refuse it with a reason; either closes the task.

    Raises:
        Refused: when the task is not theirs, `answer_needed` without date and place or a reason.
    """
    wish = task.appointment_wish
    granted = appointment_at is not None and bool(place.strip())
    if wish is None or granted == (refusal_reason in REFUSAL_REASONS):
        raise Refused("answer_needed")
    _close(session, task, user, "granted" if granted else "refused", text, now)
    wish.appointment_at = appointment_at if granted else None
    wish.place = place.strip()[:200] if granted else None
    wish.room = (room if room in ROOMS else "large" if wish.large_room else "small") if granted else None
    wish.refusal_reason = None if granted else refusal_reason


def _close(
    session: Session, task: CallbackTask, user: User, outcome: str, text: str, now: datetime, *, attempted: bool = False
) -> None:
    if outcome in ATTEMPT_OUTCOMES and not attempted:
        attempt(session, task, user, outcome, now)
    closed = session.execute(
        update(CallbackTask)
        .where(CallbackTask.id == task.id, *_held_by(user))
        .values(state="closed", closed_at=now, outcome=outcome)
    )
    _require(session, closed, task, user)
    _closed_clocks(session, task, now)
    note(session, task, user, text, now)
    _note(session, task, now, "closed", user, outcome)


def put_off(session: Session, task: CallbackTask, user: User, until: datetime | None, now: datetime) -> None:
    """The caller asked not to be called before a later date; the promise stands still until then.

    Raises:
        Refused: `closed` or `restricted`; `later_date_needed` where `until` is not within the next 60 days.
    """
    if task.state == "closed":
        raise Refused("closed")
    if task.restricted_at is not None:
        raise Refused("restricted")
    try:
        if until is None:
            raise ValueError
        sla_clocks.ask_later(session, task, user, until.astimezone(UTC), now)
    except ValueError:
        raise Refused("later_date_needed") from None


def _closed_clocks(session: Session, task: CallbackTask, now: datetime) -> None:
    """What closing a task means for its promises."""
    if task.first_attempt_at is None and task.outcome in OUTCOMES_OF_KIND.get(task.kind, ()):
        sla_clocks.met(session, task.id, "tried", now)  # what was asked for is done: nobody needs to be rung
    sla_clocks.void(session, task.id, now, "tried")
    if task.outcome != "withdrawn":
        sla_clocks.met(session, task.id, "reached", now)


def reopen(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Take a closing back: the task is claimed by who reopens it; its deadline stays.

    Raises:
        Refused: `open` or `claimed` when it is not closed, or `restricted`.
    """
    if task.restricted_at is not None:
        raise Refused("restricted")
    if task.appointment_wish is not None:
        task.appointment_wish.appointment_at = None
        task.appointment_wish.place = task.appointment_wish.refusal_reason = None
    counted = task.closed_at is not None and task.closed_at < now - sla_clocks.SETTLED_AFTER
    opened = session.execute(
        update(CallbackTask)
        .where(CallbackTask.id == task.id, CallbackTask.state == "closed")
        .values(
            closing_counted=task.closing_counted or counted,
            state="claimed",
            claimed_by_id=user.id,
            claimed_at=now,
            closed_at=None,
            outcome=None,
        )
    )
    _require(session, opened, task, user)
    sla_clocks.reopened(session, task, now)
    _note(session, task, now, "reopened", user)


def _held_by(user: User, *, supervisor_may: bool = False) -> tuple[ColumnElement[bool], ...]:
    mine = (CallbackTask.state == "claimed", CallbackTask.claimed_by_id == user.id)
    return mine[:1] if supervisor_may and user.role == "supervisor" else mine


def _require(session: Session, result: object, task: CallbackTask, user: User) -> None:
    if rows(result) == 1:
        session.refresh(task)
        return
    session.refresh(task)
    if task.state == "claimed" and task.claimed_by is not None and task.claimed_by_id != user.id:
        raise Refused("claimed", by=task.claimed_by.name)
    raise Refused(task.state)


def _note(
    session: Session, task: CallbackTask, now: datetime, kind: str, user: User | None = None, text: str | None = None
) -> None:
    session.add(TaskEvent(task_id=task.id, user_id=user.id if user else None, at=now, kind=kind, text=text))
