"""Counting days: today again and again, the last days once a day, and then never again.

What happened on a day may become known days later (a recording found at the carrier, a wrap-up); after
:data:`OPEN_DAYS` the day is final. What is final outlives the tasks it counts, and never changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.orm import Session

from ivr.callbacks.sla_clocks import SETTLED_AFTER
from ivr.config.settings import settings
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.reporting import DailyFigure, FigureDay
from ivr.platform.column_types import insert as upsert
from ivr.reporting.metric_sources import DIMENSIONS, SOURCE_OF, SOURCES, Source

#: Days after which a day is final.
OPEN_DAYS = SETTLED_AFTER.days
#: Today is counted again after so long.
_EVERY = timedelta(seconds=20)
_Figures = dict[tuple[str, str, str], float]


def local_day(now: datetime) -> date:
    """The day it is in Bremen."""
    return now.astimezone(settings().hours.zone).date()


def bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """From the first instant (UTC) of a local day to the first after another; DST nights included."""
    zone = settings().hours.zone
    ends = (datetime.combine(day, time(0), zone) for day in (first, last + timedelta(days=1)))
    start, end = (end.astimezone(UTC) for end in ends)
    return start, end


def count(session: Session, day: date) -> _Figures:
    """Everything that happened on a local day, by (dimension, figure, key)."""
    found: _Figures = defaultdict(float)
    for source in SOURCES:
        for row in _rows(session, source, day, day):
            keys = [("", ""), *_keys(source, row)]
            for figure, value in source.count(row).items():
                if value:
                    for dimension, key in keys:
                        found[dimension, figure, key] += float(value)
    return found


def _rows(session: Session, source: Source, first: date, last: date) -> Iterable[Row[Any]]:
    start, end = bounds(first, last)
    return session.execute(source.rows.where(source.at >= start, source.at < end))


def _keys(source: Source, row: Row[Any]) -> Iterable[tuple[str, str]]:
    for dimension in DIMENSIONS:
        if dimension == "hour":
            if source.hourly:
                yield "hour", str(row.at.astimezone(settings().hours.zone).hour)
        elif dimension in row._mapping:
            yield dimension, row._mapping[dimension] or ""


def keep(session: Session, day: date, now: datetime) -> bool:
    """Count a day and keep what was counted, unless it is final; False if it is."""
    final = day < local_day(now) - timedelta(days=OPEN_DAYS)
    new = upsert(session.get_bind().dialect, FigureDay).values(day=day, counted_at=now, final=final)
    again = new.on_conflict_do_update(
        index_elements=[FigureDay.day], set_={"counted_at": now, "final": final}, where=FigureDay.final.is_(False)
    )
    if session.scalar(again.returning(FigureDay.day)) is None:
        return False
    counted = count(session, day)
    session.execute(delete(DailyFigure).where(DailyFigure.day == day))
    if counted:
        session.execute(
            insert(DailyFigure),
            [
                {"dimension": dimension, "name": name, "day": day, "key": key, "value": value}
                for (dimension, name, key), value in sorted(counted.items())
            ],
        )
    return True


def due(session: Session, now: datetime, limit: int = 20) -> Sequence[date]:
    """Days that should be counted now: today, those that are not final, and older ones nobody has counted yet."""
    today = local_day(now)
    known = {row.day: row for row in session.scalars(select(FigureDay).where(FigureDay.final.is_(False)))}
    wanted = []
    for day in (today - timedelta(days=number) for number in range(OPEN_DAYS + 1)):
        last = known[day].counted_at if day in known else None
        if last is None or (last < now - _EVERY if day == today else local_day(last) < today):
            wanted.append(day)
    stale = sorted(day for day in known if day < today - timedelta(days=OPEN_DAYS))
    missing = stale or _never_counted(session, today - timedelta(days=OPEN_DAYS + 1), limit)
    return [*wanted, *missing[:limit]]


def _never_counted(session: Session, last: date, limit: int) -> list[date]:
    """Days of the past with calls, not counted yet, the latest first."""
    first_call = session.scalar(select(func.min(Call.started_at)))
    first_task = session.scalar(select(func.min(CallbackTask.first_contact_at)))
    begins = [local_day(at) for at in (first_call, first_task) if at is not None]
    if not begins or min(begins) > last:
        return []
    days = (last - min(begins)).days + 1
    between = FigureDay.day.between(min(begins), last)
    if session.scalar(select(func.count()).select_from(FigureDay).where(between)) == days:
        return []
    counted = set(session.scalars(select(FigureDay.day).where(between)))
    return [day for day in (last - timedelta(days=number) for number in range(days)) if day not in counted][:limit]


# -- reading ------------------------------------------------------------------------------------------


def totals(session: Session, first: date, last: date, names: Sequence[str], **of: str) -> dict[str, float]:
    """Sums of figures over a period of local days, in all or of one key: `totals(…, team="benefits")`."""
    dimension, key = next(iter(of.items()), ("", ""))
    query = select(DailyFigure.name, func.sum(DailyFigure.value)).where(
        DailyFigure.dimension == dimension, DailyFigure.name.in_(names), DailyFigure.day.between(first, last)
    )
    if dimension:
        query = query.where(DailyFigure.key == key)
    found = dict(session.execute(query.group_by(DailyFigure.name)).all())
    return {name: found.get(name, 0.0) for name in names}


def by(session: Session, dimension: str, first: date, last: date, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Sums of figures by the keys of a dimension."""
    query = select(DailyFigure.key, DailyFigure.name, func.sum(DailyFigure.value)).where(
        DailyFigure.dimension == dimension, DailyFigure.name.in_(names), DailyFigure.day.between(first, last)
    )
    found: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(names, 0.0))
    for key, name, value in session.execute(query.group_by(DailyFigure.key, DailyFigure.name)):
        found[key][name] = value
    return dict(found)


