"""A missed promise is missed everywhere: that somebody was tried in time hides nowhere that nobody was reached."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from ivr.callbacks import alert_digest, attempts, claims, promises, queries, workflow
from ivr.callbacks.filters import Filters
from ivr.contact_centre import wallboard
from ivr.domain.enums import AlertEvent
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team
from ivr.models.alerts import AlertItem
from ivr.models.callbacks import CallbackTask
from ivr.models.sla import SlaClock
from ivr.platform import database, monitoring
from ivr.reporting import daily_metrics, dashboard, overview, promise_list, scorecard, senate_statement
from ivr.reporting.tables import Table, translator
from tests.support.alerts import sweep
from tests.support.desk_pages import count_of_view
from tests.support.people import a_task, the_task

ROOT = Path(__file__).parent.parent.parent


def tried_in_time_but_never_reached(desk) -> int:
    """Rung an hour after the call, nobody answered, and that was days ago."""
    task_id = a_task(age=timedelta(days=9))
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        claims.claim(session, task, desk.people["mia"], task.first_contact_at)
        attempts.record(session, task, desk.people["mia"], "no_answer", task.first_contact_at + timedelta(hours=1))
    sweep(utc_now())
    sweep(utc_now())
    return task_id


@pytest.fixture
def unreached(desk, alert_address) -> int:
    return tried_in_time_but_never_reached(desk)


def counted(session) -> tuple[datetime, datetime]:
    today = daily_metrics.local_day(utc_now())
    first = today - timedelta(days=20)
    for number in range(21):
        daily_metrics.count_day(session, first + timedelta(days=number), utc_now())
    session.flush()
    return first, today


def table_of(report, session, language: str = "de") -> list[Table]:
    first, last = counted(session)
    if report is overview:
        return overview.tables(session, first, last, language, translator(language))
    found, _ = report.counts(session, first, last)
    return report.tables(found, first, last, language, translator(language))


def under(tables: list[Table], heading: str) -> list[object]:
    """What stands in the columns of a heading, in all tables that have it."""
    return [
        row[[column.label for column in table.columns].index(heading)]
        for table in tables
        for row in table.rows
        if heading in [column.label for column in table.columns]
    ]


#: Every place that shows promises, and how a promise that was missed is read off it.
PLACES: dict[str, Callable[..., bool]] = {
    "the list of tasks": lambda desk, task: (
        "Nicht erreicht, überfällig: " in desk("mia").get("/desk/").text
        and "rechtzeitig versucht" in desk("mia").get("/desk/").text
    ),
    "the view of what is due or missed": lambda desk, task: (
        the_task(task).receipt_code in desk("mia").get("/desk/?view=due").text
        and count_of_view(desk("mia").get("/desk/?view=due").text, "due") == "1"
    ),
    "the filter for missed promises": lambda desk, task: (
        the_task(task).receipt_code in desk("mia").get("/desk/?view=all&missed=reached").text
        and the_task(task).receipt_code not in desk("mia").get("/desk/?view=all&missed=tried").text
    ),
    "the page of the task": lambda desk, task: (
        "Erreichen: überfällig seit" in desk("mia").get(f"/desk/tasks/{task}").text
    ),
    "the alerts in the browser": lambda desk, task: (
        "Nicht erreicht, überfällig" in desk("mia").get("/desk/alerts").json["at_risk"][0]["text"]
    ),
    "the table of ticked tasks": lambda desk, task: (
        "Nicht erreicht, überfällig"
        in desk("mia").post("/desk/selected", data={"action": "export", "task": [task]}).text
    ),
    "the tile of missed promises": lambda desk, task: (
        "Erster Versuch: 0 · Erreichen: 1" in " ".join(desk("lena").get("/supervision/figures/").text.split())
    ),
    "the list of missed promises": lambda desk, task: (
        the_task(task).receipt_code in desk("lena").get("/supervision/figures/").text
    ),
    "what stands behind the tile": lambda desk, task: (
        the_task(task).receipt_code in desk("lena").get("/supervision/figures/behind/missed").text
        and "Erreichen" in desk("lena").get("/supervision/figures/behind/missed").text
    ),
    "the wallboard": lambda desk, task: "Erreichen: 1" in desk("mia").get("/desk/live/").text,
    "the page that another team opens": lambda desk, task: (
        "Nicht erreicht, überfällig"
        in desk("sven").post("/desk/open", data={"code": the_task(task).receipt_code, "reason": "caller_asks"}).text
    ),
    "the list on paper": lambda desk, task: any(
        "Erreichen: " in str(cell) and "(überfällig)" in str(cell) for cell in on_paper()
    ),
}


def on_paper() -> list[object]:
    """What stands in the list of open promises for the hour in which nobody can open the desk."""
    with database.reading() as session:
        report = promise_list.report(session, utc_now())
    return [cell for table in report.tables for row in table.rows for cell in row]


@pytest.mark.parametrize("place", PLACES)
def test_a_caller_who_was_tried_and_never_reached_stands_in(place: str, desk, unreached: int) -> None:
    assert PLACES[place](desk, unreached)


def test_the_counters_of_the_machines_name_both_promises(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = list[tuple[object, ...]]()
    monkeypatch.setattr(monitoring, "count", lambda name, number, *labels: told.append((name, number, *labels)))
    tried_in_time_but_never_reached(desk)
    assert ("promises_changed", 1, "reached", "missed") in told


@pytest.mark.parametrize("report", [overview, scorecard, senate_statement], ids=lambda one: one.__name__.split(".")[-1])
def test_a_caller_who_was_never_reached_is_counted_in_the_report(report, unreached: int) -> None:
    with database.writing() as session:
        tables = table_of(report, session)
    if report is scorecard:
        (row,) = [row for row in tables[0].rows if str(row[0]).startswith("Wie zugesagt gesprochen")]
        assert row[1:4] == [1, 0, 1]
    else:
        assert 1 in under(tables, "Nicht fristgerecht gesprochen")
        assert set(under(tables, "Erster Versuch überfällig geworden")) == {0}


def test_the_api_names_both_promises(unreached: int) -> None:
    from ivr.web.api_models import Task

    with database.reading() as session:
        task = Task.of(queries.any_one(session, unreached), "", callers=False)
    assert [(one.measure, one.state, one.missed) for one in task.promises] == [
        ("tried", "met", False),
        ("reached", "missed", True),
    ]


def test_an_alert_tells_that_somebody_was_not_reached(unreached: int) -> None:
    with database.reading() as session:
        kinds = set(session.scalars(select(AlertItem.kind).where(AlertItem.task_id == unreached)))
    assert kinds == {AlertEvent.NOT_REACHED}
    with database.writing() as session:
        noon = utc_now().replace(hour=11, minute=0)  # alerts are sent in opening hours, whenever the test runs
        session.execute(AlertItem.__table__.update().values(at=noon - timedelta(hours=2)))
        written = alert_digest.write_due_messages(session, noon)
    assert written == 1


def test_reaching_the_caller_late_takes_it_off_the_lists_and_keeps_it_on_record(desk, unreached: int) -> None:
    with database.writing() as session:
        task = session.get_one(CallbackTask, unreached)
        workflow.close(session, task, desk.people["mia"], "reached", "", utc_now())
    page = desk("mia").get(f"/desk/tasks/{unreached}").text
    assert "verspätet erreicht" in page
    with database.reading() as session:
        mia = desk.people["mia"]
        assert queries.count(session, mia, "all", utc_now(), Filters(missed="reached")) == 0
        assert promises.count_missed(session) == {"tried": 0, "reached": 0}
        team = session.scalar(select(Team).where(Team.key == "benefits"))
        (board,) = wallboard.of_teams(session, [team], utc_now())
        assert sum(board.missed.values()) == 0
        assert dashboard.missed(session) == []


def test_a_promise_that_is_overdue_by_the_clock_is_shown_before_the_sweep_has_recorded_it(desk) -> None:
    task_id = a_task(age=timedelta(hours=25))
    with database.reading() as session:
        task = session.get_one(CallbackTask, task_id)
        assert {clock.state for clock in session.scalars(select(SlaClock))} == {"on_track"}
        assert promises.of(task, utc_now())[0].state == "missed"


#: Where clocks are moved, where the row is written and copied, where past days and, for Prometheus, both are counted.
MAY_READ_CLOCKS = {
    "callbacks/promises.py", "callbacks/sla_clocks.py", "callbacks/sla_deadline_changes.py",
    "callbacks/sla_backfill.py", "callbacks/merged_clocks.py", "callbacks/changed_hours.py",
    "callbacks/early_records.py", "reporting/metric_sources.py", "reporting/monitoring_gauges.py", "models/sla.py",
}  # fmt: skip
#: A column of the API that former versions had.
MAY_READ_BREACHES = {
    "callbacks/sla_clocks.py", "callbacks/sla_backfill.py", "callbacks/merged_clocks.py", "callbacks/early_records.py",
    "models/callbacks.py",
}  # fmt: skip


def test_no_place_computes_a_promise_of_its_own() -> None:
    """Who reads a clock's state, or the mark of one missed promise, forgets the other one."""
    found = []
    for path in sorted((ROOT / "ivr").rglob("*.py")):
        name = str(path.relative_to(ROOT / "ivr"))
        if "migrations" in name:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Attribute):
                continue
            clock = ast.unparse(node.value) in ("SlaClock", "clock") and node.attr in ("state", "missed_at", "met_at")
            breach = node.attr == "breached_at"
            if (clock and name not in MAY_READ_CLOCKS) or (breach and name not in MAY_READ_BREACHES):
                found.append(f"{name}:{node.lineno} {ast.unparse(node)}")
    for path in sorted((ROOT / "ivr/web/templates").rglob("*.html")):
        found += [path.name for word in ("breached_at", "clock.state", "missed_at") if word in path.read_text()]
    assert found == []
