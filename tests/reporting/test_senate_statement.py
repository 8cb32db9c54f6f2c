"""The reports: the same numbers in every form, what is published gives nobody away, and what cannot be is refused."""

from __future__ import annotations

import csv
import io
import re
from datetime import date

import openpyxl
import pytest
from pypdf import PdfReader

from ivr.config import settings
from ivr.platform import database
from ivr.reporting import export_files, publication, senate_statement
from ivr.reporting.tables import HIDDEN, Column, Report, Table, shown
from tests.support import sample_month
from tests.support.reports import MONTH, SAY


def preview(name: str = "statement", month: date = MONTH) -> Report:
    with database.reading() as session:
        return publication.preview(session, name, month, "de", SAY)


# -- a month counted by hand --------------------------------------------------------------------------

#: The statement of October as a person would write it from the story in tests/support/sample_month.py.
BY_HAND = {
    "Vor-Ort-Termine": [
        ["aufgrund von persönlichen Not- oder Krisensituationen (1a)", "3", "1", "2"],
        ["jenseits einer Notlage (1b)", "2", "1", "1"],
        ["Vor-Ort-Termine insgesamt (1)", "5", "2", "3"],
    ],
    "Verwehrte Termine": [
        ["ohne Termin erledigt", "0"],
        ["andere Behörde zuständig", "0"],
        ["kein Termin in der Frist frei", "1"],
        ["Unterlagen fehlen", "2"],
        ["nicht erreicht", "0"],
        ["anderer Grund (siehe Notiz)", "0"],
        ["Verwehrt insgesamt", "3"],
        ["zum Vergleich: im Monat geäußerte Wünsche nach einem persönlichen Gesprächstermin", "8"],
    ],
    "Zusagen nach: Sprache": [
        ["Deutsch", "20", "20", "20", "0", "100,0 %", "10", "0", "10"],
        ["Türkisch", "5", "5", "5", "0", "100,0 %", "0", "5", "0"],
        ["Arabisch", "4", "4", "0", "4", "0,0 %", "4", "0", "0"],
        ["Persisch", "1", "1", "0", "1", "0,0 %", "0", "1", "0"],
        ["Insgesamt", "30", "30", "25", "5", "83,3 %", "14", "6", "10"],
    ],
}


def plain(text: object) -> str:
    return str(text).replace("\u202f", " ").replace("\xa0", " ")


def test_the_statement_is_the_one_written_by_hand(counted, monkeypatch) -> None:
    monkeypatch.setenv("LANGUAGES", '["de","tr","ar","fa"]')
    settings.settings.cache_clear()
    report = preview()
    tables = {table.title: table for table in report.tables}
    for title, rows in BY_HAND.items():
        table = tables[title]
        seen = [
            [
                plain(export_files.shown(value, column.kind, "de"))
                for value, column in zip(row, table.columns, strict=True)
            ]
            for row in table.rows
        ]
        assert seen == rows, title
    assert [table.question[:2] for table in report.tables if table.question] == ["1.", "3.", "5."]


def test_csv_xlsx_and_pdf_say_the_same(counted) -> None:
    for name in publication.NAMES:
        with database.reading() as session:
            report = (
                publication.period(session, sample_month.FIRST, sample_month.LAST, "de", SAY)
                if name == "overview"
                else preview(name)
            )
        wanted = [
            [export_files._plain(value, "de") for value in row] for table in report.tables for row in table.rows
        ]  # fmt: skip
        lines = list(csv.reader(io.StringIO(export_files.as_csv(report, SAY).decode("utf-8-sig")), delimiter=";"))
        assert [line for line in lines if line in wanted] == wanted

        book = openpyxl.load_workbook(io.BytesIO(export_files.as_xlsx(report, SAY)))
        assert len(book.worksheets) == len(report.tables)
        for sheet, table in zip(book.worksheets, report.tables, strict=True):
            rows = list(sheet.iter_rows(values_only=True))[-len(table.rows) - (2 if table.note else 0) :]
            for row, expected in zip(rows, table.rows, strict=False):
                for cell, value in zip(row, expected, strict=False):
                    assert cell == (pytest.approx(value) if isinstance(value, int | float) else cell)
                    assert isinstance(value, int | float) == isinstance(cell, int | float) or value is None

        text = plain(
            " ".join(page.extract_text() for page in PdfReader(io.BytesIO(export_files.as_pdf(report, SAY))).pages)
        )
        words = re.sub(r"\s+", " ", text)
        for table in report.tables:
            for row in table.rows:
                cells = [plain(export_files.shown(v, c.kind, "de")) for v, c in zip(row, table.columns, strict=True)]
                assert " ".join(cells[1:]) in words, (table.title, cells)


def test_the_pdf_can_be_read_aloud(counted) -> None:
    document = PdfReader(io.BytesIO(export_files.as_pdf(preview(), SAY)))
    catalogue = document.trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"]
    assert catalogue["/Lang"] == "de"
    assert "StructTreeRoot" in str(catalogue.keys())
    assert "Monatsstatistik" in document.metadata.title
    assert b"pdfuaid:part" in export_files.as_pdf(preview(), SAY)
    box = document.pages[0].mediabox
    assert (round(float(box.width) / 72 * 25.4), round(float(box.height) / 72 * 25.4)) == (210, 297)


def test_nothing_in_a_report_is_markup_or_a_formula() -> None:
    evil = '=cmd|"/c calc"!A1 #set page(width: 1cm) *x* $y$ <script> '
    table = Table(evil, [Column("a", "text"), Column("b")], [[evil, 1], ["-2+3", HIDDEN]], note=evil, question=evil)
    report = Report("x", evil, MONTH, MONTH, [table])
    assert "'=cmd" in export_files.as_csv(report, str).decode()
    book = openpyxl.load_workbook(io.BytesIO(export_files.as_xlsx(report, str)))
    assert all(cell.data_type != "f" for row in book.worksheets[0].iter_rows() for cell in row)
    text = PdfReader(io.BytesIO(export_files.as_pdf(report, str))).pages[0].extract_text()
    assert "#set page" in text


def test_a_month_without_calls_is_a_report_of_zeros(empty_database) -> None:
    report = preview(month=date(2026, 2, 1))
    assert (report.first, report.last) == (date(2026, 2, 1), date(2026, 2, 28))
    numbers = {value for table in report.tables for row in table.rows for value in row[1:]}
    assert numbers <= {0, None}
    assert len(export_files.as_pdf(report, SAY)) > 1000


@pytest.mark.parametrize(("language", "band"), [("de", "80–100\u202f%"), ("en", "80–100%")])
def test_a_band_is_written_as_a_share_is_in_that_language(language: str, band: str) -> None:
    at = "/office/office_1"
    seen = {f"{what}{at}": HIDDEN for what in senate_statement._OF_TASKS} | {f"share{at}": "80–100\u202f%"}
    assert senate_statement._row(seen, "Nord", at, language)[5] == band
    assert shown(0.8, "share", language) == band.replace("80–100", "80,0" if language == "de" else "80.0")
