"""Counts the metrics of each local day: today every few seconds, the last days once a day, final days never again.

Events of a day may become known days later (a recording found at the carrier, a wrap-up). After :data:`OPEN_DAYS` the
day is final. Final metrics survive the deletion of the tasks that they count, and never change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from ivr.callbacks.sla_clocks import SETTLED_AFTER
from ivr.config.settings import settings
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.reporting import DailyMetric, MetricDay
from ivr.platform import clock_watch
from ivr.platform.column_types import insert as upsert
from ivr.platform.work_models import Checkpoint
from ivr.reporting.metric_sources import DIMENSIONS, SOURCE_OF, SOURCES, Source

#: Days after which a day is final.
OPEN_DAYS = SETTLED_AFTER.days
#: The checkpoint that stands while something is written into past days that is not counted yet.
UNCOUNTED = "uncounted"
#: Today is counted again after this time.
_EVERY = timedelta(seconds=20)
#: Days are counted together if no more calls came in all of them, so that others do not wait long to write.
_FEW = 500
_Metrics = dict[tuple[str, str, str], float]


def local_day(now: datetime) -> date:
    """The local day of a UTC instant."""
    return now.astimezone(settings().hours.zone).date()


def bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """The UTC instants at which the local day `first` begins and the local day `last` ends, DST changes included."""
    zone = settings().hours.zone
    ends = (datetime.combine(day, time(0), zone) for day in (first, last + timedelta(days=1)))
    start, end = (end.astimezone(UTC) for end in ends)
    return start, end


def count(session: Session, day: date) -> _Metrics:
    """Count the events of a local day, by (dimension, metric, key)."""
    return _count(session, day, day, None).get(day, {})


def _count(session: Session, first: date, last: date, now: datetime | None) -> dict[date, _Metrics]:
    """Count the events of each local day of a period, by (dimension, metric, key); nothing of days without one."""
    found: dict[date, _Metrics] = {}
    for source in SOURCES:
        for row in _rows(session, source, first, last, now):
            of_day = found.setdefault(local_day(row.at + source.later), defaultdict(float))
            keys = [("", ""), *_keys(source, row)]
            for metric, value in source.count(row).items():
                if value:
                    for dimension, key in keys:
                        of_day[dimension, metric, key] += float(value)
    return found


def _rows(session: Session, source: Source, first: date, last: date, now: datetime | None = None) -> Iterable[Row[Any]]:
    start, end = (edge - source.later for edge in bounds(first, last))
    if source.later and now is not None:
        end = min(end, now - source.later)
    return session.execute(source.rows.where(source.at >= start, source.at < end))


def _keys(source: Source, row: Row[Any]) -> Iterable[tuple[str, str]]:
    for dimension in DIMENSIONS:
        if dimension == "hour":
            if source.hourly:
                yield "hour", str(row.at.astimezone(settings().hours.zone).hour)
        elif hasattr(row, dimension):
            yield dimension, getattr(row, dimension) or ""


def count_day(
    session: Session, day: date, now: datetime, counted: Mapping[tuple[str, str, str], float] | None = None
) -> bool:
    """Count a local day and store its metrics (or what was `counted` already). Not if the day is final: then False."""
    if not _begin(session, [day], now):
        return False
    store(session, day, _count(session, day, day, now).get(day, {}) if counted is None else counted)
    return True


def count_days(session: Session, days: Sequence[date], now: datetime) -> None:
    """Count local days that follow each other, with one pass of statements. Those that are final stay as they are."""
    begun = _begin(session, days, now)
    if begun:
        counted = _count(session, min(begun), max(begun), now)
        _store(session, {day: counted.get(day, {}) for day in begun})


def _begin(session: Session, days: Sequence[date], now: datetime) -> set[date]:
    """Note that days are counted now. Returns those that are not final; what a clock counted that was ahead is not."""
    open_since = local_day(now) - timedelta(days=OPEN_DAYS)
    rows = [{"day": day, "counted_at": now, "final": day < open_since} for day in days]
    new = upsert(session.get_bind().dialect, MetricDay).values(rows)
    again = new.on_conflict_do_update(
        index_elements=[MetricDay.day],
        set_={"counted_at": new.excluded.counted_at, "final": new.excluded.final},
        where=or_(MetricDay.final.is_(False), MetricDay.counted_at > now + clock_watch.DIFFERENCE),
    )
    return set(session.scalars(again.returning(MetricDay.day)))


def together(session: Session, days: Sequence[date]) -> list[list[date]]:
    """Days in groups that are counted in one transaction: days that follow each other, as long as few calls came."""
    groups = list[list[date]]()
    for day in sorted(days):
        if groups and groups[-1][-1] == day - timedelta(days=1):
            groups[-1].append(day)
        else:
            groups.append([day])
    return [part for group in groups for part in ([group] if _is_quiet(session, group) else [[day] for day in group])]


def _is_quiet(session: Session, days: Sequence[date]) -> bool:
    start, end = bounds(days[0], days[-1])
    came = select(func.count()).select_from(Call).where(Call.started_at >= start, Call.started_at < end)
    return (session.scalar(came) or 0) <= _FEW


def store(session: Session, day: date, counted: Mapping[tuple[str, str, str], float]) -> None:
    """Store the metrics of a local day in place of those that are stored."""
    _store(session, {day: counted})


def _store(session: Session, counted: Mapping[date, Mapping[tuple[str, str, str], float]]) -> None:
    session.execute(delete(DailyMetric).where(DailyMetric.day.in_(counted)))
    rows = [
        {"dimension": dimension, "name": name, "day": day, "key": key, "value": value}
        for day, of_day in sorted(counted.items())
        for (dimension, name, key), value in sorted(of_day.items())
    ]
    if rows:
        session.execute(insert(DailyMetric), rows)


def stored(session: Session, day: date) -> dict[tuple[str, str, str], float]:
    """The stored metrics of a local day."""
    found = session.execute(
        select(DailyMetric.dimension, DailyMetric.name, DailyMetric.key, DailyMetric.value).where(
            DailyMetric.day == day
        )
    )
    return {(dimension, name, key): value for dimension, name, key, value in found}


def final_days(session: Session, first: date, last: date) -> set[date]:
    """The days of a period that are final."""
    final = select(MetricDay.day).where(MetricDay.day.between(first, last), MetricDay.final)
    return set(session.scalars(final))


def due(session: Session, now: datetime, limit: int = 20) -> Sequence[date]:
    """The local days to be counted now: today, days that are not final, and older days that were never counted."""
    today = local_day(now)
    known = {row.day: row for row in session.scalars(select(MetricDay).where(MetricDay.final.is_(False)))}
    wanted = []
    for day in (today - timedelta(days=number) for number in range(OPEN_DAYS + 1)):
        last = known[day].counted_at if day in known else None
        last = None if last is not None and clock_watch.is_in_future(last, now) else last
        if last is None or (last < now - _EVERY if day == today else local_day(last) < today):
            wanted.append(day)
    stale = sorted(day for day in known if day < today - timedelta(days=OPEN_DAYS))
    missing = stale or _never_counted(session, today - timedelta(days=OPEN_DAYS + 1), limit)
    return [*wanted, *missing[:limit]]


def _never_counted(session: Session, last: date, limit: int) -> list[date]:
    """Past days that were never counted, from the first call on, the latest first."""
    first_call = session.scalar(select(func.min(Call.started_at)))
    first_task = session.scalar(select(func.min(CallbackTask.first_contact_at)))
    begins = [local_day(at) for at in (first_call, first_task) if at is not None]
    if not begins or min(begins) > last:
        return []
    days = (last - min(begins)).days + 1
    between = MetricDay.day.between(min(begins), last)
    if session.scalar(select(func.count()).select_from(MetricDay).where(between)) == days:
        return []
    counted = set(session.scalars(select(MetricDay.day).where(between)))
    return [day for day in (last - timedelta(days=number) for number in range(days)) if day not in counted][:limit]


# -- reading ------------------------------------------------------------------------------------------


def totals(session: Session, first: date, last: date, names: Sequence[str], **of: str) -> dict[str, float]:
    """Sums of metrics over a period of local days, in total or for one key: `totals(…, team="benefits")`."""
    dimension, key = next(iter(of.items()), ("", ""))
    query = select(DailyMetric.name, func.sum(DailyMetric.value)).where(
        DailyMetric.dimension == dimension, DailyMetric.name.in_(names), DailyMetric.day.between(first, last)
    )
    if dimension:
        query = query.where(DailyMetric.key == key)
    found = dict(session.execute(query.group_by(DailyMetric.name)).all())
    return {name: found.get(name, 0.0) for name in names}


def by(session: Session, dimension: str, first: date, last: date, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Sums of metrics by the keys of a dimension."""
    query = select(DailyMetric.key, DailyMetric.name, func.sum(DailyMetric.value)).where(
        DailyMetric.dimension == dimension, DailyMetric.name.in_(names), DailyMetric.day.between(first, last)
    )
    found: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(names, 0.0))
    for key, name, value in session.execute(query.group_by(DailyMetric.key, DailyMetric.name)):
        found[key][name] = value
    return dict(found)


