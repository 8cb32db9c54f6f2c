"""The supervisors' figures: the dashboard, what stands behind each of its numbers, and who hung up while waiting."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from flask import Blueprint, Response, render_template
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.sla import SlaClock
from ivr.platform import database
from ivr.reporting import daily_metrics, dashboard
from ivr.reporting.metric_sources import DIMENSIONS, SOURCE_OF
from ivr.web import forms
from ivr.web.addresses import period
from ivr.web.form_fields import Line, integer, line_of, one_of

figures = Blueprint("figures", __name__, url_prefix="/supervision/figures")
_Counted = tuple[datetime | None, Mapping[str, str], int | None]


class DashboardAddress(forms.Form):
    """The version of the dashboard that is shown already."""

    seen: Line | None = None


@figures.get("/")
def page() -> str | AnyResponse:
    """The dashboard, and the fragment that refreshes it: 204 while it would look the same."""
    now, asked = utc_now(), forms.query(DashboardAddress)
    with database.reading() as session:
        shown = {
            "tiles": dashboard.tiles(session, now),
            "missed": dashboard.missed(session),
            "backlog": dashboard.backlog(session, now),
            "calls": dashboard.calls_today(session, now),
            "heat": dashboard.heat_map(session, now),
            "parity": dashboard.parity(session, now),
            "interpreters": dashboard.interpreters(session, now),
            "repeat": dashboard.repeat_callers(session, now),
        }
    version = _version(shown, now)
    if asked.seen == version:
        return Response(status=204)
    today = daily_metrics.local_day(now)
    template = "_dashboard.html" if asked.seen is not None else "dashboard.html"
    return render_template(
        template, now=now, version=version, today=today, since=dashboard.first_day(now), ages=dashboard.AGES,
        heat_since=today - timedelta(days=28), **shown,
    )  # fmt: skip


def _version(shown: dict[str, Any], now: datetime) -> str:
    plain = {**shown, "missed": [(c.task_id, c.measure, c.task.claimed_by_id, c.task.team_id) for c in shown["missed"]]}
    plain["minute"] = now.replace(second=0, microsecond=0) if shown["missed"] else None
    plain["backlog"] = [(team.id, counts) for team, counts in shown["backlog"]]
    return hashlib.sha256(repr(plain).encode()).hexdigest()[:16]


class BehindAddress(forms.Form):
    """What of a number is shown: a key of a dimension, tasks of an age, calls of a weekday (0 is Monday)."""

    dimension: Annotated[str, one_of(DIMENSIONS)] = ""
    key: Annotated[str, line_of(40)] = ""
    age: Annotated[int, integer(0, len(dashboard.AGES))] = 0
    weekday: Annotated[int, integer(0, 6)] | None = None


@figures.get("/behind/<figure>")
def behind(figure: str) -> str:
    """What a number has counted."""
    (first, last), asked = period(7), forms.query(BehindAddress)
    with database.reading() as session:
        counted = _counted(session, figure, asked, (first, last))
        tasks = _tasks(session, [task_id for _, _, task_id in counted if task_id])
    return render_template(
        "behind.html", figure=figure, counted=counted, tasks=tasks, first=first, last=last, dimension=asked.dimension,
        key=asked.key,
    )  # fmt: skip


def _counted(session: Session, figure: str, asked: BehindAddress, days: tuple[date, date]) -> list[_Counted]:
    """Instant, keys and task of everything that a number has counted."""
    match figure:
        case "due_soon":
            return [_clock(clock) for clock in dashboard.due_soon(session, utc_now())]
        case "missed":
            return [_clock(clock) for clock in dashboard.missed(session, 500)]
        case "backlog":
            ids = dashboard.backlog_tasks(session, utc_now(), asked.key, asked.age)
            return [(None, {}, task_id) for task_id in ids]
        case _ if figure in SOURCE_OF:
            found = daily_metrics.counted_events(
                session, figure, *days, asked.dimension, asked.key, weekday=asked.weekday, now=utc_now()
            )
            return [(one.at, one.known, one.task_id) for one in found]
        case _:
            raise NotFound


def _clock(clock: SlaClock) -> _Counted:
    return clock.due_at, {"promise": clock.measure}, clock.task_id


def _tasks(session: Session, ids: list[int]) -> dict[int, CallbackTask]:
    found = session.scalars(select(CallbackTask).where(CallbackTask.id.in_(ids)).options(joinedload(CallbackTask.team)))
    return {task.id: task for task in found}


@figures.get("/abandoned")
def abandoned() -> str:
    """Who hung up while waiting."""
    first, last = period(7)
    with database.reading() as session:
        entries = dashboard.abandoned(session, first, last)
        later = dashboard.came_back(session, entries)
    return render_template("abandoned.html", entries=entries, later=later, first=first, last=last)
