"""The reports: the same numbers in every form, what is published gives nobody away, and what cannot be is refused."""

from __future__ import annotations

import csv
import io
import itertools
import json
import random
import re
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as patience
from hypothesis import strategies as some
from pypdf import PdfReader
from sqlalchemy import select

from ivr.callbacks import appointments, workflow
from ivr.config import settings
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.reporting import DailyMetric, ReportSent
from ivr.platform import database
from ivr.reporting import daily_metrics, disclosure_control, export_files, publication, report_mail
from ivr.reporting.tables import HIDDEN, Column, Report, Table, translator
from ivr.web.app import create_app
from ivr.workers import scheduler
from tests.support import sample_month
from tests.support.alerts import nothing_on_its_way
from tests.support.mailbox import Mailbox
from tests.support.people import hire, log_in
from tests.support.waiting import eventually

MONTH = sample_month.FIRST
SAY = translator("de")


def preview(name: str = "statement", month: date = MONTH) -> Report:
    with database.reading() as session:
        return publication.preview(session, name, month, "de", SAY)


def published(name: str = "statement", month: date = MONTH, now: datetime = sample_month.AFTERWARDS) -> Report:
    with database.writing() as session:
        publication.publish(session, month, now)
        return publication.published(session, name, month, "de", SAY)


