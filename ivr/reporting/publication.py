"""Publication of reports: by a person's act, only of whole months that are final, and of each month once.

A second version, or another period that overlaps, would disclose what each of them hides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from ivr.accounts import former_names
from ivr.domain.timestamps import utc_now
from ivr.domain.words import Translate
from ivr.models.reporting import Publication
from ivr.platform import database
from ivr.platform.column_types import insert
from ivr.reporting import daily_metrics, overview, scorecard, senate_statement
from ivr.reporting.cell_suppression import Sum
from ivr.reporting.disclosure_control import SMALL, suppress
from ivr.reporting.share_bands import Share, bands
from ivr.reporting.tables import HIDDEN, Column, Report, Table, Value, day_of, translator

_PUBLISHED = {
    "statement": (senate_statement.counts, senate_statement.tables),
    "scorecard": (scorecard.counts, scorecard.tables),
}
#: What hiding a number costs, where that is not 1: what stands in no table costs next to nothing; the share within the
#: promise, of rows with many cases, goes last.
_COST_UNSEEN, _COST_OF_SHARE, _MANY = 0.01, 1.3, 10
NAMES = (*_PUBLISHED, "overview")
#: The longest period of an internal report, in days.
LONGEST = 3 * 366


class NotYet(Exception):
    """The month is not final. `from_day` is the first local day on which it can be published."""

    def __init__(self, from_day: date) -> None:
        super().__init__(f"can be published from {from_day} on")
        self.from_day = from_day


class Changed(Exception):
    """What would be published now is not what somebody has looked at."""


class NothingCounted(Exception):
    """No day of the month was counted, because the hotline did not exist."""


def month_of(day: date) -> tuple[date, date]:
    """The first and the last day of the month of a day."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def final_from(last: date) -> date:
    """The first local day on which the metrics of a period that ends with `last` are final."""
    return last + timedelta(days=daily_metrics.OPEN_DAYS + 1)


def published(session: Session, name: str, month: date, language: str, _: Translate) -> Report | None:
    """The statement or the scorecard of a month as it was published; None if it was not."""
    first, last = month_of(month)
    kept = session.get(Publication, (name, first), populate_existing=True)
    if kept is None:
        return None
    tables = [_unpacked(table) for table in kept.content["tables"][language]]
    remarks = [*_about_beginning(session, first, last, language, _), *_about_hidden(tables, _)]
    return Report(name, title(name, _), first, last, tables, remarks, language, kept.published_at)


def _about_beginning(session: Session, first: date, last: date, language: str, _: Translate) -> list[str]:
    """A part of a month is not to be read as all of it."""
    began = daily_metrics.first_event(session)
    if began is None or not first < began <= last:
        return []
    named = {"day": day_of(began, language)}
    return [_("Counting began on %(day)s; there are no figures of the days before.") % named]


def _about_hidden(tables: list[Table], _: Translate) -> list[str]:
    if not any(HIDDEN in row for table in tables for row in table.rows):
        return []
    remarks = [_("Counts of 1 and 2, and others from which they could be computed, are hidden (•).")]
    if any(isinstance(value, str) and "%" in value for table in tables for row in table.rows for value in row[1:]):
        remarks.append(_("Where the counts of a share are hidden, the range is told in which it lies."))
    return remarks


def draft(session: Session, name: str, month: date, now: datetime, language: str, _: Translate) -> tuple[Report, str]:
    """A report as it would be published now, and the mark of what would be published of this month.

    Raises:
        NotYet, NothingCounted: as `publish`.
        ValueError: the month is published.
    """
    first, last = month_of(month)
    contents = _contents(_made(session, month, now))
    if not contents:
        raise ValueError("the month is published")
    tables = [_unpacked(table) for table in contents[name]["tables"][language]]
    remarks = [*_about_beginning(session, first, last, language, _), *_about_hidden(tables, _)]
    remarks.append(_("A draft: this is how it will look. It is not published yet."))
    return Report(name, title(name, _), first, last, tables, remarks, language), _mark(contents)


def _contents(made: list[dict[str, Any]]) -> dict[str, Any]:
    return {values["report"]: values["content"] for values in made}


def _mark(contents: dict[str, Any]) -> str:
    return sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()[:24]


def publish(month: date, now: datetime, seen: str | None = None) -> bool:
    """Publish a month: both reports, because they share numbers, in both languages, with the present targets.

    Teams and offices have the names that they had at the end of the month.

    `seen`: the mark of what somebody has looked at. Nothing changes if the month was published before: then False.
    Others write while it computes; of two who publish at once, the first one counts.

    Raises:
        NotYet: the month is not final.
        NothingCounted: the hotline did not exist yet.
        Changed: something else was looked at.
    """
    with database.one_instant() as session:
        made = _made(session, month, now)
    if made and seen is not None and seen != _mark(_contents(made)):
        raise Changed
    first = False
    with database.writing() as session:
        for values in made:
            new = insert(session.get_bind().dialect, Publication).values(values)
            first = session.scalar(new.on_conflict_do_nothing().returning(Publication.report)) is not None
    return first


