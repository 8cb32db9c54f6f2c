"""Every figure of every day once more, in plain SQL beside the product's code."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import bindparam, text

from ivr.platform import database
from ivr.platform.column_types import Instant
from ivr.reporting import daily_metrics
from tests.support import random_days
from tests.support.volume import volume

#: Sixty days, both months with the night in which the clocks go back in between; three of them in `make test`.
DAYS = volume(test=3, ci=60, soak=60)
BEGINS = date(2026, 10, 24) if DAYS == 3 else date(2026, 10, 1)
AFTERWARDS = datetime(2026, 12, 20, 9, tzinfo=UTC)

_TASK = "callback_tasks t JOIN teams ON teams.id = t.team_id LEFT JOIN appointment_wishes w ON w.task_id = t.id"
_CLOCK = f"sla_clocks c JOIN {_TASK.replace('callback_tasks t', 'callback_tasks t ON t.id = c.task_id')}"
_QUEUE = "line_entries e JOIN teams ON teams.id = e.team_id"
_FIRST = "NOT EXISTS (SELECT 1 FROM line_entries b WHERE b.call_id = e.call_id AND b.turn < e.turn)"
_LAST = "(SELECT l.{0} FROM line_entries l WHERE l.call_id = e.call_id ORDER BY l.turn DESC LIMIT 1)"
_LIVE = "(SELECT MIN(l.answered_at) FROM line_entries l WHERE l.call_id = e.call_id AND l.mode = 'live')"
_KEPT = "EXISTS (SELECT 1 FROM line_entries l WHERE l.call_id = e.call_id AND l.mode = 'callback')"
_STATE, _REASON, _LEFT_AT = (_LAST.format(column) for column in ("state", "reason", "left_at"))
_GONE = f"{_LIVE} IS NULL AND NOT {_KEPT} AND {_STATE} = 'left'"
_UNABLE = f"{_REASON} IN ('nobody', 'full', 'closed', 'carrier')"
_SPOKEN = (
    "(t.outcome = 'talked' OR EXISTS (SELECT 1 FROM attempts a "
    "WHERE a.task_id = t.id AND a.outcome = 'reached' AND a.at <= c.met_at))"
)
_AGREED = "t.state = 'closed' AND t.outcome = 'granted' AND w.mode = 'in_person'"
#: Metric: where it is counted, when, and what else must be true. `SECONDS(a, b)`: from b to a.
SQL: dict[str, tuple[str, str, str]] = {
    "calls": ("calls", "started_at", "source = 'call'"),
    "waited": (_QUEUE, "e.entered_at", _FIRST),
    "answered": (_QUEUE, "e.entered_at", f"{_FIRST} AND {_LIVE} IS NOT NULL"),
    "answered_in_time": (_QUEUE, "e.entered_at", f"{_FIRST} AND SECONDS({_LIVE}, e.entered_at) <= 30"),
    "abandoned": (
        _QUEUE, "e.entered_at",
        f"{_FIRST} AND {_GONE} AND {_REASON} = 'hung_up' AND SECONDS({_LEFT_AT}, e.entered_at) >= 5",
    ),
    "abandoned_early": (
        _QUEUE, "e.entered_at",
        f"{_FIRST} AND {_GONE} AND {_REASON} = 'hung_up' AND SECONDS({_LEFT_AT}, e.entered_at) < 5",
    ),
    "unserved": (_QUEUE, "e.entered_at", f"{_FIRST} AND {_GONE} AND {_UNABLE}"),
    "to_task": (
        _QUEUE, "e.entered_at",
        f"{_FIRST} AND {_LIVE} IS NULL AND ({_KEPT} OR ({_GONE} AND {_REASON} <> 'hung_up' AND NOT {_UNABLE}))",
    ),
    "tasks": (_TASK, "t.first_contact_at", "NOT t.provisional"),
    "emergencies": (_TASK, "t.first_contact_at", "NOT t.provisional AND t.urgency = 'emergency'"),
    "wishes_in_person": (_TASK, "t.first_contact_at", "NOT t.provisional AND w.mode = 'in_person'"),
    "attempts": (f"attempts a JOIN {_TASK.replace('tasks t', 'tasks t ON t.id = a.task_id')}", "a.at", "true"),
    "tried": (_CLOCK, "c.met_at", "c.measure = 'tried'"),
    "tried_in_time": (_CLOCK, "c.met_at", "c.measure = 'tried' AND c.missed_at IS NULL"),
    "tried_within_24h": (_CLOCK, "c.met_at", "c.measure = 'tried' AND SECONDS(c.met_at, t.first_contact_at) <= 86400"),
    "not_tried_within_24h": (
        _CLOCK, "t.first_contact_at + 24h",
        "c.measure = 'tried' AND ((c.met_at IS NOT NULL AND SECONDS(c.met_at, t.first_contact_at) > 86400) OR "
        "(c.met_at IS NULL AND (t.closed_at IS NULL OR SECONDS(t.closed_at, t.first_contact_at) > 86400)))",
    ),
    "tried_missed": (_CLOCK, "c.due_at", "c.measure = 'tried' AND c.missed_at IS NOT NULL"),
    "reached": (_CLOCK, "c.met_at", f"c.measure = 'reached' AND {_SPOKEN}"),
    "reached_in_time": (_CLOCK, "c.met_at", f"c.measure = 'reached' AND {_SPOKEN} AND c.missed_at IS NULL"),
    "closed_unspoken": (_CLOCK, "c.met_at", f"c.measure = 'reached' AND NOT {_SPOKEN}"),
    "reached_missed": (_CLOCK, "c.due_at", "c.measure = 'reached' AND c.missed_at IS NOT NULL"),
    "closed": (_TASK, "t.closed_at", "t.state = 'closed'"),
    "agreed": (_TASK, "t.closed_at", _AGREED),
    "agreed_urgent": (_TASK, "t.closed_at", f"{_AGREED} AND t.urgency = 'emergency'"),
    "agreed_under_25": (_TASK, "t.closed_at", f"{_AGREED} AND t.age_group = 'under_25'"),
    "refused": (_TASK, "t.closed_at", "t.state = 'closed' AND t.outcome = 'refused' AND w.mode = 'in_person'"),
    "consultations": (_TASK, "w.appointment_at", "w.mode = 'in_person'"),
    "consultations_large": (_TASK, "w.appointment_at", "w.mode = 'in_person' AND w.room = 'large'"),
    "conversations": ("conversations v", "v.connected_at", "v.kind = 'answered'"),
    "settled": ("conversations v", "v.connected_at", "v.kind = 'answered' AND v.outcome = 'settled'"),
    "interpreters_wanted": ("interpreter_requests i", "i.requested_at", "i.role = 'interpreter'"),
    "interpreters_in_time": ("interpreter_requests i", "i.requested_at", "SECONDS(i.joined_at, i.requested_at) <= 120"),
}  # fmt: skip
#: What tasks and waiting callers are broken down by.
KEYS = {"team": "teams.key", "office": "office", "language": "language", "concern": "concern", "age_group": "age_group"}


def instant(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo("Europe/Berlin")).astimezone(UTC)


def recomputed(session: Any, metric: str, first: date, last: date, dimension: str = "") -> dict[str, int]:
    """A figure of local days by the keys of a dimension, by a statement that shares nothing with the product's."""
    rows, at, where = SQL[metric]
    later = timedelta(hours=24 if at.endswith("+ 24h") else 0)
    key = KEYS[dimension] if dimension else "''"
    if dimension and dimension != "team":
        key = f"{'e' if rows == _QUEUE else 't'}.{key}"
    statement = (
        f"SELECT COALESCE({key}, ''), COUNT(*) FROM {rows} WHERE {where} AND {at.removesuffix(' + 24h')} >= :start "
        f"AND {at.removesuffix(' + 24h')} < :end GROUP BY 1"
    )
    if session.get_bind().dialect.name == "sqlite":
        between = r"ROUND((julianday(\1) - julianday(\2)) * 86400)"
    else:
        between = r"ROUND(EXTRACT(EPOCH FROM (\1) - (\2)))"
    statement = re.sub(r"SECONDS\(((?:\(.*?\)|[^(,])+), ((?:[\w.])+)\)", between, statement)
    bound = text(statement).bindparams(bindparam("start", type_=Instant), bindparam("end", type_=Instant))
    edges = {"start": instant(first) - later, "end": instant(last + timedelta(days=1)) - later}
    return {key: count for key, count in session.execute(bound, edges) if count}


