"""Whether a hotline with a million tasks records misses and shows its figures as quickly as one with ten thousand.

    python -m benchmarks.promises --tasks 1000000

For SQLite and PostgreSQL: the sweep in which 1,000 promises change, and the supervisors' dashboard as a page; with the
small hotline and with the large one, in the same run. Two years of tasks, of which the last two days' are open.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from benchmarks.report import Report
from benchmarks.two_sizes import KINDS, compare, median
from ivr.callbacks import sla_clocks
from ivr.domain.timestamps import utc_now
from ivr.operations.migrate import migrate
from ivr.platform import database
from ivr.platform.column_types import Instant
from ivr.reporting import daily_metrics
from ivr.web.app import create_app
from tests.support.environment import use_environment
from tests.support.people import hire, log_in

_BASELINE = 10_000
_CHANGING = 1_000
_ROUNDS = 7
_YEARS = timedelta(days=730)

_CALLS = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
INSERT INTO calls (id, call_sid, from_number, language, concern, ending, state, started_at)
SELECT n, 'CA' || n, '+49176' || (10000000 + n), CASE n % 4 WHEN 0 THEN 'ar' WHEN 1 THEN 'tr' ELSE 'de' END, 'benefits',
       'promised', 'ended', {at} FROM numbers
"""
_TASKS = """
INSERT INTO callback_tasks (id, kind, state, call_id, team_id, language, concern, urgency, callback_number,
    receipt_code, provisional, needs_interpreter, demands_code, first_contact_at, due_at, first_attempt_at, closed_at,
    outcome)
SELECT id, 'callback', CASE WHEN started_at < :recent THEN 'closed' ELSE 'open' END, id, 1 + id % 5, language, concern,
       'normal', from_number, CAST(id AS VARCHAR), {no}, {no}, {no}, started_at, started_at,
       CASE WHEN started_at < :recent THEN started_at END, CASE WHEN started_at < :recent THEN started_at END,
       CASE WHEN started_at < :recent THEN 'reached' END
FROM calls
"""
_CONTACTS = """
INSERT INTO contacts (id, task_id, call_id, at, kind, concern, urgency, language, receipt_code, about)
SELECT id, id, call_id, first_contact_at, kind, concern, urgency, language, receipt_code, '{}' FROM callback_tasks
"""
_CLOCKS = """
INSERT INTO sla_clocks (task_id, measure, clock, hours, state, at_risk_at, due_at, at_risk_recorded_at, met_at,
    next_change_at)
SELECT id, '{measure}', 'wall', 24, CASE WHEN state = 'closed' THEN 'met' ELSE 'at_risk' END, due_at,
       CASE WHEN state = 'closed' THEN due_at ELSE {later} END, due_at, closed_at,
       CASE WHEN state = 'closed' THEN NULL ELSE {later} END
FROM callback_tasks
"""


def _fill(count: int, now: datetime) -> None:
    """Tasks of two years, evenly; a quarter of the open ones' promises fall due within the next hours."""
    sqlite = database.engine().dialect.name == "sqlite"
    step = _YEARS / count
    seconds = step.total_seconds()
    start = now - _YEARS
    if sqlite:
        at = f"strftime('%Y-%m-%d %H:%M:%f', julianday('{start:%Y-%m-%d %H:%M:%S}') + n * {seconds / 86400!r}) || '000'"
    else:
        at = f"timestamptz '{start:%Y-%m-%d %H:%M:%S}+00' + n * interval '{seconds!r} seconds'"
    later = (now + timedelta(hours=2)).strftime("%Y-%m-%d %H:%M:%S.000000")
    later = f"'{later}'" if sqlite else f"timestamptz '{later}+00'"
    with database.engine().execution_options(writing=True).begin() as connection:
        values = {"count": count}
        connection.execute(text(_CALLS.format(at=at)), values)
        recent = Instant().process_bind_param(now - timedelta(days=2), connection.dialect)
        assert recent is not None
        value = recent.strftime("%Y-%m-%d %H:%M:%S.%f") if sqlite else recent
        connection.execute(text(_TASKS.format(no="0" if sqlite else "false")), {"recent": value})
        connection.execute(text(_CONTACTS))
        for measure in ("tried", "reached"):
            connection.execute(text(_CLOCKS.format(measure=measure, later=later)))
        connection.execute(text("ANALYZE"))


def _change(at: datetime) -> None:
    """A thousand promises fall due at an instant: those of the latest tasks, and, where these are too few, others."""
    sqlite = database.engine().dialect.name == "sqlite"
    value = at.strftime("%Y-%m-%d %H:%M:%S.%f") if sqlite else at
    with database.engine().execution_options(writing=True).begin() as connection:
        connection.execute(
            text(
                "UPDATE sla_clocks SET state = 'at_risk', met_at = NULL, missed_at = NULL, next_change_at = :at, "
                "due_at = :at WHERE measure = 'tried' AND task_id IN "
                "(SELECT id FROM callback_tasks ORDER BY id DESC LIMIT :count)"
            ),
            {"at": value, "count": _CHANGING},
        )
        connection.execute(
            text(
                "UPDATE callback_tasks SET breached_at = NULL WHERE id IN "
                "(SELECT id FROM callback_tasks ORDER BY id DESC LIMIT :count)"
            ),
            {"count": _CHANGING},
        )


def run(folder: Path, url: str, count: int) -> dict[str, float]:
    """Milliseconds of each act in a hotline of so many tasks."""
    use_environment({"VAR_DIR": str(folder), "DATABASE_URL": url, "LANGUAGES": '["de","tr","ar"]'})
    migrate()
    hire()
    now = utc_now()
    _fill(count, now)
    today = daily_metrics.local_day(now)
    for number in range(35):
        with database.writing() as session:
            daily_metrics.count_day(session, today - timedelta(days=number), now)
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    client = log_in(app.test_client(), "lena")

    def sweep(_: int) -> None:
        with database.writing() as session:
            changed = sla_clocks.sweep(session, datetime.now(UTC))
        assert changed == _CHANGING, changed

    def dashboard(_: int) -> None:
        assert client.get("/supervision/figures/").status_code == 200

    page = median(dashboard, _ROUNDS)
    swept = median(sweep, _ROUNDS, lambda: _change(utc_now() - timedelta(seconds=1)))
    return {"sweep, 1,000 change": swept, "dashboard": page}


def main() -> None:
    """Print how many times longer each act takes in the large hotline."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--tasks", type=int, default=1_000_000)
    arguments.add_argument("--database", choices=KINDS, action="append", help="both, unless one is named")
    wanted = arguments.parse_args()
    report = Report(f"promises ({wanted.tasks:,} tasks beside {_BASELINE:,})")
    compare(report, run, (_BASELINE, wanted.tasks), 2, wanted.database or KINDS)
    report.finish()


if __name__ == "__main__":
    main()
