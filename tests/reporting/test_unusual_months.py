"""Months and requests that are hardly ever seen: nothing, one call, ones everywhere, other names, days to come."""

from __future__ import annotations

import io
import json
import re
import threading
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from ivr.accounts import former_names
from ivr.config import settings
from ivr.models.reporting import DailyMetric, FormerName, Publication
from ivr.platform import database
from ivr.reporting import daily_metrics, dimension_labels, export_files, publication
from ivr.reporting.tables import HIDDEN, Report, translator
from ivr.web.app import create_app
from tests.support import sample_month
from tests.support.people import log_in
from tests.support.printed_pages import overlaps
from tests.support.reports import MONTH, SAY, published


def figures(of: dict[tuple[str, str, str], float]) -> None:
    """The month has happened, and this was counted."""
    with database.writing() as session:
        daily_metrics.count_days(
            session, [MONTH + timedelta(days=number) for number in range(31)], sample_month.AFTERWARDS
        )
        session.execute(delete(DailyMetric))
        session.add_all(
            DailyMetric(dimension=dimension, name=name, day=MONTH, key=key, value=value)
            for (dimension, name, key), value in of.items()
        )


def numbers(report: Report) -> set[object]:
    return {
        value
        for table in report.tables
        for row in table.rows
        for value, column in zip(row[1:], table.columns[1:], strict=True)
        if column.kind == "count" and value is not None
    }


def test_a_month_without_calls_is_published_as_zeros(empty_database) -> None:
    figures({})
    for name in ("statement", "scorecard"):
        assert numbers(published(name)) == {0}


def test_every_sheet_of_every_report_has_its_whole_title(empty_database) -> None:
    figures({})
    with database.reading() as session:
        for language in ("de", "en"):
            say = translator(language)
            reports = [publication.period(session, sample_month.FIRST, sample_month.LAST, language, say)]
            reports += [publication.preview(session, of, MONTH, language, say) for of in ("statement", "scorecard")]
            for report in reports:
                book = openpyxl.load_workbook(io.BytesIO(export_files.as_xlsx(report, say)), read_only=True)
                titles = [one.title.replace(":", "") for one in report.tables]  # which no sheet may have
                assert book.sheetnames == [f"{number} {title}" for number, title in enumerate(titles, 1)]


def test_a_month_with_one_call_says_nothing_about_the_caller(empty_database) -> None:
    """One caller, whose only request was tried in time and reached."""
    of = ("tasks", "tried_in_time", "reached_in_time")
    known = {("", name, ""): 1.0 for name in (*of, "calls", "tried_within_24h")}
    keys = {"office": "office_1", "language": "tr", "concern": "benefits"}
    figures(known | {(dimension, name, key): 1.0 for name in of for dimension, key in keys.items()})
    for name in ("statement", "scorecard"):
        assert numbers(published(name)) == {0, HIDDEN}


def test_a_month_in_which_every_cell_is_1_shows_none_of_them(empty_database) -> None:
    of = ("tasks", "tried_in_time", "tried_missed", "reached_in_time", "reached_missed", "closed_unspoken")
    found = {
        (dimension, name, key): 1.0
        for dimension in ("office", "language", "concern")
        for key in ("office_1", "office_2", "office_3", "de", "tr", "ar", "benefits", "work", "appointment")
        for name in of
        if key.startswith("office") == (dimension == "office") and (len(key) == 2) == (dimension == "language")
    }
    totals = {("", name, ""): 3.0 for name in of}
    figures(found | totals)
    report = published()
    assert not numbers(report) & {1, 2}
    assert HIDDEN in numbers(report)


def test_an_office_that_is_renamed_in_mid_month_is_one_row(nothing_noted, monkeypatch) -> None:
    """A figure belongs to the key; the name is the last one that it had in the month, 60 letters and all."""
    before = {table.title: len(table.rows) for table in preview().tables}
    name = "Geschäftsstelle für Grundsicherung und berufliche Teilhabe 7"
    monkeypatch.setenv("OFFICES", json.dumps({"office_1": {"name": name}}))
    settings.settings.cache_clear()
    noted(datetime(2026, 10, 15, tzinfo=UTC))
    report = preview()
    assert {table.title: len(table.rows) for table in report.tables} == before
    offices = next(table for table in report.tables if table.title.endswith(": Standort") or name in table.rows[0])
    assert [row[1] for row in offices.rows if row[0] == name] == [10]
    assert overlaps(export_files.as_pdf(report, SAY)) == []


def noted(at: datetime, **of: dict[str, dict[str, str]]) -> None:
    """What the settings name is noted, as by a process that starts or a change in the page."""
    with database.writing() as session:
        former_names.note(session, settings.settings.over(of) if of else settings.settings(), at)


def rows_of(report: Report, dimension: str) -> dict[str, int]:
    title = SAY("Promises by: %(what)s") % {"what": SAY(dimension)}
    return {row[0]: row[1] for table in report.tables if table.title == title for row in table.rows}


@pytest.fixture
def nothing_noted(counted) -> None:
    """The hotline has noted its names when it was started, after the month."""
    with database.writing() as session:
        session.execute(delete(FormerName))


def test_a_month_is_published_with_the_names_that_it_had(nothing_noted, monkeypatch) -> None:
    """Renamed in mid-month, and again before it was published: what counts is the last name within the month."""
    for month, name in ((9, "Mitte"), (10, "Altstadt"), (11, "Domshof")):
        noted(datetime(2026, month, 20, tzinfo=UTC), offices={"office_1": {"name": name}})
    monkeypatch.setenv("OFFICES", json.dumps({"office_1": {"name": "Domshof"}}))
    settings.settings.cache_clear()
    for report in (preview(), published()):
        assert rows_of(report, "Office")["Altstadt"] == 10
        assert not {"Mitte", "Domshof"} & set(rows_of(report, "Office"))