@pytest.fixture
def counted(empty_database) -> None:
    sample_month.happen()
    sample_month.count()


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
    "Rückrufzusagen nach: Sprache": [
        ["Deutsch", "20", "20", "20", "0", "100,0 %"],
        ["Türkisch", "5", "5", "5", "0", "100,0 %"],
        ["Arabisch", "4", "4", "0", "4", "0,0 %"],
        ["Persisch", "1", "1", "0", "1", "0,0 %"],
        ["Insgesamt", "30", "30", "25", "5", "83,3 %"],
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


# -- what is published --------------------------------------------------------------------------------


def test_a_month_is_published_once_it_is_final_and_never_changes(counted) -> None:
    with pytest.raises(publication.NotYet) as refused:
        published(now=datetime(2026, 11, 7, 22, 0, tzinfo=UTC))
    assert refused.value.from_day == date(2026, 11, 8)
    first = published()
    with database.writing() as session:
        for figure in session.scalars(select(DailyMetric).where(DailyMetric.name == "refused")):
            figure.value += 10
    assert published(now=sample_month.AFTERWARDS + timedelta(days=40)) == first
    hidden = [row for table in first.tables for row in table.rows if HIDDEN in row]
    assert hidden
    assert any("verdeckt" in remark for remark in first.remarks)
    counts = [
        (value, column.kind)
        for table in first.tables
        for row in table.rows
        for value, column in zip(row, table.columns, strict=True)
    ]
    small = [value for value, kind in counts if kind == "count" and value in (1, 2)]
    assert small == []


def test_the_published_statement_can_not_be_solved(counted) -> None:
    """Everything a reader sees in both reports, and all they know of which numbers are sums of which."""
    published()
    true: dict[str, int] = {}
    sums = []
    with database.reading() as session:
        contents = [session.get_one(publication.Publication, (name, MONTH)).content for name in publication._PUBLISHED]
        for counts, _tables in publication._PUBLISHED.values():
            theirs, equations = counts(session, sample_month.FIRST, sample_month.LAST)
            assert all(true.get(key, value) == value for key, value in theirs.items()), "shared numbers are the same"
            true |= theirs
            sums += equations
    assert contents[0]["counts"] == contents[1]["counts"]
    hidden = {key for key, value in contents[0]["counts"].items() if value is None}
    assert {key for key, value in true.items() if value in (1, 2)} <= hidden
    attack(true, sums, hidden)
    assert {"missed", "in_time", "decided"} <= set(true)


def test_what_is_published_stays_whatever_the_settings_say_later(counted, monkeypatch) -> None:
    before = published("scorecard")
    monkeypatch.setenv("TARGETS", '{"answered_in_time": 0.5}')
    monkeypatch.setenv("TEAMS", '{"benefits": {"name": "Geld"}}')
    settings.settings.cache_clear()
    assert published("scorecard") == before
    with database.reading() as session:
        english = publication.published(session, "scorecard", MONTH, "en", translator("en"))
    assert english.tables[0].columns[0].label == "What was promised"


def test_a_month_before_there_was_a_hotline_is_not_published(counted) -> None:
    with pytest.raises(publication.NothingCounted):
        published(month=date(2019, 1, 1))


def test_an_agreement_that_is_taken_back_late_is_counted_once(counted) -> None:
    """Granted in October, reopened in December because it fell through, and granted again."""
    with database.writing() as session:
        task = session.scalars(select(CallbackTask).where(CallbackTask.outcome == "granted")).first()
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        again = sample_month.AFTERWARDS + timedelta(days=30)
        workflow.reopen(session, task, mia, again)
        appointments.answer(session, task, mia, again, appointment_at=again + timedelta(days=2), place="Zimmer 2")
    with database.writing() as session:
        december = daily_metrics.local_day(again)
        found = daily_metrics.count(session, december)
    assert ("", "agreed", "") not in found
    assert ("", "tried", "") not in found
    assert ("", "tried_missed", "") not in found


def attack(true, sums, hidden) -> None:
    """Nothing hidden is known, or known to be small, to somebody who solves every equation."""
    for group in disclosure_control._groups(sums, hidden):
        equations = [(total, parts) for total, parts in sums if group & {total, *parts}]
        for name in group:
            low, high = disclosure_control.possible(name, sorted(group, key=str), equations, true)
            assert low < high, f"{name} is {low}"
            assert high > disclosure_control.SMALL, f"{name} is 1 or 2"


@patience(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(some.lists(some.lists(some.sampled_from([0, 0, 1, 2, 3, 4, 9]), min_size=3, max_size=3), min_size=2, max_size=3))
def test_no_table_with_margins_can_be_recovered_by_trying_everything(cells: list[list[int]]) -> None:
    """The attack by brute force: all tables a reader can imagine that fit what is published."""
    true, sums = with_margins(cells)
    hidden = disclosure_control.suppress(true, sums)
    assert {name for name, value in true.items() if value in (1, 2)} <= hidden
    assert not {name for name, value in true.items() if value == 0} & hidden
    unknown = sorted((name for name in hidden if len(name) == 2), key=str)
    if len(unknown) > 4:
        return
    possible: dict = {name: set() for name in hidden}
    for guess in itertools.product(range(1, 14), repeat=len(unknown)):
        table = [list(row) for row in cells]
        for (row, column), value in zip(unknown, guess, strict=True):
            table[row][column] = value
        imagined, _ = with_margins(table)
        if all(imagined[name] == true[name] for name in true if name not in hidden):
            for name in hidden:
                possible[name].add(imagined[name])
    for name, values in possible.items():
        assert len(values) > 1, (name, values)
        assert max(values) > 2, (name, values)


def with_margins(cells: list[list[int]]) -> tuple[dict, list]:
    rows, columns = range(len(cells)), range(len(cells[0]))
    found = {(row, column): cells[row][column] for row in rows for column in columns}
    found |= {("row", row, ""): sum(cells[row]) for row in rows}
    found |= {("column", column, ""): sum(cells[row][column] for row in rows) for column in columns}
    found["all", "", ""] = sum(map(sum, cells))
    sums = [(("row", row, ""), [(row, column) for column in columns]) for row in rows]
    sums += [(("column", column, ""), [(row, column) for row in rows]) for column in columns]
    sums += [(("all", "", ""), [("row", row, "") for row in rows])]
    sums += [(("all", "", ""), [("column", column, "") for column in columns])]
    return found, sums


def test_two_successive_reports_cannot_be_subtracted(counted) -> None:
    """A late entry changes nothing that is published; and no published period overlaps another."""
    before = published()
    with database.writing() as session:
        session.add(DailyMetric(dimension="", name="agreed", day=date(2026, 10, 31), key="", value=1.0))
    assert published() == before
    with pytest.raises(publication.NotYet):
        published(month=date(2026, 11, 1))


def test_numbers_that_do_not_add_up_are_noticed() -> None:
    with pytest.raises(ValueError, match="not the sum"):
        disclosure_control.suppress({"all": 4, "a": 1, "b": 2}, [("all", ["a", "b"])])


def test_hiding_stops_where_nothing_is_left_to_hide() -> None:
    assert disclosure_control.suppress({"all": 2, "a": 2, "b": 0}, [("all", ["a", "b"])]) == {"all", "a"}
    assert disclosure_control.suppress({"all": 12, "a": 5, "b": 7}, [("all", ["a", "b"])]) == set()
    dice = random.Random(5)
    many = {f"k{n}": dice.choice([0, 1, 5, 40]) for n in range(12)}
    total = {"all": sum(many.values())}
    attack(many | total, [("all", list(many))], disclosure_control.suppress(many | total, [("all", list(many))]))


# -- on the page and by e-mail ------------------------------------------------------------------------


@pytest.fixture
def desk(empty_database) -> FlaskClient:
    hire()
    return create_app().test_client()


@pytest.fixture
def client(desk: FlaskClient, monkeypatch) -> FlaskClient:
    desk.application.config["WTF_CSRF_ENABLED"] = False
    return desk


def test_reports_are_for_supervisors(client: FlaskClient) -> None:
    for path in ("/supervision/figures/", "/supervision/reports/", "/supervision/figures/abandoned"):
        assert client.get(path).status_code == 302
    log_in(client, "mia")
    for path in ("/supervision/figures/", "/supervision/reports/", "/supervision/reports/file.pdf"):
        assert client.get(path).status_code == 404


def test_a_supervisor_looks_publishes_and_downloads(client: FlaskClient) -> None:
    log_in(client, "lena")
    assert "Kennzahlen" in client.get("/supervision/figures/").text
    page = client.get("/supervision/reports/?report=statement&month=2026-10").text
    assert "Wie viele Vor-Ort-Termine wurden monatlich" in page
    for ending, begins in (("pdf", b"%PDF"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf")):
        for report in publication.NAMES:
            answer = client.get(
                f"/supervision/reports/file.{ending}?report={report}&month=2026-02&since=2026-03-01&until=2026-10-31"
            )
            assert answer.status_code == 200
            assert answer.data.startswith(begins)
            assert f".{ending}" in answer.headers["Content-Disposition"]
    seen = re.search(r"seen=(\w+)", client.get("/supervision/figures/").text)[1]
    assert client.get(f"/supervision/figures/?seen={seen}").status_code == 204


@pytest.mark.parametrize(
    "query",
    [
        "report=overview&since=2026-11-02&until=2026-11-01",
        "report=overview&since=2020-01-01&until=2026-11-01",
        "report=overview&since=yesterday",
        "report=statement&month=2026-13",
        "report=statement&month=0001-01",
        "report=scorecard&month=x",
    ],
)
def test_a_period_that_is_none_is_answered_clearly(client: FlaskClient, query: str) -> None:
    log_in(client, "lena")
    for path in ("/supervision/reports/?", "/supervision/reports/file.csv?"):
        answer = client.get(path + query, follow_redirects=True)
        assert answer.status_code == 200
        assert "Bitte einen Zeitraum" in answer.text
    for month, said in (
        ("2999-01", "noch nicht endgültig"),
        ("2019-01", "nichts gezählt"),
        ("x", "Bitte einen Zeitraum"),
    ):
        answer = client.post("/supervision/reports/publish", data={"month": month}, follow_redirects=True)
        assert said in answer.text
    assert client.get("/supervision/reports/file.exe").status_code == 302
    for wrong in ("backlog?key=benefits&age=9", "backlog?age=-1"):
        assert client.get(f"/supervision/figures/behind/{wrong}").status_code == 404
    assert client.get("/supervision/figures/behind/backlog?key=benefits&age=1").status_code == 200
    assert client.get("/supervision/figures/behind/calls?dimension=hour&key=9&weekday=0").status_code == 200
    for wrong in ("since=2026-11-02&until=2026-11-01", "since=x", "since=0001-01-01"):
        assert client.get(f"/supervision/figures/abandoned?{wrong}").status_code == 400
    assert client.get("/supervision/figures/behind/nothing").status_code == 404
    assert client.get("/supervision/figures/behind/calls?dimension=shoe_size").status_code == 404


def test_the_statement_comes_by_mail_once_the_month_is_final(counted, mailbox: Mailbox, monkeypatch) -> None:
    wishes = [{"report": "statement", "to": "senat@example.org"}, {"report": "overview", "to": "lena@example.org"}]
    monkeypatch.setenv("REPORT_MAILS", json.dumps(wishes))
    monkeypatch.setenv("SMTP_URL", mailbox.url)
    settings.settings.cache_clear()

    def plan(now: datetime) -> int:
        with database.writing() as session:
            return report_mail.plan(session, now)

    assert plan(datetime(2026, 11, 7, 12, tzinfo=UTC)) == 0, "the month is not final"
    assert (plan(sample_month.AFTERWARDS), plan(sample_month.AFTERWARDS)) == (2, 0)
    eventually(lambda: scheduler.send_alerts() or len(mailbox.mails) == 2, 30, 0.2)
    by_recipient = {mail["To"]: mail for mail in mailbox.mails}
    statement = by_recipient["senat@example.org"]
    assert statement["Subject"] == "Monatsstatistik: 1. Oktober 2026 – 31. Oktober 2026"
    endings = {part.get_filename() for part in statement.iter_attachments()}
    assert endings == {f"statement-2026-10-01-2026-10-31.{ending}" for ending in ("pdf", "xlsx")}
    pdf = next(part for part in statement.iter_attachments() if part.get_filename().endswith("pdf"))
    assert pdf.get_content().startswith(b"%PDF")

    def all_sent() -> bool:
        with database.reading() as session:
            return all(row.sent_at for row in session.scalars(select(ReportSent)))

    eventually(all_sent)
    nothing_on_its_way()
    assert daily_metrics.OPEN_DAYS == 7
