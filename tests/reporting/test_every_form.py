"""Cell by cell: what plain SQL finds stands on the page, in the CSV, the spreadsheet and the PDF of every report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest
from flask.testing import FlaskClient

from ivr.config import settings
from ivr.platform import database
from ivr.reporting import daily_metrics, publication
from ivr.web.app import create_app
from tests.support import expected_reports, random_days, read_tables
from tests.support.expected_reports import Number, Plain, Row
from tests.support.people import log_in
from tests.support.volume import volume

#: Both months with the night in which the clocks go back in between; two days of them in `make test`.
DAYS = volume(test=2, soak=12, night=60)
BEGINS = date(2026, 10, 24) if DAYS == 2 else date(2026, 10, 1)
MONTHS = ["2026-10"] if DAYS == 2 else ["2026-10", "2026-11"]
AFTERWARDS = datetime(2026, 12, 20, 9, tzinfo=UTC)
HIDDEN = "•"
_READ = {"csv": read_tables.of_csv, "xlsx": read_tables.of_xlsx, "pdf": read_tables.of_pdf}


@pytest.fixture
def some_days(empty_database) -> None:
    random_days.happen(BEGINS, DAYS, seed=16)
    while True:
        with database.reading() as session:
            due = daily_metrics.due(session, AFTERWARDS, 60)
            groups = daily_metrics.together(session, [day for day in due if day < date(2026, 12, 1)])
        if not groups:
            return
        for days in groups:
            with database.writing() as session:
                daily_metrics.count_days(session, days, AFTERWARDS)


@pytest.fixture
def supervisor(some_days) -> FlaskClient:
    application = create_app()
    application.config["WTF_CSRF_ENABLED"] = False
    return log_in(application.test_client(), "lena")


def forms(client: FlaskClient, query: str) -> Iterator[tuple[str, list[read_tables.Rows]]]:
    """The tables of a report in each of its forms. The PDF has those that need a page in landscape at its end."""
    yield "page", read_tables.of_page(client.get(f"/supervision/reports/?{query}").text)
    for ending, read in _READ.items():
        yield ending, read(client.get(f"/supervision/reports/file.{ending}?{query}").data)


def differences(form: str, seen: list[read_tables.Rows], wanted: list[list[Row]], hides: bool) -> Iterator[str]:
    """The cells that are not as they have to be; and what is hidden although it is shown, or shown although hidden."""
    if form == "pdf":
        wanted = sorted(wanted, key=lambda rows: len(rows[0]) > 7)
    if [len(rows) for rows in seen] != [len(rows) for rows in wanted]:
        yield f"{form}: tables of {[len(rows) for rows in seen]} rows"
        return
    for table, (rows, expected) in enumerate(zip(seen, wanted, strict=True), 1):
        for number, (row, cells) in enumerate(zip(rows, expected, strict=True), 1):
            for one, cell in zip(row[-len(cells) :], cells, strict=True):
                if not agrees(form, one, cell, hides):
                    yield f"{form}, table {table}, row {number} ({row[0]}): {one!r}, not {cell}"


def agrees(form: str, seen: Any, cell: Number | str, hides: bool) -> bool:
    if isinstance(cell, str):
        return bare(seen) == bare(cell)
    is_small = cell.kind == "count" and cell.value in (1, 2)
    if hides and seen == HIDDEN:  # a zero as well, where it caps another number (docs/decisions/072)
        return True
    if hides and isinstance(seen, str) and "–" in seen and cell.kind == "share" and cell.value is not None:
        low, high = (Fraction(end, 100) for end in map(int, bare(seen).strip("%").split("–")))
        return low <= cell.value <= high
    if hides and is_small:
        return False
    if cell.value is None or form in ("page", "pdf"):
        return bare(seen) == bare(cell.written)
    if form == "csv":
        return abs(Fraction(seen.replace(",", ".")) - cell.value) <= Fraction(1, 20_000)
    return isinstance(seen, int | float) and abs(seen - float(cell.value)) < 1e-9


def bare(text: Any) -> str:
    """Without spaces, and without what a line that is broken in a word has."""
    return str(text).translate(str.maketrans(dict.fromkeys(" \u202f\xa0\u200b\u00ad-\n\r\x02\ufffe")))


def expected(name: str, of: Plain) -> list[list[Row]]:
    if name == "scorecard":
        targets = settings.settings().targets
        return expected_reports.scorecard(
            of,
            {"answered": targets.answered_in_time, "settled": targets.settled, "tried": targets.tried_in_time,
             "within_24h": targets.tried_within_24h, "interpreters": targets.interpreter_in_time},
        )  # fmt: skip
    return {"statement": expected_reports.statement, "overview": expected_reports.overview}[name](of)


def cells(tables: list[list[Row]]) -> int:
    return sum(isinstance(cell, Number) and cell.value is not None for rows in tables for row in rows for cell in row)


@pytest.mark.since("ci")
@pytest.mark.soak
def test_every_cell_of_every_form_is_what_plain_sql_finds(supervisor: FlaskClient) -> None:
    """For the house, then as it is published: there a cell is right or hidden, and each form hides the same."""
    compared = 0
    for month in MONTHS:
        first, last = publication.month_of(date.fromisoformat(f"{month}-01"))
        with database.reading() as session:
            wanted = {name: expected(name, Plain(session, first, last)) for name in publication.NAMES}
        for name in publication.NAMES:
            for form, seen in forms(supervisor, f"report={name}&month={month}&since={first}&until={last}"):
                assert list(differences(form, seen, wanted[name], hides=False)) == [], name
                compared += cells(wanted[name])
        assert publication.publish(first, AFTERWARDS)
        for name in ("statement", "scorecard"):
            hidden = set()
            for form, seen in forms(supervisor, f"report={name}&month={month}"):
                assert list(differences(form, seen, wanted[name], hides=True)) == [], name
                hidden.add(sum(cell == HIDDEN for rows in seen for row in rows for cell in row))
            assert len(hidden) == 1, name
            assert hidden != {0} or name == "scorecard"
    assert compared > 4 * 400 * len(MONTHS)


def test_a_cell_that_differs_is_noticed() -> None:
    """The measure itself."""
    rows = [["a", Number(Fraction(2)), Number(Fraction(1, 3), "share")]]
    for seen, hides in (
        ([["a", "2", "33,3 %"]], False),
        ([["a", "•", "20–40\u202f%"]], True),
    ):
        assert list(differences("page", [seen], [rows], hides)) == []
    for seen, hides in (
        ([["a", "3", "33,3 %"]], False),
        ([["b", "2", "33,3 %"]], False),
        ([["a", "2", "33,4 %"]], False),
        ([["a", "•", "33,3 %"]], False),
        ([["a", "2", "33,3 %"]], True),
        ([["a", "•", "40–60\u202f%"]], True),
    ):
        assert len(list(differences("page", [seen], [rows], hides))) == 1
    assert list(differences("xlsx", [[["a", "2", 1 / 3]]], [rows], hides=False)), "a number is a number"
