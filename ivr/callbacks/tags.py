"""Tags (Schlagwörter): words of a team's list by which its tasks are sorted and filtered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session, joinedload

from ivr.callbacks import events
from ivr.callbacks.refused import Refused
from ivr.callbacks.task_locks import lock_task
from ivr.domain.enums import Refusal, TaskEventKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.team_tools import Tag, task_tags

#: Most tags of one team.
_MOST = 30


def of_teams(session: Session, team_ids: Collection[int]) -> Sequence[Tag]:
    """The tags of some teams, by name."""
    query = select(Tag).where(Tag.team_id.in_(team_ids)).options(joinedload(Tag.team))
    return session.scalars(query.order_by(Tag.name, Tag.id)).all()


def add(session: Session, team_id: int, name: str) -> Tag:
    """Add a tag to the list of a team.

    Raises:
        Refused: `name_needed`, `name_taken`, or `too_many_tags`.
    """
    name = " ".join(name.split())[:40]
    known = {one.name.casefold() for one in of_teams(session, [team_id])}
    if not name:
        raise Refused(Refusal.NAME_NEEDED)
    if name.casefold() in known:
        raise Refused(Refusal.NAME_TAKEN)
    if len(known) >= _MOST:
        raise Refused(Refusal.TOO_MANY_TAGS)
    tag = Tag(team_id=team_id, name=name)
    session.add(tag)
    return tag


def of_tasks(session: Session, task_ids: Collection[int]) -> dict[int, list[str]]:
    """The tags of some tasks, by the ids of those that have any."""
    found: dict[int, list[str]] = defaultdict(list)
    query = select(task_tags.c.task_id, Tag.name).join(Tag, Tag.id == task_tags.c.tag_id).order_by(Tag.name)
    for task_id, name in session.execute(query.where(task_tags.c.task_id.in_(task_ids))) if task_ids else ():
        found[task_id].append(name)
    return dict(found)


def choose(session: Session, task: CallbackTask, tag_ids: Collection[int], user: User, now: datetime) -> None:
    """Give a task these of its team's tags, and take its others of them away. Those of another team stay."""
    lock_task(session, task.id)
    own = {tag.id: tag.name for tag in of_teams(session, [task.team_id])}
    theirs = (task_tags.c.task_id == task.id, task_tags.c.tag_id.in_(own))
    known = set(session.scalars(select(task_tags.c.tag_id).where(*theirs)))
    wanted = {tag_id for tag_id in tag_ids if tag_id in own}
    if known == wanted:
        return
    session.execute(delete(task_tags).where(*theirs))
    _put(session, task.id, wanted)
    named = ", ".join(sorted(own[tag_id] for tag_id in wanted))
    events.record(session, task.id, TaskEventKind.TAGGED, now, user_id=user.id, text=named or None)


def join(session: Session, task_id: int, other_id: int) -> dict[str, list[int]]:
    """Move the tags of a task to the one it is merged into. What :func:`part` needs: its tags, and the new ones."""
    theirs, known = (_ids(session, one) for one in (other_id, task_id))
    session.execute(delete(task_tags).where(task_tags.c.task_id == other_id))
    _put(session, task_id, theirs - known)
    return {"theirs": sorted(theirs), "added": sorted(theirs - known)}


def part(session: Session, task_id: int, joined: Mapping[str, Collection[int]]) -> None:
    """Take the tags from a task that a merge has given it."""
    added = task_tags.c.tag_id.in_(joined.get("added", ()))
    session.execute(delete(task_tags).where(task_tags.c.task_id == task_id, added))


def give_back(session: Session, other_id: int, joined: Mapping[str, Collection[int]]) -> None:
    """Give a task that was merged its tags again, as far as there are such tags."""
    there = set(session.scalars(select(Tag.id).where(Tag.id.in_(joined.get("theirs", ())))))
    _put(session, other_id, there - _ids(session, other_id))


def _ids(session: Session, task_id: int) -> set[int]:
    return set(session.scalars(select(task_tags.c.tag_id).where(task_tags.c.task_id == task_id)))


def _put(session: Session, task_id: int, tag_ids: Collection[int]) -> None:
    if tag_ids:
        session.execute(insert(task_tags), [{"task_id": task_id, "tag_id": tag_id} for tag_id in sorted(tag_ids)])
