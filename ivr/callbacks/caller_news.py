"""What has come from a caller to a task: whether somebody who ends the task has seen all of it.

A page carries a mark of what it showed. Who closes a task, answers it or puts it off sends the mark back; what has come
in the meantime (a call, a message, another number) stops the action. Without a mark, the one of the last time counts
that the member had the page open, and if they never had, the time at which they claimed the task.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from ivr.callbacks.refused import Refused
from ivr.domain.enums import MessageState, Refusal, TaskEventKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask, TaskEvent
from ivr.models.contacts import Contact
from ivr.models.desk import TaskView
from ivr.models.voicebox import VoiceboxMessage

#: What a caller does to a task. Events of these kinds that a person caused are no news.
_BY_CALLER = (
    TaskEventKind.CALLED_AGAIN,
    TaskEventKind.CALLBACK_WANTED,
    TaskEventKind.NUMBER_GIVEN,
    TaskEventKind.CHANGED,
    TaskEventKind.ANSWERED,
    TaskEventKind.NUMBER_CHANGED,
    TaskEventKind.WITHDRAWAL_WANTED,
    TaskEventKind.WITHDRAWN,
    TaskEventKind.RAISED,
    TaskEventKind.DANGER_RAISED,
)
_MARK = re.compile("-".join([r"([0-9]{1,6})\.([0-9]{1,12})"] * 3))
_Counts = tuple[int, ...]


def mark(session: Session, task_id: int) -> str:
    """The mark of all that has come to a task so far."""
    return marks(session, [task_id])[task_id]


def marks(session: Session, task_ids: Collection[int]) -> dict[int, str]:
    """The marks of some tasks, by their ids."""
    found: dict[int, list[int]] = {task_id: [] for task_id in task_ids}
    for query in (_contacts(), _messages(), _events()):
        table = query.selected_columns[0]
        rows = session.execute(query.where(table.in_(task_ids)).group_by(table)) if task_ids else ()
        known = {task_id: (number, newest) for task_id, number, newest in rows}
        for task_id, counts in found.items():
            counts.extend(known.get(task_id, (0, 0)))
    return {task_id: f"{a}.{b}-{c}.{d}-{e}.{f}" for task_id, (a, b, c, d, e, f) in found.items()}


def _contacts() -> Select[int, int, int]:
    return select(Contact.task_id, func.count(), func.max(Contact.id))


def _messages() -> Select[int | None, int, int]:
    of = select(VoiceboxMessage.task_id, func.count(), func.max(VoiceboxMessage.id))
    return of.where(VoiceboxMessage.state == MessageState.LEFT)


def _events() -> Select[int, int, int]:
    of = select(TaskEvent.task_id, func.count(), func.max(TaskEvent.id))
    return of.where(TaskEvent.kind.in_(_BY_CALLER), TaskEvent.user_id.is_(None))


def is_newer(now: str, seen: str) -> bool:
    """Whether something has come since a mark was made. What is no mark has seen nothing."""
    before, after = _counts(seen), _counts(now)
    return before is None or after is None or any(new > old for new, old in zip(after, before, strict=True))


def _counts(written: str) -> _Counts | None:
    parts = _MARK.fullmatch(written)
    return tuple(int(part) for part in parts.groups()) if parts else None


def has_come(
    session: Session, task: CallbackTask, user: User | None, seen: str = "", *, since: datetime | None = None
) -> bool:
    """Whether something has come to a task that the user has not seen. `user`: None where a program acts.

    `seen`: the mark of the page they look at. `since`: what counts for who never had the page open, if not the claim.
    """
    if not seen and user is not None:
        view = session.get(TaskView, (task.id, user.id))
        seen = (view.seen or "") if view else ""
    if seen:
        return is_newer(mark(session, task.id), seen)
    instant = since or task.claimed_at
    return _since(session, task, instant) if instant is not None else False


def _since(session: Session, task: CallbackTask, instant: datetime) -> bool:
    later = select(TaskEvent.id).where(
        TaskEvent.task_id == task.id,
        TaskEvent.kind.in_(_BY_CALLER),
        TaskEvent.user_id.is_(None),
        TaskEvent.at > instant,
    )
    # Of several messages of one call the first alone is an event.
    left = select(VoiceboxMessage.id).where(
        VoiceboxMessage.task_id == task.id,
        VoiceboxMessage.state == MessageState.LEFT,
        VoiceboxMessage.left_at > instant,
    )
    return bool(session.scalar(select(or_(later.exists(), left.exists()))))


def require_seen(
    session: Session, task: CallbackTask, user: User | None, seen: str = "", *, since: datetime | None = None
) -> None:
    """Check that nothing has come to a task that the user has not seen.

    Raises:
        Refused: `new_message`.
    """
    if has_come(session, task, user, seen, since=since):
        raise Refused(Refusal.NEW_MESSAGE)