@pytest.mark.parametrize("since", [datetime(2026, 9, 20, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)])
def test_what_is_no_longer_set_up_is_published_by_its_name(nothing_noted, since: datetime) -> None:
    """Also where its first name was noted later than the month: no other one is known. Nobody knows its key."""
    noted(since, offices={"port": {"name": "Überseehafen"}}, teams={"ships": {"name": "Seeleute"}})
    noted(datetime(2026, 11, 25, tzinfo=UTC))
    with database.writing() as session:
        for dimension, key, gone in (("office", "office_1", "port"), ("team", "work", "ships")):
            these = (DailyMetric.dimension == dimension, DailyMetric.key == key)
            session.execute(update(DailyMetric).where(*these).values(key=gone))
    assert rows_of(published(), "Office")["Überseehafen"] == 10
    with database.reading() as session:
        report = publication.period(session, sample_month.FIRST, sample_month.LAST, "de", SAY)
    assert rows_of(report, "Office")["Überseehafen"] == 10
    assert rows_of(report, "Team")["Seeleute"] == 5
    assert dimension_labels.name("team", "ships", "de", SAY) == "Seeleute (nicht mehr eingerichtet)"
    assert former_names.office("port") == "Überseehafen"


def test_a_name_that_a_clock_noted_that_was_ahead_is_not_the_last_one_for_good(nothing_noted) -> None:
    for at, name in ((datetime(2027, 5, 1, tzinfo=UTC), "Mitte"), (datetime(2026, 12, 1, tzinfo=UTC), "Altstadt")):
        noted(at, offices={"port": {"name": name}})
    noted(datetime(2026, 12, 2, tzinfo=UTC))
    assert former_names.office("port") == "Altstadt"


def preview() -> Report:
    with database.reading() as session:
        return publication.preview(session, "statement", MONTH, "de", SAY)


def test_a_team_that_is_deleted_keeps_its_past(counted) -> None:
    """Its figures stay, in a row of their own that says so, and the columns add up."""
    with database.writing() as session:
        for row in session.scalars(
            select(DailyMetric).where(DailyMetric.dimension == "team", DailyMetric.key == "work")
        ):
            row.key = "gone"
    with database.reading() as session:
        report = publication.period(session, sample_month.FIRST, sample_month.LAST, "de", SAY)
    teams = report.tables[1]
    assert [row[1] for row in teams.rows if row[0] == "gone (nicht mehr eingerichtet)"] == [5]
    assert sum(row[1] for row in teams.rows[:-1]) == teams.rows[-1][1]


def test_a_month_in_which_counting_began_says_so_and_no_other_does(counted) -> None:
    """Who reads half a month as a whole one reckons wrongly: published, drafted, provisional, or of any period."""
    began = MONTH + timedelta(days=14)
    with database.writing() as session:
        session.execute(delete(DailyMetric).where(DailyMetric.day < began))
    told = "Die Zählung begann am 15. Oktober 2026; für die Tage davor gibt es keine Zahlen."
    with database.one_instant() as session:
        draft, _seen = publication.draft(session, "statement", MONTH, sample_month.AFTERWARDS, "de", SAY)
        period = publication.period(session, began - timedelta(days=1), sample_month.LAST, "de", SAY)
        later = publication.period(session, began, sample_month.LAST, "de", SAY)
    for report in (draft, preview(), period, published()):
        assert told in report.remarks
    assert told not in later.remarks


def test_a_report_of_days_to_come_says_that_it_is_not_final(counted, monkeypatch) -> None:
    monkeypatch.setattr("ivr.reporting.publication.utc_now", lambda: sample_month.AFTERWARDS)
    tomorrow = sample_month.AFTERWARDS.date() + timedelta(days=1)
    with database.reading() as session:
        for last, final in ((sample_month.LAST, False), (tomorrow, True)):
            report = publication.period(session, sample_month.FIRST, last, "de", SAY)
            assert any("nicht endgültig" in remark for remark in report.remarks) == final, report.remarks


@pytest.fixture
def desks(counted, monkeypatch) -> list[FlaskClient]:
    """Two supervisors, each at a desk."""
    monkeypatch.setattr("ivr.web.reports.utc_now", lambda: sample_month.AFTERWARDS)
    application = create_app()
    application.config["WTF_CSRF_ENABLED"] = False
    return [log_in(application.test_client(), "lena") for _ in range(2)]


def test_two_people_publish_at_the_same_moment(desks: list[FlaskClient]) -> None:
    """Both have looked at the month and press the button: one publishes, the other one is told, nothing is doubled."""
    drafts = [desk.get("/supervision/reports/draft?month=2026-10").text for desk in desks]
    seen = [re.search(r'name="seen" value="(\w+)"', draft)[1] for draft in drafts]
    assert seen[0] == seen[1]
    answers = list[str]()

    def press(desk: FlaskClient) -> None:
        sent = {"month": "2026-10", "seen": seen[0]}
        answers.append(desk.post("/supervision/reports/publish", data=sent, follow_redirects=True).text)

    pressing = [threading.Thread(target=press, args=[desk]) for desk in desks]
    for one in pressing:
        one.start()
    for one in pressing:
        one.join()
    assert len([answer for answer in answers if "Veröffentlicht." in answer]) == 1
    assert len([answer for answer in answers if "bereits veröffentlicht" in answer]) == 1
    with database.reading() as session:
        assert sorted(session.scalars(select(Publication.report))) == ["scorecard", "statement"]
