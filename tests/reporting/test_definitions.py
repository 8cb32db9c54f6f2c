"""What the figures are said to count is what they count: one story for each definition."""

from __future__ import annotations

import secrets
from datetime import date, timedelta

import pytest

from ivr.callbacks import attempts, claims, intake, sla_clocks, workflow
from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.config import settings
from ivr.contact_centre import call_queue
from ivr.domain import opening_hours
from ivr.domain.enums import QueueEntryMode, QueueEntryState, QueueExit
from ivr.domain.words import DEFINITIONS
from ivr.models.accounts import User
from ivr.models.calls import Call
from ivr.platform import database
from ivr.reporting import daily_metrics, overview, publication, scorecard, senate_statement
from tests.support.people import hire
from tests.support.reports import SAY
from tests.support.sample_month import _at as at

#: Within opening hours.
NOON = at(6, 12)
DAY = date(2026, 10, 6)
BENEFITS, WORK = Request(concern="benefits"), Request(concern="work")


def wanted_a_team(*visits: tuple[Request, str, int]) -> None:
    """A caller who wanted a team once or more: the request, how it ended, after how many seconds."""
    with database.writing() as session:
        call = calls.seen(session, "CA" + secrets.token_hex(16), "+4915112345678", NOON)
        begins = NOON
        for number, (request, ending, seconds) in enumerate(visits, start=1):
            ends = begins + timedelta(seconds=seconds)
            if ending in ("nobody", "full") and not seconds:
                call_queue.not_served(session, call, number - 1, request, "de", QueueExit(ending), begins)
                continue
            entry = call_queue.enter(session, call, number, request, "de", "", begins)
            if ending == "answered":
                entry.state, entry.answered_at = QueueEntryState.ANSWERED, ends
            elif ending == "kept":
                entry.mode = QueueEntryMode.CALLBACK
            else:
                entry.state, entry.left_at, entry.reason = QueueEntryState.LEFT, ends, QueueExit(ending)
            begins = ends + timedelta(minutes=1)


def counted(day: date = DAY, **of: str) -> dict[str, float]:
    dimension, key = next(iter(of.items()), ("", ""))
    with database.reading() as session:
        found = daily_metrics.count(session, day)
    return {name: value for (in_, name, of_key), value in found.items() if (in_, of_key) == (dimension, key)}


@pytest.mark.parametrize(
    ("visits", "count"),
    [
        ([(BENEFITS, "answered", 30)], {"answered": 1, "answered_in_time": 1, "answered_seconds": 30}),
        ([(BENEFITS, "answered", 31)], {"answered": 1, "answered_seconds": 31}),
        ([(BENEFITS, "hung_up", 5)], {"abandoned": 1}),
        ([(BENEFITS, "hung_up", 4)], {"abandoned_early": 1}),
        ([(BENEFITS, "nobody", 0)], {"unserved": 1}),
        ([(BENEFITS, "full", 0)], {"unserved": 1}),
        ([(BENEFITS, "closed", 600)], {"unserved": 1}),
        ([(BENEFITS, "message", 20)], {"to_task": 1}),
        ([(BENEFITS, "kept", 20)], {"to_task": 1}),
        # One caller, however often they have waited in this call, in whichever queues.
        ([(BENEFITS, "hung_up", 9), (WORK, "answered", 9)], {"answered": 1, "answered_seconds": 78}),
        ([(BENEFITS, "answered", 9), (WORK, "hung_up", 90)],
         {"answered": 1, "answered_in_time": 1, "answered_seconds": 9}),
        ([(BENEFITS, "full", 0), (WORK, "message", 3)], {"to_task": 1}),
        ([(BENEFITS, "emergency", 40), (BENEFITS, "nobody", 10)], {"unserved": 1}),
    ],
)  # fmt: skip
def test_every_caller_who_wanted_a_team_is_one_with_one_ending(empty_database, visits, count) -> None:
    wanted_a_team(*visits)
    found = counted()
    assert found == {"waited": 1, **count, "calls": 1}
    assert counted(team="benefits")["waited"] == 1
    assert "waited" not in counted(team="work"), "the first team is the caller's"


def test_the_share_within_30_seconds_is_of_all_who_wanted_a_team(empty_database) -> None:
    for ending, seconds in (("answered", 9), ("answered", 99), ("hung_up", 2), ("hung_up", 50), ("nobody", 0)):
        wanted_a_team((BENEFITS, ending, seconds))
    with database.writing() as session:
        daily_metrics.count_day(session, DAY, NOON)
    report = _preview("scorecard")
    rows = {row[0]: row[1:] for table in report.tables for row in table.rows}
    of_all = rows["Innerhalb von 30 Sekunden angenommen, von allen, die in der Öffnungszeit ein Team wollten"]
    assert of_all[:4] == [5, 1, 4, 0.2]
    endings = [values[0] for label, values in rows.items() if label.startswith(("Angenommen", "Aufgelegt", "Nicht b"))]
    assert endings == [2, 1, 1, 1], "in a line of their own each"


def _preview(name: str) -> publication.Report:
    with database.reading() as session:
        return publication.preview(session, name, DAY.replace(day=1), "de", SAY)


