"""Who has read a team's tasks, and what of it is unusual."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from ivr.audit import access_log
from ivr.config.settings import settings
from ivr.domain import text_folding
from ivr.domain.enums import AccessAction, TaskEventKind, TaskState, UnusualReading
from ivr.models.accounts import User
from ivr.models.audit import AccessLine
from ivr.models.callbacks import Attempt, CallbackTask, TaskEvent

#: Lines on one page.
PAGE = 100
#: Of callers' data.
READING = (
    AccessAction.VIEW,
    AccessAction.OPEN,
    AccessAction.LISTEN,
    AccessAction.SEARCH,
    AccessAction.EXPORT,
    AccessAction.DOWNLOAD,
)
#: More tasks uncovered, or searches, by one person in a day are unusual.
MANY_TASKS, MANY_SEARCHES, MANY_EXPORTED = 60, 60, 100
#: Unusual hours (local).
NIGHT = (20, 6)
COVERED = "covered"
#: Within what time who has read a task should have rung or written: who claims one in the evening rings in the morning.
_OPENED_FOR, _CLAIMED_FOR = timedelta(hours=12), timedelta(days=14)
#: Events that are neither a call nor anything written.
_HANDED_AROUND = (TaskEventKind.CLAIMED, TaskEventKind.RELEASED, TaskEventKind.TAKEN_OVER, TaskEventKind.ASSIGNED)
#: Letters of a part of a name that many share.
_PARTICLE = 2


def of_teams(
    session: Session, team_keys: Collection[str], *, before: int | None = None, covered: bool = False
) -> Sequence[AccessLine]:
    """The latest lines about tasks of some teams, a page of them before a number.

    Lines of a task that was handed over stay with the team it then was of. Glances at a covered page only where
    they are asked for.
    """
    programs = (AccessLine.team.is_(None)) & (AccessLine.role == "program")
    query = select(AccessLine).where(AccessLine.action.in_(READING), or_(AccessLine.team.in_(team_keys), programs))
    if not covered:
        query = query.where(AccessLine.detail != COVERED)
    return _page(session, query, before)


def of_task(session: Session, task: CallbackTask, *, before: int | None = None) -> Sequence[AccessLine]:
    """A page of the lines about a task, and of those that name it among others, the latest first.

    Whatever team it was of.
    """
    return list(islice(about(session, [task], before=before), PAGE))


def about(session: Session, tasks: Collection[CallbackTask], *, before: int | None = None) -> Iterator[AccessLine]:
    """All lines about some tasks, the latest first; without glances at a covered page."""
    if not tasks:
        return
    ids, began_at = {task.id for task in tasks}, min(task.first_contact_at for task in tasks)
    among_others = and_(access_log.IS_ABOUT_SEVERAL, AccessLine.at >= began_at)
    query = select(AccessLine).where(AccessLine.detail != COVERED, or_(AccessLine.task_id.in_(ids), among_others))
    if before is not None:
        query = query.where(AccessLine.number < before)
    for line in session.scalars(query.order_by(AccessLine.number.desc()).execution_options(yield_per=500)):
        if line.task_id in ids or any(one in named for named in access_log.ranges_of(line.detail) for one in ids):
            yield line


def all_lines(
    session: Session, *, actor: str = "", action: str = "", before: int | None = None
) -> Sequence[AccessLine]:
    """A page of the whole log for the data protection officer."""
    query = select(AccessLine)
    if actor:
        query = query.where(AccessLine.actor == actor)
    if action:
        query = query.where(AccessLine.action == action)
    return _page(session, query, before)


def _page(session: Session, query: Select[AccessLine], before: int | None) -> Sequence[AccessLine]:
    if before is not None:
        query = query.where(AccessLine.number < before)
    return session.scalars(query.order_by(AccessLine.number.desc()).limit(PAGE)).all()


def codes_of(session: Session, task_ids: Collection[int | None]) -> dict[int, str]:
    """Receipt codes of tasks that are still there.

    The log itself names none, so that it keeps no trace of a task that was deleted but its bare number.
    """
    wanted = {task_id for task_id in task_ids if task_id is not None}
    found = session.execute(select(CallbackTask.id, CallbackTask.receipt_code).where(CallbackTask.id.in_(wanted)))
    return {row.id: row.receipt_code for row in found}


@dataclass(frozen=True)
class Unusual:
    """A reading that somebody should ask about.

    `kind`: many_tasks, many_searches, many_exported, at_night, own_name, no_call.
    """

    kind: str
    actor: str
    day: datetime
    count: int
    #: Ids of tasks, at most five.
    task_ids: tuple[int, ...] = ()


def unusual(session: Session, first: datetime, last: datetime) -> list[Unusual]:
    """Unusual reading of a period (at most 366 days), by person and local day.

    `no_call`: a task was read, opened with a reason or claimed and given back, and the person neither rang nor wrote
    anything afterwards.
    """
    zone = settings().hours.zone
    tasks: dict[tuple[str, object], set[int]] = defaultdict(set)
    night: dict[tuple[str, object], set[int]] = defaultdict(set)
    searches: Counter[tuple[str, object]] = Counter()
    exported: Counter[tuple[str, object]] = Counter()
    opened: dict[tuple[int, int], tuple[str, datetime, bool]] = {}
    columns = (
        AccessLine.at, AccessLine.action, AccessLine.user_id, AccessLine.actor, AccessLine.task_id, AccessLine.detail,
        AccessLine.reason,
    )  # fmt: skip
    query = select(*columns).where(
        AccessLine.at >= first, AccessLine.at < last, AccessLine.action.in_(READING), AccessLine.user_id.is_not(None)
    )
    for line in session.execute(query.order_by(AccessLine.number).execution_options(yield_per=500)):
        local = line.at.astimezone(zone)
        key = (line.actor, local.date())
        if line.action == AccessAction.SEARCH:
            searches[key] += 1
        elif line.action in (AccessAction.EXPORT, AccessAction.DOWNLOAD):
            exported[key] += 1 if line.task_id else sum(map(len, access_log.ranges_of(line.detail)))
        elif line.detail != COVERED and line.task_id:
            tasks[key].add(line.task_id)
        by_night = local.hour >= NIGHT[0] or local.hour < NIGHT[1]
        if by_night and line.task_id and line.detail != COVERED and line.action != AccessAction.EXPORT:
            night[key].add(line.task_id)
        if line.task_id and line.user_id and (line.action == AccessAction.OPEN or line.reason == "claim"):
            claimed = line.action != AccessAction.OPEN
            opened.setdefault((line.user_id, line.task_id), (line.actor, line.at, claimed))
    found = [
        *_many(UnusualReading.MANY_TASKS, {key: len(ids) for key, ids in tasks.items()}, MANY_TASKS),
        *_many(UnusualReading.MANY_SEARCHES, searches, MANY_SEARCHES),
        *_many(UnusualReading.MANY_EXPORTED, exported, MANY_EXPORTED),
        *(_of_tasks(UnusualReading.AT_NIGHT, key, ids) for key, ids in night.items()),
        *_own_names(session, first, last, zone),
        *_without_a_call(session, opened, zone),
    ]
    return sorted(found, key=lambda one: (one.day, one.actor, one.kind), reverse=True)


def _many(kind: str, counts: dict[tuple[str, object], int], most: int) -> list[Unusual]:
    return [Unusual(kind, actor, _instant(day), n) for (actor, day), n in counts.items() if n > most]


def _of_tasks(kind: str, key: tuple[str, object], ids: Collection[int]) -> Unusual:
    return Unusual(kind, key[0], _instant(key[1]), len(ids), tuple(sorted(ids))[:5])


def _instant(day: object) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=settings().hours.zone)


def _own_names(session: Session, first: datetime, last: datetime, zone: object) -> list[Unusual]:
    """Tasks whose caller bears the reader's own surname: by what the desk knows of the caller now."""
    lines = session.execute(
        select(AccessLine.user_id, AccessLine.actor, AccessLine.task_id, AccessLine.at, CallbackTask.caller_name)
        .join(CallbackTask, CallbackTask.id == AccessLine.task_id)
        .where(
            AccessLine.at >= first,
            AccessLine.at < last,
            AccessLine.action.in_((AccessAction.OPEN, AccessAction.VIEW, AccessAction.LISTEN, AccessAction.DOWNLOAD)),
            AccessLine.detail != COVERED,
            CallbackTask.caller_name.is_not(None),
            AccessLine.user_id.is_not(None),
        )
    )
    names = {user.id: user.name for user in session.scalars(select(User))}
    found: dict[tuple[str, object], set[int]] = defaultdict(set)
    for line in lines:
        surname = (f"- {names.get(line.user_id) or line.actor}").split()[-1]
        if _parts(_telling(surname)) & _parts(text_folding.WORD.findall(line.caller_name)):
            found[(line.actor, line.at.astimezone(zone).date())].add(line.task_id)
    return [_of_tasks(UnusualReading.OWN_NAME, key, ids) for key, ids in found.items()]


