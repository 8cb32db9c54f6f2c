"""Callback tasks (Rückrufaufträge): opened for a call, claimed by one person, closed with an outcome.

open -> claimed -> closed; a claimed task can be released again. Every change is a conditional update, so
of two people acting at once one succeeds and the other is told who did (:class:`Refused`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ivr import receipts, sla, teams
from ivr.configuration import settings
from ivr.models import Attempt, Call, CallbackTask, Recording, TaskEvent, User, VoiceboxMessage

#: How a try to reach the caller may end (Ergebnis).
ATTEMPT_OUTCOMES = ("reached", "no_answer", "busy", "answering_machine", "wrong_person", "number_invalid")
#: What a task may be closed with; the last two are no attempt to ring the caller.
CLOSING_OUTCOMES = ("reached", "wrong_person", "number_invalid", "letter_sent", "settled_otherwise")


class Refused(Exception):
    """The task is not in a state that allows this; `reason` is a key of the interface's messages."""

    def __init__(self, reason: str, by: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.by = by


def of_call(session: Session, call: Call) -> CallbackTask | None:
    """The task a call has led to, if any."""
    return session.scalar(select(CallbackTask).where(CallbackTask.call_id == call.id))


def open_for(session: Session, call: Call, now: datetime, *, provisional: bool = False) -> CallbackTask:
    """The one task of a call, opened if it is not there yet. Its clock starts at the call's first contact."""
    if task := of_call(session, call):
        return task
    concern = call.concern or "other"
    key = settings().team_for(concern)
    team = teams.by_key(session, key, settings().teams[key].name)
    for _ in range(20):  # a code is taken with a chance of (tasks / 10 million)
        task = CallbackTask(
            call_id=call.id,
            team_id=team.id,
            language=call.language or "de",
            concern=concern,
            urgency="emergency" if concern == "emergency" else "normal",
            callback_number=call.from_number,
            receipt_code=receipts.draw(),
            provisional=provisional,
            first_contact_at=call.started_at,
            due_at=sla.due_at(call.started_at, settings().callback_hours),
            state="open",
            kind="callback",
        )
        try:
            with session.begin_nested():
                session.add(task)
        except IntegrityError:
            if theirs := of_call(session, call):  # another request of the same call was quicker
                return theirs
            continue
        _note(session, task, now, "opened")
        return task
    raise RuntimeError("no free receipt code found")


def confirm(task: CallbackTask) -> None:
    """The promise is certain: there is speech, or the caller asked for it."""
    task.provisional = False


def ask(session: Session, call: Call, now: datetime) -> CallbackTask:
    """The caller asked for a callback by key."""
    task = open_for(session, call, now)
    confirm(task)
    return task


def give_number(session: Session, task: CallbackTask, number: str | None, now: datetime) -> None:
    """The caller confirmed or keyed in the number to call back (E.164)."""
    if number and number != task.callback_number:
        task.callback_number = number
        _note(session, task, now, "number_given")


def withdraw_unfounded(session: Session, call: Call) -> None:
    """Remove a provisional task whose recording turned out to be silence: nothing was promised to anyone.

    One that somebody has claimed meanwhile stays: it is theirs to close.
    """
    task = of_call(session, call)
    if task is None or not task.provisional or task.state != "open":
        return
    hopeful = (
        select(VoiceboxMessage.id)
        .outerjoin(Recording)
        .where(VoiceboxMessage.call_id == call.id)
        .where(or_(VoiceboxMessage.state == "left", Recording.state == "announced"))
    )
    if session.scalar(hopeful.limit(1)) is not None:
        return
    unclaimed = (CallbackTask.state == "open", CallbackTask.provisional.is_(True))
    session.execute(delete(TaskEvent).where(TaskEvent.task_id == task.id))
    session.execute(delete(CallbackTask).where(CallbackTask.id == task.id, *unclaimed))
    session.expire_all()


def claim(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Take an open task.

    Raises:
        Refused: `claimed` (with the name of who has it) or `closed`.
    """
    taken = session.execute(
        update(CallbackTask)
        .where(CallbackTask.id == task.id, CallbackTask.state == "open")
        .values(state="claimed", claimed_by_id=user.id, claimed_at=now)
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


def note(session: Session, task: CallbackTask, user: User, text: str, now: datetime) -> None:
    """Write something down. Anybody of the team may, at any time."""
    if text.strip():
        _note(session, task, now, "noted", user, text.strip())


def attempt(session: Session, task: CallbackTask, user: User, outcome: str, now: datetime) -> None:
    """Record a try to reach the caller; the first one keeps the promise.

    Raises:
        Refused: when the task is not theirs, `outcome_needed` for one that is none.
    """
    if outcome not in ATTEMPT_OUTCOMES:
        raise Refused("outcome_needed")
    touched = session.execute(
        update(CallbackTask).where(CallbackTask.id == task.id, *_held_by(user)).values(claimed_by_id=user.id)
    )
    _require(session, touched, task, user)
    sla.record_breaches(session, now, only=task.id)
    session.execute(
        update(CallbackTask)
        .where(CallbackTask.id == task.id, CallbackTask.first_attempt_at.is_(None))
        .values(first_attempt_at=now)
    )
    session.add(Attempt(task_id=task.id, user_id=user.id, at=now, outcome=outcome))
    _note(session, task, now, "attempted", user, outcome)


def close(session: Session, task: CallbackTask, user: User, outcome: str, text: str, now: datetime) -> None:
    """Close a claimed task with an outcome and what was agreed.

    Raises:
        Refused: when the task is not theirs, `outcome_needed` without a closing outcome.
    """
    if outcome not in CLOSING_OUTCOMES:
        raise Refused("outcome_needed")
    if outcome in ATTEMPT_OUTCOMES:
        attempt(session, task, user, outcome, now)
    else:
        sla.record_breaches(session, now, only=task.id)
    closed = session.execute(
        update(CallbackTask)
        .where(CallbackTask.id == task.id, *_held_by(user))
        .values(state="closed", closed_at=now, outcome=outcome)
    )
    _require(session, closed, task, user)
    note(session, task, user, text, now)
    _note(session, task, now, "closed", user, outcome)


def reopen(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Take a closing back: the task is claimed by who reopens it; its deadline stays.

    Raises:
        Refused: `open` or `claimed` when it is not closed.
    """
    opened = session.execute(
        update(CallbackTask)
        .where(CallbackTask.id == task.id, CallbackTask.state == "closed")
        .values(state="claimed", claimed_by_id=user.id, claimed_at=now, closed_at=None, outcome=None)
    )
    _require(session, opened, task, user)
    _note(session, task, now, "reopened", user)


def _held_by(user: User, *, supervisor_may: bool = False) -> tuple[ColumnElement[bool], ...]:
    mine = (CallbackTask.state == "claimed", CallbackTask.claimed_by_id == user.id)
    return mine[:1] if supervisor_may and user.role == "supervisor" else mine


def _require(session: Session, result: object, task: CallbackTask, user: User) -> None:
    assert isinstance(result, CursorResult)  # noqa: S101 - an UPDATE always gives one
    if result.rowcount == 1:
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
