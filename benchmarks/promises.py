"""Whether a hotline with a million tasks records misses and shows its figures as quickly as one with ten thousand.

    python -m benchmarks.promises --tasks 1000000

For SQLite and PostgreSQL: the sweep in which 1,000 promises change, and the supervisors' dashboard as a page; with the
small hotline and with the large one, in the same run. Two years of tasks, of which the last two days' are open.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from ivr.callbacks import sla_clocks
from ivr.domain.timestamps import utc_now
from ivr.operations.migrate import migrate
from ivr.platform import database
from ivr.platform.column_types import Instant
from ivr.reporting import daily_metrics
from ivr.web.app import create_app
from tests.support.environment import use_environment
from tests.support.people import hire, log_in
from tests.support.postgres import running

_BASELINE = 10_000
_CHANGING = 1_000
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
_CONTACTS = "INSERT INTO contacts (task_id, call_id, at) SELECT id, id, started_at FROM calls"
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


def _median(act: Callable[[], object], before: Callable[[], object] = lambda: None, rounds: int = 7) -> float:
    """Milliseconds."""
    found = []
    for _ in range(rounds):
        before()
        begun = time.perf_counter()
        act()
        found.append((time.perf_counter() - begun) * 1000)
    return statistics.median(found)


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

    def sweep() -> None:
        with database.writing() as session:
            changed = sla_clocks.sweep(session, datetime.now(UTC))
        assert changed == _CHANGING, changed

    def dashboard() -> None:
        assert client.get("/supervision/figures/").status_code == 200

    page = _median(dashboard)
    swept = _median(sweep, lambda: _change(utc_now() - timedelta(seconds=1)))
    return {"sweep, 1,000 change": swept, "dashboard": page}


def main() -> None:
    """Print medians and ratios."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--tasks", type=int, default=1_000_000)
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, running() as server:
        for kind in ("sqlite", "postgresql"):
            print(kind)
            found = [
                run(Path(folder) / f"{kind}-{count}", server.new_database() if kind == "postgresql" else "", count)
                for count in (_BASELINE, wanted.tasks)
            ]
            for act, small in found[0].items():
                large = found[1][act]
                print(f"  {act:<22} {small:7.1f} ms   {large:7.1f} ms   {large / small:5.2f} x (wanted: 2)")


if __name__ == "__main__":
    main()
