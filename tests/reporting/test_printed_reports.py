"""The PDFs can be read: whatever the names are, no text stands on another one, and a row says what it is about."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from pypdf import PdfReader
from sqlalchemy import delete

from ivr.config import settings
from ivr.models.reporting import FormerName
from ivr.platform import database
from ivr.reporting import export_files, publication
from ivr.reporting.tables import HIDDEN, Column, Kind, Report, Table, Value, translator
from tests.support import sample_month
from tests.support.printed_pages import MM, letters, overlaps
from tests.support.reports import MONTH

#: Sixty letters each: words of a language, one word, and one that no language may break.
NAMES = (
    "Geschäftsstelle für Grundsicherung und berufliche Teilhabe 7",
    "Rechtsschutzversicherungsgesellschaftsangelegenheitenbüro Ab",
    "Q" * 60,
    "Servicezentrum/Jugendberufsagentur/Berufsrückkehrberatung/Ab",
)
LARGEST: dict[Kind, Value] = {
    "count": 1_234_567.0, "share": 1.0, "hours": 1_234.5, "seconds": 86_400.0, "minutes": 1_234_567.0,
    "number": 9_999.5,
}  # fmt: skip


@pytest.fixture
def long_names(empty_database, monkeypatch) -> None:
    kept = settings.settings()
    for what, of in (("OFFICES", kept.offices), ("TEAMS", kept.teams)):
        named = {key: {"name": NAMES[number % len(NAMES)]} for number, key in enumerate(of)}
        monkeypatch.setenv(what, json.dumps(named))
    settings.settings.cache_clear()
    with database.writing() as session:
        session.execute(delete(FormerName))  # they have had no other names


def full(name: str, language: str) -> Report:
    """A report in which every number is as long as it can be, or hidden."""
    _ = translator(language)
    with database.reading() as session:
        made = (
            publication.period(session, date(2026, 1, 1), date(2026, 10, 31), language, _)
            if name == "overview"
            else publication.preview(session, name, date(2026, 10, 1), language, _)
        )
    return replace(made, tables=[replace(table, rows=list(_filled(table))) for table in made.tables])


def _filled(table: Table) -> Iterator[list[Value]]:
    for number, row in enumerate(table.rows):
        numbers = [HIDDEN if number % 3 == 2 else LARGEST[column.kind] for column in table.columns[1:]]
        yield [row[0], *numbers]


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("statement", "de"),
        pytest.param("statement", "en", marks=pytest.mark.since("ci")),
        ("overview", "de"),
        pytest.param("overview", "en", marks=pytest.mark.since("ci")),
        pytest.param("scorecard", "de", marks=pytest.mark.since("ci")),
        pytest.param("scorecard", "en", marks=pytest.mark.since("ci")),
    ],
)
def test_no_text_of_a_report_stands_on_another(long_names, name: str, language: str) -> None:
    report = full(name, language)
    made = export_files.as_pdf(report, translator(language))
    assert overlaps(made) == []
    shown = {round(width * MM) for _letters, _boxes, (width, _height) in letters(made)}
    assert shown <= {210, 297}
    assert all(table.note for table in report.tables), "each table says what it counts"


def test_text_on_text_is_noticed() -> None:
    """The measure itself: more columns than any report has do not fit."""
    columns = [Column("a", "text"), *(Column(f"{number}") for number in range(40))]
    table = Table("x", columns, [["label", *[1_234_567.0] * 40]])
    report = Report("x", "x", date(2026, 10, 1), date(2026, 10, 1), [table])
    assert overlaps(export_files.as_pdf(report, str)) != []


@pytest.mark.parametrize(
    "name", ["فاطمة", "ڕۆژین ئەحمەد", "Святослав Ґонта", "Đặng Thị Hồng", "Şêrîn", "Süd 🌞 王"], ids=ascii
)
def test_a_team_is_named_in_any_writing(name: str) -> None:
    """Letters that no font has leave the file what it is: one that can be printed."""
    report = Report("x", "x", date(2026, 10, 1), date(2026, 10, 1), [Table("x", [Column("a", "text")], [[name]])])
    assert export_files.as_pdf(report, str)[:5] == b"%PDF-"


def test_a_row_is_read_aloud_with_its_heading(long_names) -> None:
    made = PdfReader(io.BytesIO(export_files.as_pdf(full("scorecard", "de"), translator("de"))))
    rows = [row for row in _rows(made.trailer["/Root"]["/StructTreeRoot"]) if "/TD" in row]
    assert rows
    assert {tuple(row[:2]) for row in rows} == {("/TH", "/TD")}


def _rows(element: object) -> Iterator[list[str]]:
    element = element.get_object()  # type: ignore[attr-defined]
    if not isinstance(element, dict):
        return
    below = element.get("/K", [])
    children = [child.get_object() for child in (below if isinstance(below, list) else [below])]
    if element.get("/S") == "/TR":
        yield [str(child["/S"]) for child in children if isinstance(child, dict)]
    for child in children:
        yield from _rows(child) if isinstance(child, dict) else ()


def test_a_day_cannot_be_read_as_another_one_in_english(counted) -> None:
    """12.11. is the eleventh of December to some, and October 1 was written beside it."""
    publication.publish(MONTH, sample_month.AFTERWARDS)
    with database.reading() as session:
        report = publication.published(session, "statement", MONTH, "en", translator("en"))
    pages = PdfReader(io.BytesIO(export_files.as_pdf(report, translator("en")))).pages
    text = "\n".join(page.extract_text() for page in pages)
    assert "1 October 2026 – 31 October 2026" in text
    assert "Published on 12 Nov 2026 10:00" in text
    assert "12.11." not in text


def test_no_page_of_a_usual_statement_has_one_row_alone(counted) -> None:
    publication.publish(MONTH, sample_month.AFTERWARDS)
    for language in ("de", "en"):
        with database.reading() as session:
            report = publication.published(session, "statement", MONTH, language, translator(language))
        pages = PdfReader(io.BytesIO(export_files.as_pdf(report, translator(language)))).pages
        assert min(len(page.extract_text().splitlines()) for page in pages) > 8
