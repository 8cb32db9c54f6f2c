"""Lists in spreadsheets: codes keep their zeros, instants are local, nothing is a formula."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from ivr.domain.csv_safety import harmless, text_cell
from ivr.reporting import export_files, list_export
from ivr.reporting.tables import Column, Report, Table, shown
from tests.support.spreadsheets import Formula, local, opened_csv, opened_xlsx

BERLIN = ZoneInfo("Europe/Berlin")
#: What Excel would take for something else.
TEXTS = [
    "0012345678", "0421 5550123", "+494215550123", "+49 (0)421/555-0123", "1-2", "3/4", "01.02", "12:30", "1e5", "00",
    "(0421) 555", "5%", "3. Mai", "26-Nov", "Nov 26", "1. November",
    "Team Mai", "Müller; Meier", 'sagt "ja"', "zwei\nZeilen", "شكرا", "Łódź", "–", "",
]  # fmt: skip
ATTACKS = [
    '=cmd|"/c calc"!A1',
    "+1+2",
    "-1+2",
    "@SUM(A1)",
    "\t=1",
    " =1+1",
    "\u200b=1",
    "\u202e=1",
    "\u061c=1",
    "\u2066=1",
    "＝1+1",
    '=HYPERLINK("http://x")',
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_code_or_number_stays_the_text_it_is(text: str) -> None:
    opened = opened_csv(list_export.as_csv(["Wert", "Ende"], [[text, "x"]], "de", BERLIN))
    assert opened[1] == [text, "x"]
    opened = opened_xlsx(list_export.as_xlsx(["Wert", "Ende"], [[text, "x"]], "de", BERLIN))
    assert opened[1] == [text or None, "x"]


@pytest.mark.parametrize("text", ATTACKS)
def test_no_cell_is_a_formula(text: str) -> None:
    (cell,) = opened_csv(list_export.as_csv(["Wert"], [[text]], "de", BERLIN))[1]
    assert (not isinstance(cell, Formula) and str(cell).startswith(("'", "\t", " "))) or cell == text
    assert (
        not text_cell(text).lstrip("\t \u200b\u202e\u061c\u2066").startswith(("=", "+", "-", "@", "＝"))
        or text_cell(text)[1] == '"'
    )
    (cell,) = opened_xlsx(list_export.as_xlsx(["Wert"], [[text]], "de", BERLIN))[1]
    assert not isinstance(cell, Formula)
    assert harmless(text).startswith("'")


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        (datetime(2026, 11, 27, 7, 30, tzinfo=UTC), local(2026, 11, 27, 8, 30)),
        (datetime(2026, 7, 31, 22, 30, tzinfo=UTC), local(2026, 8, 1, 0, 30)),
    ],
)
@pytest.mark.parametrize("language", ["de", "en"])
def test_an_instant_is_local_time_and_a_date_of_the_spreadsheet(instant, shown, language: str) -> None:
    rows = [["0012345678", instant]]
    assert opened_csv(list_export.as_csv(["Nummer", "Fällig"], rows, language, BERLIN))[1] == ["0012345678", shown]
    assert opened_xlsx(list_export.as_xlsx(["Nummer", "Fällig"], rows, language, BERLIN))[1] == ["0012345678", shown]


def test_labels_of_a_report_that_look_like_dates_or_numbers_stay_labels() -> None:
    rows = [("8-10", 5), ("00", 2.5), ("=1+1", 1)]
    table = Table("Stunden", [Column("Stunde", "text"), Column("Anrufe")], rows)
    day = date(2026, 11, 1)
    report = Report("x", "Bericht", day, day, [table])
    opened = opened_csv(export_files.as_csv(report, str))
    assert opened[-3:] == [["8-10", 5.0], ["00", 2.5], ["'=1+1", 1.0]]


def test_numbers_of_a_report_in_english_are_numbers_in_a_german_spreadsheet() -> None:
    table = Table("Hours", [Column("Hour", "text"), Column("Calls", "number")], [("all", 2.5)])
    day = date(2026, 11, 1)
    report = Report("x", "Report", day, day, [table], language="en")
    assert opened_csv(export_files.as_csv(report, str))[-1] == ["all", 2.5]


def test_a_mean_of_a_minute_is_read_as_one_and_has_its_unit_where_it_stands_alone() -> None:
    """The page and the PDF say "1 min"; in files to calculate with, the heading says what 0.0167 is."""
    table = Table("Zeiten", [Column("Team", "text"), Column("Mittlere Zeit", "hours")], [("alle", 1 / 60)])
    day = date(2026, 11, 1)
    report = Report("x", "Bericht", day, day, [table])
    assert (shown(1 / 60, "hours", "de"), shown(1.5, "hours", "de")) == ("1\u202fMin.", "1,5\u202fStd.")
    heads, row = opened_csv(export_files.as_csv(report, str))[-2:]
    assert (heads, row) == (["Team", "Mittlere Zeit (h)"], ["alle", 0.0167])
    assert ["Team", "Mittlere Zeit (h)"] in [line[:2] for line in opened_xlsx(export_files.as_xlsx(report, str))]


def test_a_long_title_is_a_sheet_of_whole_words() -> None:
    day = date(2026, 11, 1)
    tables = [
        Table(title, [Column("Team", "text"), Column("Anrufe")], [("alle", 1)])
        for title in ("Anrufe", "Was zugesagt war und was davon eingehalten wurde", "[a]:b*?/\\", "x" * 60)
    ]
    book = openpyxl.load_workbook(io.BytesIO(export_files.as_xlsx(Report("x", "Bericht", day, day, tables), str)))
    assert book.sheetnames == ["1 Anrufe", "2 Was zugesagt war und was …", "3 ab", "4 …"]
