"""Work on one task by several people: who has its page open, drafts, the caller's name, corrections, other teams."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, joinedload

from ivr.accounts import teams
from ivr.callbacks import claims, events, search_index, workflow
from ivr.callbacks.refused import Refused
from ivr.config.settings import settings
from ivr.domain.enums import Refusal, TaskEventKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.desk import Draft, TaskView
from ivr.models.voicebox import Recording
from ivr.platform import live_events
from ivr.platform.column_types import insert

#: An open page reports itself every minute, and says when it is left.
_OPEN_FOR = timedelta(seconds=80)


def mark_opened(session: Session, task_id: int, user: User, now: datetime, seen: str) -> None:
    """Note that the user opens a task's page; `seen` is the mark of what the page shows, empty where it is covered."""
    mark_viewed(session, task_id, user, now, seen)
    _tell_who_looks(session, task_id)


def mark_viewed(session: Session, task_id: int, user: User, now: datetime, seen: str = "") -> None:
    """Note that the user has a task's page open."""
    values: dict[str, object] = {"seen_at": now, **({"seen": seen} if seen else {})}
    new = insert(session.get_bind().dialect, TaskView).values(task_id=task_id, user_id=user.id, **values)
    again = new.on_conflict_do_update(index_elements=[TaskView.task_id, TaskView.user_id], set_=values)
    session.execute(again)


def mark_left(session: Session, task_id: int, user: User, now: datetime) -> None:
    """Note that the user has left a task's page."""
    mine = update(TaskView).where(TaskView.task_id == task_id, TaskView.user_id == user.id)
    session.execute(mine.values(seen_at=now - _OPEN_FOR).execution_options(synchronize_session=False))
    _tell_who_looks(session, task_id)


def _tell_who_looks(session: Session, task_id: int) -> None:
    """Tell the open pages of a task that others look at it now; lists show nothing of that."""
    if live_events.are_published():
        team = session.scalar(select(CallbackTask.team_id).where(CallbackTask.id == task_id))
        live_events.tell(session, f"task:{task_id}", f"look:{team}")


def other_viewers(session: Session, task_id: int, user: User, now: datetime) -> Sequence[User]:
    """The other users who have a task's page open."""
    others = (
        select(TaskView)
        .where(TaskView.task_id == task_id, TaskView.user_id != user.id, TaskView.seen_at > now - _OPEN_FOR)
        .options(joinedload(TaskView.user))
    )
    return [view.user for view in session.scalars(others)]


def keep_draft(session: Session, task: CallbackTask, user: User, text: str, now: datetime) -> None:
    """Keep what the user is writing, across reloads, log-outs and crashes, until it is saved or emptied."""
    claims.mark_used(session, task, user, now)
    if not text.strip():
        drop_draft(session, task, user)
        return
    values = {"text": text[:20_000], "saved_at": now}
    new = insert(session.get_bind().dialect, Draft).values(user_id=user.id, task_id=task.id, **values)
    session.execute(new.on_conflict_do_update(index_elements=[Draft.user_id, Draft.task_id], set_=values))


def draft(session: Session, task_id: int, user: User) -> str:
    """The user's draft for a task; empty if there is none."""
    found = session.get(Draft, (user.id, task_id))
    return found.text if found else ""


def drop_draft(session: Session, task: CallbackTask, user: User) -> None:
    """Delete the user's draft for a task."""
    session.execute(delete(Draft).where(Draft.user_id == user.id, Draft.task_id == task.id))


def name_caller(session: Session, task: CallbackTask, user: User, name: str, now: datetime) -> None:
    """Note the caller's name, as the member has understood it."""
    task.caller_name = " ".join(name.split())[:120] or None
    events.record(session, task.id, TaskEventKind.NAMED, now, user_id=user.id, text=task.caller_name)
    search_index.index(session, task)


def correct(session: Session, recording: Recording, user: User, text: str, now: datetime) -> None:
    """Correct a transcript; the recognised text stays beside the correction.

    Raises:
        Refused: `nothing_to_correct` where there is no transcript.
    """
    transcript, task = recording.transcript, recording.message.task
    if transcript is None or task is None:
        raise Refused(Refusal.NOTHING_TO_CORRECT)
    transcript.corrected_text = text.strip()[:20_000] or None
    transcript.corrected_at = now
    events.record(session, task.id, TaskEventKind.CORRECTED, now, user_id=user.id)
    search_index.index(session, task)


def hand_over(session: Session, task: CallbackTask, user: User, team_key: str, reason: str, now: datetime) -> None:
    """Give a task to another team of the settings, with a reason. Its deadline stays.

    Raises:
        Refused: `reason_needed`, `no_team`, `closed`, or that somebody else holds it.
    """
    if not reason.strip():
        raise Refused(Refusal.REASON_NEEDED)
    if team_key not in settings().teams or task.team.key == team_key:
        raise Refused(Refusal.NO_TEAM)
    team = teams.by_key(session, team_key, settings().teams[team_key].name)
    workflow.hand_over(session, task, user, team, reason.strip()[:500], now)