def by_day(
    session: Session, first: date, last: date, name: str, dimension: str = ""
) -> Mapping[tuple[date, str], float]:
    """A figure of each day, and of each key of a dimension."""
    query = select(DailyFigure.day, DailyFigure.key, DailyFigure.value).where(
        DailyFigure.dimension == dimension, DailyFigure.name == name, DailyFigure.day.between(first, last)
    )
    return {(day, key): value for day, key, value in session.execute(query)}


def any_counted(session: Session, first: date, last: date) -> bool:
    """Whether the hotline was counted at all in a period."""
    return session.scalar(select(FigureDay.day).where(FigureDay.day.between(first, last)).limit(1)) is not None


def counted_days(session: Session, first: date, last: date) -> set[date]:
    """The days of a period that were counted."""
    return set(session.scalars(select(FigureDay.day).where(FigureDay.day.between(first, last))))


def all_final(session: Session, first: date, last: date) -> bool:
    """Whether nothing of a period will change any more. Days before anything happened count as final."""
    open_ = select(FigureDay.day).where(FigureDay.day.between(first, last), FigureDay.final.is_(False)).limit(1)
    return session.scalar(open_) is None and not _never_counted(session, last, 1)


@dataclass(frozen=True)
class Counted:
    """One thing a figure has counted: when, what is known of it, and the task it belongs to."""

    at: datetime
    known: Mapping[str, str]
    task_id: int | None


def behind(
    session: Session,
    figure: str,
    first: date,
    last: date,
    dimension: str = "",
    key: str = "",
    limit: int = 500,
    weekday: int | None = None,
) -> Sequence[Counted]:
    """What a figure has counted in a period, or on one weekday of it (0 is Monday), the latest first; of what is still
    kept.

    Raises:
        KeyError: there is no such figure.
    """
    source, found = SOURCE_OF[figure], list[Counted]()
    for day in (last - timedelta(days=number) for number in range((last - first).days + 1)):
        if weekday is not None and day.weekday() != weekday:
            continue
        for row in sorted(_rows(session, source, day, day), key=lambda one: one.at, reverse=True):
            known = dict(_keys(source, row))
            if (not dimension or known.get(dimension) == key) and source.count(row)[figure]:
                found.append(Counted(row.at, known, row.task_id))
        if len(found) >= limit:
            break
    return found[:limit]
