"""Internal report of any period: calls, deadlines and interpreters by team, office, language, concern and age group.

It is not for publication: no number is hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from ivr.accounts import former_names
from ivr.domain.words import DEFINITIONS, Translate
from ivr.reporting import daily_metrics
from ivr.reporting.dimension_labels import dimension_name, keys, name
from ivr.reporting.tables import Column, Table, Value, ratio

BREAKDOWNS = ("team", "office", "language", "concern", "age_group")
_METRICS = (
    "calls", "waited", "answered", "answered_in_time", "abandoned", "abandoned_early", "to_task", "unserved", "tasks",
    "emergencies", "called_again", "attempts", "tried", "tried_in_time", "tried_within_24h", "not_tried_within_24h",
    "tried_missed", "tried_seconds", "reached", "reached_in_time", "reached_missed", "closed_unspoken", "put_off",
    "closed", "agreed", "refused", "forms_sent", "interpreters_wanted", "interpreters_joined", "interpreters_unmet",
    "interpreter_seconds", "interpreter_minutes",
)  # fmt: skip


def tables(session: Session, first: date, last: date, language: str, _: Translate) -> list[Table]:
    """All metrics, in total and by each dimension."""
    total = daily_metrics.totals(session, first, last, _METRICS)
    found, names = [_in_all(total, _)], former_names.until(session, daily_metrics.bounds(first, last)[1])
    for dimension in BREAKDOWNS:
        by = daily_metrics.by(session, dimension, first, last, _METRICS)
        rows = [
            _row(name(dimension, key, language, _, names), by.get(key, dict.fromkeys(_METRICS, 0.0)))
            for key in keys(dimension, list(by))
        ]
        title = _("Promises by: %(what)s") % {"what": dimension_name(dimension, _)}
        note = DEFINITIONS.of("overview", _)
        found.append(Table(title, _columns(dimension, _), [*rows, _row(_("In all"), total)], note=note))
    return found


def _columns(dimension: str, _: Translate) -> list[Column]:
    return [
        Column(dimension_name(dimension, _), "text"),
        Column(_("Tasks")),
        Column(_("Emergencies")),
        Column(_("First attempts")),
        Column(_("within its promise"), "share"),
        Column(_("within 24 h"), "share"),
        Column(_("First attempt missed")),
        Column(_("Mean time to first attempt"), "hours"),
        Column(_("Spoken with")),
        Column(_("Not reached in time")),
        Column(_("Closed")),
    ]


def _row(label: str, of: Mapping[str, float]) -> list[Value]:
    return [
        label,
        of["tasks"],
        of["emergencies"],
        of["tried"],
        ratio(of["tried_in_time"], of["tried_in_time"] + of["tried_missed"]),
        ratio(of["tried_within_24h"], of["tried_within_24h"] + of["not_tried_within_24h"]),
        of["tried_missed"],
        _hours(of["tried_seconds"], of["tried"]),
        of["reached"],
        of["reached_missed"],
        of["closed"],
    ]


def _hours(seconds: float, count: float) -> Value:
    return seconds / count / 3600 if count else None


def _in_all(of: Mapping[str, float], _: Translate) -> Table:
    labels = {
        "calls": _("Calls"),
        "waited": _("Wanted a team in opening hours"),
        "answered": _("Answered"),
        "answered_in_time": _("Answered within 30 seconds"),
        "abandoned": _("Hung up after waiting 5 seconds or longer"),
        "abandoned_early": _("Hung up within 5 seconds"),
        "to_task": _("Chose a callback or the voicebox instead"),
        "unserved": _("Not served: nobody there, no place free, or closing time"),
        "tasks": _("Tasks"),
        "emergencies": _("Emergencies"),
        "called_again": _("Rang again about the same"),
        "attempts": _("Attempts"),
        "tried": _("First attempts"),
        "tried_in_time": _("First attempts in time"),
        "tried_missed": _("Promises of an attempt missed"),
        "tried_within_24h": _("First attempts within 24 hours"),
        "not_tried_within_24h": _("Not tried within 24 hours"),
        "reached": _("Spoken with"),
        "reached_in_time": _("Spoken with in time"),
        "closed_unspoken": _("Closed without contact"),
        "reached_missed": _("Promises to reach somebody missed"),
        "put_off": _("Put off at the caller's wish"),
        "closed": _("Closed"),
        "agreed": _("Appointments in person agreed"),
        "refused": _("Appointments in person refused"),
        "forms_sent": _("Forms posted"),
        "interpreters_wanted": _("Interpreters wanted"),
        "interpreters_joined": _("Interpreters on the line"),
        "interpreters_unmet": _("Interpreters not to be had"),
    }
    rows: list[list[Value]] = [[label, of[metric]] for metric, label in labels.items()]
    rows.append([_("Minutes interpreted"), round(of["interpreter_minutes"])])
    columns = [Column(_("Figure"), "text"), Column(_("Count"))]
    return Table(_("In all"), columns, rows, note=DEFINITIONS.of("in_all", _))