def by_day(
    session: Session, first: date, last: date, name: str, dimension: str = ""
) -> Mapping[tuple[date, str], float]:
    """A metric of each day, and of each key of a dimension."""
    query = select(DailyMetric.day, DailyMetric.key, DailyMetric.value).where(
        DailyMetric.dimension == dimension, DailyMetric.name == name, DailyMetric.day.between(first, last)
    )
    return {(day, key): value for day, key, value in session.execute(query)}


def any_counted(session: Session, first: date, last: date) -> bool:
    """Whether any day of a period was counted."""
    return session.scalar(select(MetricDay.day).where(MetricDay.day.between(first, last)).limit(1)) is not None


def first_event(session: Session) -> date | None:
    """The first local day on which anything was counted: there was no hotline before."""
    return session.scalar(select(func.min(DailyMetric.day)))


def counted_days(session: Session, first: date, last: date) -> set[date]:
    """The days of a period that were counted."""
    return set(session.scalars(select(MetricDay.day).where(MetricDay.day.between(first, last))))


def all_final(session: Session, first: date, last: date) -> bool:
    """Whether the metrics of a period are final. Days before the first call count as final."""
    if session.get(Checkpoint, UNCOUNTED, populate_existing=True) is not None:
        return False
    open_ = select(MetricDay.day).where(MetricDay.day.between(first, last), MetricDay.final.is_(False)).limit(1)
    return session.scalar(open_) is None and not _never_counted(session, last, 1)


@dataclass(frozen=True)
class Counted:
    """One event that a metric has counted: its UTC instant, its dimensions, and its task."""

    at: datetime
    known: Mapping[str, str]
    task_id: int | None


def counted_events(
    session: Session,
    metric: str,
    first: date,
    last: date,
    dimension: str = "",
    key: str = "",
    limit: int = 500,
    weekday: int | None = None,
    now: datetime | None = None,
) -> Sequence[Counted]:
    """The stored events that a metric has counted in a period of local days, the latest first.

    `weekday` restricts them to one weekday (0 is Monday), `now` to what has happened.

    Raises:
        KeyError: there is no such metric.
    """
    source, found = SOURCE_OF[metric], list[Counted]()
    for day in (last - timedelta(days=number) for number in range((last - first).days + 1)):
        if weekday is not None and day.weekday() != weekday:
            continue
        for row in sorted(_rows(session, source, day, day, now), key=lambda one: one.at, reverse=True):
            known = dict(_keys(source, row))
            if (not dimension or known.get(dimension) == key) and source.count(row).get(metric):
                found.append(Counted(row.at + source.later, known, row.task_id))
        if len(found) >= limit:
            break
    return found[:limit]