def _parts(words: Iterable[str]) -> set[str]:
    """Parts of names in every way they may be written."""
    return {spelling for word in words for spelling in text_folding.spellings(word)}


def _telling(name: str) -> list[str]:
    """The words of a surname that say whose it is; short ones (El-, Al-, O') where there is no longer one."""
    words = text_folding.WORD.findall(name)
    return [word for word in words if len(word) > _PARTICLE] or words


def _without_a_call(
    session: Session, opened: dict[tuple[int, int], tuple[str, datetime, bool]], zone: object
) -> list[Unusual]:
    found: dict[tuple[str, object], set[int]] = defaultdict(set)
    for (user_id, task_id), (actor, at, claimed) in opened.items():
        until = at + (_CLAIMED_FOR if claimed else _OPENED_FOR)
        rang = select(Attempt.id).where(
            Attempt.task_id == task_id, Attempt.user_id == user_id, Attempt.at >= at, Attempt.at < until
        )
        wrote = select(TaskEvent.id).where(
            TaskEvent.task_id == task_id, TaskEvent.user_id == user_id, TaskEvent.at >= at, TaskEvent.at < until,
            TaskEvent.kind.not_in(_HANDED_AROUND),
        )  # fmt: skip
        holds = select(CallbackTask.id).where(
            CallbackTask.id == task_id, CallbackTask.state == TaskState.CLAIMED, CallbackTask.claimed_by_id == user_id
        )
        if session.scalar(holds) is not None:
            continue
        if session.scalar(rang.limit(1)) is None and session.scalar(wrote.limit(1)) is None:
            found[(actor, at.astimezone(zone).date())].add(task_id)  # type: ignore[arg-type]
    return [_of_tasks(UnusualReading.NO_CALL, key, ids) for key, ids in found.items()]


def searched_lately(session: Session, user_id: int, detail: str, since: datetime) -> bool:
    """Whether somebody's very search was written down a moment ago (a page refreshes itself)."""
    return _lately(session, user_id, AccessAction.SEARCH, AccessLine.detail == detail, since)


def listened_lately(session: Session, user_id: int, detail: str, since: datetime) -> bool:
    """Whether somebody's listening to a recording was written down a moment ago (a player asks for it in pieces)."""
    return _lately(session, user_id, AccessAction.LISTEN, AccessLine.detail == detail, since)


def _lately(session: Session, user_id: int, action: str, what: object, since: datetime) -> bool:
    query = select(AccessLine.number).where(
        AccessLine.user_id == user_id,
        AccessLine.action == action,
        AccessLine.at > since,
        what,  # type: ignore[arg-type]
    )
    return session.scalar(query.limit(1)) is not None