def _made(session: Session, month: date, now: datetime) -> list[dict[str, Any]]:
    """The rows of a month's reports; none where they are there already."""
    first, last = month_of(month)
    if session.get(Publication, ("statement", first)) is not None:
        return []
    if daily_metrics.local_day(now) < final_from(last) or not daily_metrics.all_final(session, first, last):
        raise NotYet(max(final_from(last), daily_metrics.local_day(now)))
    if not daily_metrics.any_counted(session, first, last):
        raise NothingCounted
    found, sums = _counted(session, first, last)
    seen = _seen(found, sums)
    hidden = {key for key, value in seen.items() if value is HIDDEN}
    names = former_names.until(session, daily_metrics.bounds(first, last)[1])
    made = []
    for name, (_counts, tables) in _PUBLISHED.items():
        content = {
            "counts": {key: None if key in hidden else value for key, value in found.items()},
            "shares": {key: value for key, value in seen.items() if key not in found},
            "tables": {
                language: [_packed(table) for table in tables(seen, first, last, names, language, translator(language))]
                for language in ("de", "en")
            },
        }
        made.append({"report": name, "month": first, "content": content, "published_at": now})
    return made


def _counted(session: Session, first: date, last: date) -> tuple[dict[str, int], list[Sum]]:
    """All numbers of both reports, and all sums that a reader knows."""
    found: dict[str, int] = {}
    sums: list[Sum] = []
    for counts, _tables in _PUBLISHED.values():
        theirs, equations = counts(session, first, last)
        found |= theirs
        sums += equations
    return found, sums


def _seen(found: Mapping[str, int], sums: Sequence[Sum]) -> Mapping[str, Value]:
    """What is published of all numbers, and bands in place of shares whose numbers are hidden (`share/…`)."""
    return _protected(tuple(found.items()), tuple((total, tuple(parts)) for total, parts in sums))


@lru_cache(maxsize=8)
def _protected(counts: tuple[tuple[str, int], ...], sums: tuple[Sum, ...]) -> Mapping[str, Value]:
    """Computed once for the same numbers: a draft is looked at, in two reports, before it is published."""
    found = dict(counts)
    unseen = {*senate_statement.UNSEEN, *scorecard.UNSEEN}
    promises = {key.removeprefix("decided"): key for key in found if key.partition("/")[0] == "decided"}
    shares: dict[str, Share] = {f"share{at}": (f"in_time{at}", f"decided{at}") for at in promises}
    costs = dict.fromkeys(unseen & set(found), _COST_UNSEEN)
    for part, whole in shares.values():
        if found[str(whole)] >= _MANY:
            costs |= {str(part): _COST_OF_SHARE, str(whole): _COST_OF_SHARE}
    limits = senate_statement.limits(found)
    hidden = suppress(found, sums, costs, limits)
    seen: dict[str, Value] = {key: HIDDEN if key in hidden else value for key, value in found.items()}
    for name, (low, high) in bands(found, sums, limits, hidden, SMALL, shares).items():
        seen[name] = f"{low}–{high}\u202f%"
    return MappingProxyType(seen)


def _packed(table: Table) -> dict[str, Any]:
    rows = [[{"hidden": True} if value is HIDDEN else value for value in row] for row in table.rows]
    columns = [[column.label, column.kind] for column in table.columns]
    return {"title": table.title, "columns": columns, "rows": rows, "note": table.note, "question": table.question}


def _unpacked(kept: dict[str, Any]) -> Table:
    rows = [[HIDDEN if isinstance(value, dict) else value for value in row] for row in kept["rows"]]
    columns = [Column(label, kind) for label, kind in kept["columns"]]
    return Table(kept["title"], columns, rows, kept["note"], kept["question"])


def preview(session: Session, name: str, month: date, language: str, _: Translate) -> Report:
    """The provisional report of a month for internal use. No number is hidden."""
    first, last = month_of(month)
    counts, tables = _PUBLISHED[name]
    found, _sums = counts(session, first, last)
    remarks = [_("Not for publication: provisional, and nothing is hidden.")]
    remarks += _about_beginning(session, first, last, language, _)
    names = former_names.until(session, daily_metrics.bounds(first, last)[1])
    made = tables(dict(found), first, last, names, language, _)
    return Report(name, title(name, _), first, last, made, remarks, language)


def period(session: Session, first: date, last: date, language: str, _: Translate) -> Report:
    """The report of any period for internal use.

    Raises:
        ValueError: the period ends before it begins, or is longer than three years.
    """
    if not 0 <= (last - first).days < LONGEST:
        raise ValueError("the period ends before it begins, or is longer than three years")
    remarks = [_("For the house only, not for publication: nothing is hidden.")]
    remarks += _about_beginning(session, first, last, language, _)
    to_come = daily_metrics.local_day(utc_now()) < final_from(last)
    if to_come or not daily_metrics.all_final(session, first, last):
        remarks.append(_("The last days are not final: what becomes known of them later is added."))
    tables = overview.tables(session, first, last, language, _)
    return Report("overview", title("overview", _), first, last, tables, remarks, language)


def title(name: str, _: Translate) -> str:
    """The title of a report."""
    return {
        "statement": _("Monthly statement"),
        "scorecard": _("Service scorecard"),
        "overview": _("Report of a period"),
    }[name]
