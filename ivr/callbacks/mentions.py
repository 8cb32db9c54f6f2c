"""Mentions: a note names a colleague (@mia, or @ and the whole name), who then sees the task among their mentions.

Only who may see the task is told of it. Who may not is told nothing, and the writer of the note learns that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select, update
from sqlalchemy.orm import Session, lazyload

from ivr.domain.roles import SERVING
from ivr.domain.text_folding import folded
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask
from ivr.models.desk import Mention

_SIGN = "@"
#: Without the teams that come with a person otherwise: two statements that nobody here reads.
_WITHOUT_TEAMS = (lazyload(User.teams), lazyload(User.supervised))


def may_see(session: Session, task: CallbackTask) -> Sequence[User]:
    """The active people who may see a task, by name: those of its team, and who supervises it."""
    query = _people().where(_serves(task.team_id))
    return session.scalars(query.order_by(User.name)).all()


def record(session: Session, task: CallbackTask, writer: User, text: str, now: datetime) -> None:
    """Tell the colleagues whom a note names that they are mentioned. Those who may not see the task are left out."""
    if _SIGN not in text:
        return
    known = set(session.scalars(select(Mention.user_id).where(Mention.task_id == task.id, Mention.seen_at.is_(None))))
    for user in _named(text, may_see(session, task)):
        if user.id != writer.id and user.id not in known:
            session.add(Mention(task_id=task.id, user_id=user.id, by_id=writer.id, at=now))


def left_out(session: Session, task: CallbackTask, text: str) -> Sequence[str]:
    """Names of people whom a text names and who may not see the task: of another team, without tasks, or gone."""
    if _SIGN not in text:
        return []
    seeing = {user.id for user in may_see(session, task)}
    everybody = session.scalars(select(User).options(*_WITHOUT_TEAMS)).all()
    # Of two people with one name the one who is told counts.
    likely = sorted(everybody, key=lambda user: (user.id not in seeing, not user.active))
    return [user.name for user in _named(text, likely) if user.id not in seeing]


def seen(session: Session, task_id: int, user: User, now: datetime) -> None:
    """Note that somebody has opened a task in which they are mentioned."""
    theirs = (Mention.task_id == task_id, Mention.user_id == user.id, Mention.seen_at.is_(None))
    session.execute(update(Mention).where(*theirs).values(seen_at=now).execution_options(synchronize_session=False))


def _people() -> Select[User]:
    return select(User).where(User.active, User.role.in_(SERVING)).options(*_WITHOUT_TEAMS)


def _serves(team_id: int) -> ColumnElement[bool]:
    return or_(User.teams.any(Team.id == team_id), User.supervised.any(Team.id == team_id))


def _named(text: str, people: Sequence[User]) -> list[User]:
    """Whom of these people a text names, as search compares names: keyboards write one letter in several ways.

    Of names that begin alike the longest counts, of equal ones the one that is written letter by letter.
    """
    spelt = [(folded(name), name.casefold(), user) for user in people for name in (user.username, user.name)]
    names = [(f"{plain} ", letters, user) for plain, letters, user in spelt if plain]
    found: dict[int, User] = {}
    for rest in filter(None, text.split(_SIGN)[1:]):
        words, written = f"{folded(rest)} ", rest.casefold()
        fitting = [one for one in names if words.startswith(one[0])]
        if fitting:
            _, _, user = max(fitting, key=lambda one: (len(one[0]), written.startswith(one[1])))
            found[user.id] = user
    return list(found.values())
