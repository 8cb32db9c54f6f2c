"""The supervisors' figures: the dashboard, what stands behind each of its numbers, and who hung up while waiting."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.reporting import daily_metrics, dashboard
from ivr.reporting.metric_sources import DIMENSIONS, SOURCE_OF

figures = Blueprint("figures", __name__, url_prefix="/supervision/figures")


@figures.get("/")
def page() -> str | AnyResponse:
    """The dashboard, and the fragment that refreshes it: 204 while it would look the same."""
    now = utc_now()
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
    if request.args.get("seen") == version:
        return Response(status=204)
    today = daily_metrics.local_day(now)
    template = "_dashboard.html" if "seen" in request.args else "dashboard.html"
    return render_template(
        template, now=now, version=version, today=today, since=dashboard.first_day(now), ages=dashboard.AGES,
        heat_since=today - timedelta(days=28), **shown,
    )  # fmt: skip


def _version(shown: dict[str, Any], now: datetime) -> str:
    plain = {**shown, "missed": [(c.task_id, c.task.claimed_by_id, c.task.team_id) for c in shown["missed"]]}
    plain["minute"] = now.replace(second=0, microsecond=0) if shown["missed"] else None
    plain["backlog"] = [(team.id, counts) for team, counts in shown["backlog"]]
    return hashlib.sha256(repr(plain).encode()).hexdigest()[:16]


@figures.get("/behind/<figure>")
def behind(figure: str) -> str:
    """What a number has counted."""
    first, last = _period()
    dimension, key = request.args.get("dimension", ""), request.args.get("key", "")[:40]
    if dimension not in ("", *DIMENSIONS) or not 0 <= request.args.get("age", 0, int) <= len(dashboard.AGES):
        abort(404)
    counted: list[tuple[datetime | None, Mapping[str, str], int | None]]
    with database.reading() as session:
        if figure == "due_soon":
            counted = [(None, {}, task_id) for task_id in dashboard.due_soon(session, utc_now())]
        elif figure == "missed":
            counted = [(clock.due_at, {}, clock.task_id) for clock in dashboard.missed(session, 500)]
        elif figure == "backlog":
            age = request.args.get("age", 0, int)
            counted = [(None, {}, task_id) for task_id in dashboard.backlog_tasks(session, utc_now(), key, age)]
        elif figure in SOURCE_OF:
            found = daily_metrics.behind(
                session, figure, first, last, dimension, key, weekday=request.args.get("weekday", type=int)
            )
            counted = [(one.at, one.known, one.task_id) for one in found]
        else:
            abort(404)
        tasks = _tasks(session, [task_id for _, _, task_id in counted if task_id])
    return render_template(
        "behind.html", figure=figure, counted=counted, tasks=tasks, first=first, last=last, dimension=dimension, key=key
    )


def _tasks(session: Session, ids: list[int]) -> dict[int, CallbackTask]:
    found = session.scalars(select(CallbackTask).where(CallbackTask.id.in_(ids)))
    return {task.id: task for task in found}


@figures.get("/abandoned")
def abandoned() -> str:
    """Who hung up while waiting."""
    first, last = _period()
    with database.reading() as session:
        entries = dashboard.abandoned(session, first, last)
        later = dashboard.came_back(session, entries)
    return render_template("abandoned.html", entries=entries, later=later, first=first, last=last)


def _period() -> tuple[date, date]:
    """From `since` to `until` (YYYY-MM-DD); the last seven days unless said otherwise."""
    today = daily_metrics.local_day(utc_now())
    try:
        first = date.fromisoformat(request.args.get("since", "") or str(today - timedelta(days=6)))
        last = date.fromisoformat(request.args.get("until", "") or str(max(today, first)))
    except ValueError:
        abort(400)
    if not 0 <= (last - first).days <= 366 or first.year < 2000 or last.year > 9000:
        abort(400)
    return first, last
