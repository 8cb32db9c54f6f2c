"""Around a task's page: who has it open, what is being written, and what is understood of the caller."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, joinedload

from ivr.accounts import teams
from ivr.callbacks import claims, search_index, sla_clocks
from ivr.callbacks.workflow import Refused
from ivr.config.settings import settings
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask, Draft, TaskEvent, TaskView
from ivr.models.voicebox import Recording
from ivr.platform.column_types import insert, rows

#: A page that is open says so every few seconds.
_OPEN_FOR = timedelta(seconds=15)


def is_looking(session: Session, task_id: int, user: User, now: datetime) -> None:
    """The user has the page open."""
    new = insert(session.get_bind().dialect, TaskView).values(task_id=task_id, user_id=user.id, seen_at=now)
    again = new.on_conflict_do_update(index_elements=[TaskView.task_id, TaskView.user_id], set_={"seen_at": now})
    session.execute(again)


def who_else_looks(session: Session, task_id: int, user: User, now: datetime) -> Sequence[User]:
    """Who else has the page open."""
    others = (
        select(TaskView)
        .where(TaskView.task_id == task_id, TaskView.user_id != user.id, TaskView.seen_at > now - _OPEN_FOR)
        .options(joinedload(TaskView.user))
    )
    return [view.user for view in session.scalars(others)]


def keep_draft(session: Session, task: CallbackTask, user: User, text: str, now: datetime) -> None:
    """What the user is writing; kept across reloads, log-outs and crashes until it is saved or emptied."""
    claims.used(session, task, user, now)
    if not text.strip():
        drop_draft(session, task, user)
        return
    values = {"text": text[:20_000], "saved_at": now}
    new = insert(session.get_bind().dialect, Draft).values(user_id=user.id, task_id=task.id, **values)
    session.execute(new.on_conflict_do_update(index_elements=[Draft.user_id, Draft.task_id], set_=values))


def draft(session: Session, task_id: int, user: User) -> str:
    """What the user was writing."""
    found = session.get(Draft, (user.id, task_id))
    return found.text if found else ""


def drop_draft(session: Session, task: CallbackTask, user: User) -> None:
    """It is saved, or not wanted."""
    session.execute(delete(Draft).where(Draft.user_id == user.id, Draft.task_id == task.id))


def name_caller(session: Session, task: CallbackTask, user: User, name: str, now: datetime) -> None:
    """Who has called, as the member has understood it."""
    task.caller_name = " ".join(name.split())[:120] or None
    session.add(TaskEvent(task_id=task.id, user_id=user.id, at=now, kind="named", text=task.caller_name))
    search_index.index(session, task)


def correct(session: Session, recording: Recording, user: User, text: str, now: datetime) -> None:
    """Write down what was really said; the machine's text stays beside it.

    Raises:
        Refused: `nothing_to_correct` where there is no transcript.
    """
    transcript, task = recording.transcript, recording.message.task
    if transcript is None or task is None:
        raise Refused("nothing_to_correct")
    transcript.corrected_text = text.strip()[:20_000] or None
    transcript.corrected_at = now
    session.add(TaskEvent(task_id=task.id, user_id=user.id, at=now, kind="corrected"))
    search_index.index(session, task)


def hand_over(session: Session, task: CallbackTask, user: User, team_key: str, reason: str, now: datetime) -> None:
    """Give a task to another team, with a reason; its deadline stays.

    Raises:
        Refused: `reason_needed`, `no_team`, `closed`, or that somebody else holds it.
    """
    if not reason.strip():
        raise Refused("reason_needed")
    if team_key not in settings().teams or task.team.key == team_key:
        raise Refused("no_team")
    team = teams.by_key(session, team_key, settings().teams[team_key].name)
    session.flush()
    mine = (CallbackTask.state == "claimed") & (CallbackTask.claimed_by_id == user.id)
    free = (CallbackTask.state == "open") | mine
    values = {"team_id": team.id, "state": "open", "claimed_by_id": None, "claimed_at": None, "claim_used_at": None}
    handed = session.execute(update(CallbackTask).where(CallbackTask.id == task.id, free).values(values))
    session.refresh(task)
    if rows(handed) != 1:
        raise Refused(task.state, by=task.claimed_by.name if task.claimed_by else "")
    said = f"{team.name}: {reason.strip()[:500]}"
    session.add(TaskEvent(task_id=task.id, user_id=user.id, at=now, kind="handed_over", text=said))
    sla_clocks.tell(session, task, now)
