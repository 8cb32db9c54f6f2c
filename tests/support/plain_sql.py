"""The figures of local days by plain SQL, which shares nothing with the statements of the product."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, text

from ivr.platform.column_types import Instant

TASKS = "callback_tasks t JOIN teams ON teams.id = t.team_id LEFT JOIN appointment_wishes w ON w.task_id = t.id"
CLOCKS = f"sla_clocks c JOIN {TASKS.replace('callback_tasks t', 'callback_tasks t ON t.id = c.task_id')}"
QUEUE = "line_entries e JOIN teams ON teams.id = e.team_id"
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
_ANSWERED = "t.state = 'closed' AND NOT t.closing_counted AND t.outcome ="
_AGREED = f"{_ANSWERED} 'granted' AND w.mode = 'in_person'"
_CALLED = (
    "(SELECT task_id, call_id, at FROM contacts UNION ALL "
    "SELECT o.task_id, l.call_id, l.at FROM later_calls l JOIN contacts o ON o.id = l.contact_id) k JOIN"
)
#: Metric: where it is counted, when, and what else must be true. `SECONDS(a, b)`: from b to a.
SQL: dict[str, tuple[str, str, str]] = {
    "calls": ("calls", "started_at", "source = 'call'"),
    "waited": (QUEUE, "e.entered_at", _FIRST),
    "answered": (QUEUE, "e.entered_at", f"{_FIRST} AND {_LIVE} IS NOT NULL"),
    "answered_in_time": (QUEUE, "e.entered_at", f"{_FIRST} AND SECONDS({_LIVE}, e.entered_at) <= 30"),
    "abandoned": (
        QUEUE, "e.entered_at",
        f"{_FIRST} AND {_GONE} AND {_REASON} = 'hung_up' AND SECONDS({_LEFT_AT}, e.entered_at) >= 5",
    ),
    "abandoned_early": (
        QUEUE, "e.entered_at",
        f"{_FIRST} AND {_GONE} AND {_REASON} = 'hung_up' AND SECONDS({_LEFT_AT}, e.entered_at) < 5",
    ),
    "unserved": (QUEUE, "e.entered_at", f"{_FIRST} AND {_GONE} AND {_UNABLE}"),
    "to_task": (
        QUEUE, "e.entered_at",
        f"{_FIRST} AND {_LIVE} IS NULL AND ({_KEPT} OR ({_GONE} AND {_REASON} <> 'hung_up' AND NOT {_UNABLE}))",
    ),
    "tasks": (TASKS, "t.first_contact_at", "NOT t.provisional"),
    "emergencies": (TASKS, "t.first_contact_at", "NOT t.provisional AND t.urgency = 'emergency'"),
    "wishes_in_person": (TASKS, "t.first_contact_at", "NOT t.provisional AND w.mode = 'in_person'"),
    "put_off": (f"sla_pauses p JOIN {TASKS.replace('tasks t', 'tasks t ON t.id = p.task_id')}", "p.from_at", "true"),
    "called_again": (
        f"{_CALLED} {TASKS.replace('tasks t', 'tasks t ON t.id = k.task_id')}", "k.at", "k.call_id <> t.call_id",
    ),
    "attempts": (f"attempts a JOIN {TASKS.replace('tasks t', 'tasks t ON t.id = a.task_id')}", "a.at", "true"),
    "tried": (CLOCKS, "c.met_at", "c.measure = 'tried'"),
    "tried_in_time": (CLOCKS, "c.met_at", "c.measure = 'tried' AND c.missed_at IS NULL"),
    "tried_within_24h": (CLOCKS, "c.met_at", "c.measure = 'tried' AND SECONDS(c.met_at, t.first_contact_at) <= 86400"),
    "not_tried_within_24h": (
        CLOCKS, "t.first_contact_at + 24h",
        "c.measure = 'tried' AND ((c.met_at IS NOT NULL AND SECONDS(c.met_at, t.first_contact_at) > 86400) OR "
        "(c.met_at IS NULL AND (t.closed_at IS NULL OR SECONDS(t.closed_at, t.first_contact_at) > 86400)))",
    ),
    "tried_missed": (CLOCKS, "c.due_at", "c.measure = 'tried' AND c.missed_at IS NOT NULL"),
    "reached": (CLOCKS, "c.met_at", f"c.measure = 'reached' AND {_SPOKEN}"),
    "reached_in_time": (CLOCKS, "c.met_at", f"c.measure = 'reached' AND {_SPOKEN} AND c.missed_at IS NULL"),
    "closed_unspoken": (CLOCKS, "c.met_at", f"c.measure = 'reached' AND NOT {_SPOKEN}"),
    "reached_missed": (CLOCKS, "c.due_at", "c.measure = 'reached' AND c.missed_at IS NOT NULL"),
    "closed": (TASKS, "t.closed_at", "t.state = 'closed' AND NOT t.closed_counted"),
    "agreed": (TASKS, "t.closed_at", _AGREED),
    "agreed_urgent": (TASKS, "t.closed_at", f"{_AGREED} AND t.urgency = 'emergency'"),
    "agreed_under_25": (TASKS, "t.closed_at", f"{_AGREED} AND t.age_group = 'under_25'"),
    "agreed_urgent_under_25": (
        TASKS, "t.closed_at", f"{_AGREED} AND t.urgency = 'emergency' AND t.age_group = 'under_25'",
    ),
    "forms_sent": (TASKS, "t.closed_at", f"{_ANSWERED} 'forms_sent'"),
    "refused": (TASKS, "t.closed_at", f"{_ANSWERED} 'refused' AND w.mode = 'in_person'"),
    "consultations": (TASKS, "w.appointment_at", "w.mode = 'in_person'"),
    "consultations_large": (TASKS, "w.appointment_at", "w.mode = 'in_person' AND w.room = 'large'"),
    "conversations": ("conversations v", "v.connected_at", "v.kind = 'answered'"),
    "settled": ("conversations v", "v.connected_at", "v.kind = 'answered' AND v.outcome = 'settled'"),
    "interpreters_wanted": ("interpreter_requests i", "i.requested_at", "i.role = 'interpreter'"),
    "interpreters_joined": ("interpreter_requests i", "i.requested_at", "i.joined_at IS NOT NULL"),
    "interpreters_unmet": ("interpreter_requests i", "i.requested_at", "i.state = 'unmet'"),
    "interpreters_in_time": ("interpreter_requests i", "i.requested_at", "SECONDS(i.joined_at, i.requested_at) <= 120"),
}  # fmt: skip
#: What tasks and waiting callers are broken down by.
KEYS = {"team": "teams.key", "office": "office", "language": "language", "concern": "concern", "age_group": "age_group"}
#: What a figure can be asked for by.
_KEYS = KEYS | {"reason": "w.refusal_reason"}
#: What is added up rather than counted, in seconds.
SUMS: dict[str, tuple[str, str, str, str]] = {
    "tried_seconds": (*SQL["tried"], "SUM(SECONDS(c.met_at, t.first_contact_at))"),
    "interpreter_seconds_on_line": (
        "interpreter_requests i", "i.requested_at", "i.role = 'interpreter' AND i.joined_at IS NOT NULL AND "
        "i.ended_at IS NOT NULL", "SUM(SECONDS(i.ended_at, i.joined_at))",
    ),
}  # fmt: skip


def instant(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo("Europe/Berlin")).astimezone(UTC)


def recomputed(session: Any, metric: str, first: date, last: date, dimension: str = "") -> dict[str, int]:
    """A figure of local days by the keys of a dimension, by a statement that shares nothing with the product's."""
    rows, at, where, value = SUMS[metric] if metric in SUMS else (*SQL[metric], "COUNT(*)")
    later = timedelta(hours=24 if at.endswith("+ 24h") else 0)
    key = _KEYS[dimension] if dimension else "''"
    if dimension in ("office", "language", "concern", "age_group"):
        key = f"{'e' if rows == QUEUE else 't'}.{key}"
    at = at.removesuffix(" + 24h")
    statement = (
        f"SELECT COALESCE({key}, ''), {value} FROM {rows} WHERE {where} AND {at} >= :start AND {at} < :end GROUP BY 1"
    )
    if session.get_bind().dialect.name == "sqlite":
        between = r"ROUND((julianday(\1) - julianday(\2)) * 86400)"
    else:
        between = r"ROUND(EXTRACT(EPOCH FROM (\1) - (\2)))"
    statement = re.sub(r"SECONDS\(((?:\(.*?\)|[^(,])+), ((?:[\w.])+)\)", between, statement)
    bound = text(statement).bindparams(bindparam("start", type_=Instant), bindparam("end", type_=Instant))
    edges = {"start": instant(first) - later, "end": instant(last + timedelta(days=1)) - later}
    return {key: int(count) for key, count in session.execute(bound, edges) if count}