def promised(day: int, *happened: tuple[str, int]) -> None:
    """A request of a day at 12:00, and what was done so many hours later: an outcome of an attempt, or `closed`."""
    with database.writing() as session:
        mia = session.query(User).filter_by(username="mia").one()
        call = calls.seen(session, "CA" + secrets.token_hex(16), "+4915112345678", at(day, 12))
        task = intake.open_for(session, call, BENEFITS, at(day, 12))
        for outcome, hours in happened:
            then = at(day, 12) + timedelta(hours=hours)
            if outcome == "withdrawn":
                workflow.withdraw(session, task, then)
                continue
            if task.state == "open":
                claims.claim(session, task, mia, then)
            if outcome == "closed":
                workflow.close(session, task, mia, "settled_otherwise", "", then)
            else:
                attempts.record(session, task, mia, outcome, then)


def test_a_promise_within_24_hours_is_asked_of_every_request_tried_or_not(empty_database) -> None:
    hire()
    promised(5, ("no_answer", 23))
    promised(5, ("no_answer", 25))
    promised(5)  # never tried
    promised(5, ("withdrawn", 2))
    with database.writing() as session:
        while sla_clocks.sweep(session, at(20)):
            pass
        for number in range(5, 9):
            daily_metrics.count_day(session, date(2026, 10, number), at(8, 12))
    with database.reading() as session:
        found = daily_metrics.totals(
            session, date(2026, 10, 1), date(2026, 10, 31), ("tried_within_24h", "not_tried_within_24h")
        )
        late = daily_metrics.by_day(session, date(2026, 10, 1), date(2026, 10, 31), "not_tried_within_24h")
        shares = overview.tables(session, date(2026, 10, 1), date(2026, 10, 31), "de", SAY)[1].rows[-1]
    assert found == {"tried_within_24h": 1, "not_tried_within_24h": 2}
    assert late == {(date(2026, 10, 6), ""): 2}, "on the day on which the 24 hours were over"
    assert shares[4:6] == [pytest.approx(1 / 3)] * 2, "within its promise, and within 24 hours: here the same"
    rows = [row for row in _preview("scorecard").tables[0].rows if "24 Stunden" in str(row[0])]
    assert [row[1:4] for row in rows] == [[3, 1, 2]]


def test_nobody_is_late_before_the_24_hours_are_over(empty_database) -> None:
    hire()
    promised(5)
    with database.writing() as session:
        daily_metrics.count_day(session, DAY, at(6, 11))
        assert ("", "not_tried_within_24h", "") not in daily_metrics.stored(session, DAY)
        daily_metrics.count_day(session, DAY, at(6, 13))
        assert daily_metrics.stored(session, DAY)["", "not_tried_within_24h", ""] == 1


@pytest.mark.parametrize(
    ("happened", "figure"),
    [
        ([("reached", 1), ("closed", 2)], "reached"),
        ([("no_answer", 1), ("reached", 2)], "reached"),
        ([("no_answer", 1), ("closed", 2)], "closed_unspoken"),
        ([("closed", 2)], "closed_unspoken"),
    ],
)
def test_reached_is_who_was_spoken_with_and_closings_without_contact_are_apart(
    empty_database, happened, figure
) -> None:
    hire()
    promised(6, *happened)
    found = counted()
    assert {name: found.get(name, 0) for name in ("reached", "reached_in_time", "closed_unspoken")} == {
        "reached": figure == "reached", "reached_in_time": figure == "reached",
        "closed_unspoken": figure == "closed_unspoken",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("weekdays", "first", "last", "days"),
    [
        ('["monday","tuesday","wednesday","thursday","friday"]', date(2026, 10, 1), date(2026, 10, 31), 22),
        ('["tuesday"]', date(2026, 10, 1), date(2026, 10, 31), 4),
        ('["saturday"]', date(2026, 10, 1), date(2026, 10, 31), 3),  # two of five are holidays
        ('["friday"]', date(2026, 12, 25), date(2026, 12, 25), 0),
    ],
)
def test_consultations_are_by_the_days_of_the_offices_not_of_the_hotline(
    empty_database, monkeypatch, weekdays: str, first: date, last: date, days: int
) -> None:
    monkeypatch.setenv("OFFICE_WEEKDAYS", weekdays)
    settings.settings.cache_clear()
    hours = settings.settings().hours
    assert opening_hours.span_on(hours, last) is not None, "the hotline is open every day"
    seen = {"consultations": 44, "consultations/large": 4, "consultations/small": 40}
    mean = senate_statement._consulted(seen, first, last, SAY)[1].rows[0][1]
    assert mean == (pytest.approx(44 / days) if days else None)


def test_question_1_says_that_appointments_are_counted_and_not_people(empty_database) -> None:
    table = _preview("statement").tables[0]
    assert table.question.startswith("1.")
    assert table.note == DEFINITIONS.of("appointments", SAY)
    assert "Termine, nicht Personen" in table.note


def test_every_number_of_the_scorecard_is_explained(empty_database) -> None:
    """Each table of each report has its definition under it."""
    for name in ("statement", "scorecard"):
        assert all(table.note for table in _preview(name).tables)
    with database.reading() as session:
        assert all(table.note for table in overview.tables(session, DAY, DAY, "de", SAY))
        assert session.query(Call).count() == 0
    assert set(scorecard.UNSEEN) == {"answered/late", "waited/open"}