@pytest.fixture
def some_days(empty_database) -> None:
    random_days.happen(BEGINS, DAYS, seed=60)
    days = [BEGINS + timedelta(days=number) for number in range(DAYS + 12)]
    for group in (days[:30], days[30:]):
        if group:
            with database.writing() as session:
                daily_metrics.count_days(session, group, AFTERWARDS)


def test_every_figure_of_every_day_is_what_plain_sql_finds(some_days) -> None:
    counted = 0
    with database.reading() as session:
        for number in range(DAYS + 12):
            day = BEGINS + timedelta(days=number)
            stored = daily_metrics.stored(session, day)
            for metric in SQL:
                found = recomputed(session, metric, day, day)
                assert found == {"": stored["", metric, ""]} if found else ("", metric, "") not in stored, (day, metric)
                counted += sum(found.values())
        last = BEGINS + timedelta(days=DAYS + 11)
        for metric, (rows, _at, _where) in SQL.items():
            for dimension in KEYS if rows in (_QUEUE, _TASK, _CLOCK) else ():
                by = daily_metrics.by(session, dimension, BEGINS, last, [metric])
                ours = {key: values[metric] for key, values in by.items() if values[metric]}
                assert recomputed(session, metric, BEGINS, last, dimension) == ours, (metric, dimension)
    assert counted > 60 * DAYS
