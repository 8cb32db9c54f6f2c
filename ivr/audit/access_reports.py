"""Reports from the access log: accesses to tasks, and unusual accesses."""

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

#: The number of lines on a page.
PAGE = 100
#: Actions that read callers' data.
READING = (
    AccessAction.VIEW,
    AccessAction.OPEN,
    AccessAction.LISTEN,
    AccessAction.SEARCH,
    AccessAction.EXPORT,
    AccessAction.DOWNLOAD,
)
#: More uncovered tasks, searches or exported tasks of one user in a day are unusual.
MANY_TASKS, MANY_SEARCHES, MANY_EXPORTED = 60, 60, 100
#: The unusual hours (local).
NIGHT = (20, 6)
COVERED = "covered"
#: The time in which a user who has read a task should call or write. A task claimed in the evening is for the morning.
_OPENED_FOR, _CLAIMED_FOR = timedelta(hours=12), timedelta(days=14)
#: Events that are neither a call nor a text.
_HANDED_AROUND = (TaskEventKind.CLAIMED, TaskEventKind.RELEASED, TaskEventKind.TAKEN_OVER, TaskEventKind.ASSIGNED)
#: The length of parts of a name that many share.
_PARTICLE = 2


def of_teams(
    session: Session, team_keys: Collection[str], *, before: int | None = None, covered: bool = False
) -> Sequence[AccessLine]:
    """A page of the latest lines about tasks of some teams, before a line number.

    Lines of a task that was handed over stay with its earlier team. `covered` includes views of covered pages.
    """
    programs = (AccessLine.team.is_(None)) & (AccessLine.role == "program")
    query = select(AccessLine).where(AccessLine.action.in_(READING), or_(AccessLine.team.in_(team_keys), programs))
    if not covered:
        query = query.where(AccessLine.detail != COVERED)
    return _page(session, query, before)


def of_task(session: Session, task: CallbackTask, *, before: int | None = None) -> Sequence[AccessLine]:
    """A page of the lines about a task, the latest first, including lines about several tasks."""
    return list(islice(about(session, [task], before=before), PAGE))


def about(session: Session, tasks: Collection[CallbackTask], *, before: int | None = None) -> Iterator[AccessLine]:
    """All lines about some tasks, the latest first, without views of covered pages."""
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
    """A page of the whole log, for the data protection officer."""
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
    """The receipt codes of existing tasks. The log contains none, so that only the number of a deleted task remains."""
    wanted = {task_id for task_id in task_ids if task_id is not None}
    found = session.execute(select(CallbackTask.id, CallbackTask.receipt_code).where(CallbackTask.id.in_(wanted)))
    return {row.id: row.receipt_code for row in found}


@dataclass(frozen=True)
class Unusual:
    """An unusual access. `kind` is one of :class:`ivr.domain.enums.UnusualReading`."""

    kind: str
    actor: str
    day: datetime
    count: int
    #: Ids of at most five tasks.
    task_ids: tuple[int, ...] = ()


def unusual(session: Session, first: datetime, last: datetime) -> list[Unusual]:
    """The unusual accesses of a period (at most 366 days), by user and local day.

    `no_call`: a user opened a task with a reason, or claimed and released it, and neither called nor wrote anything.
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
    """Tasks whose caller has the reader's own surname, according to the caller's present name."""
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
        if _parts(_distinctive(surname)) & _parts(text_folding.parts_of(line.caller_name)):
            found[(line.actor, line.at.astimezone(zone).date())].add(line.task_id)
    return [_of_tasks(UnusualReading.OWN_NAME, key, ids) for key, ids in found.items()]


def _parts(words: Iterable[str]) -> set[str]:
    """The parts of names in all spellings."""
    return {spelling for word in words for spelling in text_folding.spellings(word)}


def _distinctive(name: str) -> list[str]:
    """The distinctive words of a surname. Short ones (El-, Al-, O') count only if there is no longer one."""
    words = text_folding.parts_of(name)
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


def searched_recently(session: Session, user_id: int, detail: str, since: datetime) -> bool:
    """Whether the same search of a user was logged since an instant, because pages refresh themselves."""
    return _recently(session, user_id, AccessAction.SEARCH, AccessLine.detail == detail, since)


def listened_recently(session: Session, user_id: int, detail: str, since: datetime) -> bool:
    """Whether the same playback of a user was logged since an instant, because players request audio in pieces."""
    return _recently(session, user_id, AccessAction.LISTEN, AccessLine.detail == detail, since)


def _recently(session: Session, user_id: int, action: str, what: object, since: datetime) -> bool:
    query = select(AccessLine.number).where(
        AccessLine.user_id == user_id,
        AccessLine.action == action,
        AccessLine.at > since,
        what,  # type: ignore[arg-type]
    )
    return session.scalar(query.limit(1)) is not None
