"""How long the server takes for each page of the desk, with the tasks of years.

    python -m benchmarks.desk_pages [--tasks 200000] [--postgres] [--without-browser]

Every view of the list, its refresh, a task, the search, the next task, the supervisors' figures, the reports and the
screen on the wall; then Chromium opens list, task and figures on loopback and says when the largest content was
painted. Each answer counts only with status 200 (204 for a refresh of what has not changed) and with the rows that the
database holds, counted by statements of this benchmark's own.
"""

from __future__ import annotations

import argparse
import gc
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import bindparam, event, select, text
from werkzeug.serving import make_server

from benchmarks import years_of_tasks
from benchmarks.report import Report
from benchmarks.years_of_tasks import Filled
from ivr.callbacks import queries
from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask
from ivr.models.desk import Mention
from ivr.operations.migrate import migrate
from ivr.platform import database
from ivr.platform.column_types import Instant
from ivr.reporting import daily_metrics
from ivr.web.app import create_app
from tests.support.browser import launched
from tests.support.environment import use_environment
from tests.support.people import PASSWORD, hire, log_in
from tests.support.servers import QuietRequestHandler

#: Milliseconds of the server at the median, and until the largest content is painted.
WANTED, PAINTED = 60.0, 400.0
_ROUNDS, _WARM = 15, 8
#: What each view holds of a team, as this benchmark counts it.
_HOLDS = {
    "open": "state <> 'closed'", "mine": "state = 'claimed' AND claimed_by_id = :user",
    "mentions": "id IN (SELECT task_id FROM mentions WHERE user_id = :user AND seen_at IS NULL)",
    "unclaimed": "state = 'open'", "emergencies": "state <> 'closed' AND urgency = 'emergency'",
    "resubmission": "state <> 'closed' AND next_attempt_at IS NOT NULL",
    "appointments": "state <> 'closed' AND kind = 'appointment'",
    "forms": "state <> 'closed' AND kind = 'postal_order'", "interpreter": "state <> 'closed' AND needs_interpreter",
    "closed": "state = 'closed'", "all": "id > 0", "done": "state = 'closed' AND closed_at >= :midnight",
}  # fmt: skip
_ROW = re.compile(r'id="task-(\d+)" role="row"')


def _used_by(server: int | None) -> float:
    """Milliseconds of the processor that the connections of a PostgreSQL server have taken."""
    if server is None:
        return 0.0
    taken = 0
    for one in Path(f"/proc/{server}/task/{server}/children").read_text().split():
        with suppress(OSError):  # it has ended
            taken += int(Path(f"/proc/{one}/schedstat").read_text().split()[0])
    return taken / 1e6


@dataclass
class Measured:
    """Milliseconds of the server, statements of the database, and kilobytes of the answer.

    `processor`: milliseconds of the processor, of the thread that answers and of PostgreSQL's processes. They say what
    an idle machine would take where others use this one.
    """

    milliseconds: float
    processor: float
    statements: float
    kilobytes: float


class Desk:
    """One person's desk. Every answer is checked."""

    def __init__(self, app: Flask, username: str, server: int | None = None) -> None:
        self.browser: FlaskClient = log_in(app.test_client(), username)
        with database.reading() as session:
            user = session.scalars(select(User).where(User.username == username)).one()
            self.user_id, self.teams = user.id, [team.id for team in user.scope]
        self._statements, self._server = 0, server
        event.listen(database.engine(), "before_cursor_execute", self._count)

    def _count(self, *_: object) -> None:
        self._statements += 1

    def get(self, path: str, status: int = 200, **query: Any) -> str:
        """A page."""
        answer = self.browser.get(path, query_string=query)
        assert answer.status_code == status, f"{path} answered {answer.status_code}"
        return answer.text

    def measure(self, act: Callable[[int], str]) -> Measured:
        """The median of some rounds; round 0 warms up."""
        times, statements, size, processor = list[float](), list[float](), 0, list[float]()
        for _ in range(_WARM):  # psycopg prepares what it has sent five times
            act(0)
        for number in range(_ROUNDS + 1):
            gc.collect()
            used, thread = _used_by(self._server), time.thread_time()
            self._statements, began = 0, time.perf_counter()
            size = len(act(number).encode())
            times.append((time.perf_counter() - began) * 1000)
            processor.append((time.thread_time() - thread) * 1000 + _used_by(self._server) - used)
            statements.append(self._statements)
        taken, used, asked = (statistics.median(one[1:]) for one in (times, processor, statements))
        return Measured(taken, used, asked, size / 1024)

    def rows_of(self, view: str, **query: Any) -> Callable[[int], str]:
        """The list of a view, with as many rows as the view has tasks."""
        expected = min(queries.PAGE, self._held(view)) if view in _HOLDS else None

        def act(_: int) -> str:
            page = self.get("/desk/", view=view, **query)
            rows = len(_ROW.findall(page))
            assert rows == expected if expected is not None else rows > 0, f"{view}: {rows} rows, not {expected}"
            return page

        return act

    def _held(self, view: str) -> int:
        teams = ", ".join(map(str, self.teams))
        midnight = bindparam("midnight", opening_hours.midnight(settings().hours, utc_now()), Instant())
        held = text(f"SELECT count(*) FROM callback_tasks WHERE team_id IN ({teams}) AND {_HOLDS[view]}")
        known = [one for one in (midnight, bindparam("user", self.user_id)) if f":{one.key}" in held.text]
        with database.reading() as session:
            return int(session.execute(held.bindparams(*known)).scalar_one())


def measure(app: Flask, filled: Filled, server: int | None = None) -> dict[str, Measured]:
    """What a member and a supervisor open all day. `server`: the process of PostgreSQL."""
    mia, lena = Desk(app, "mia", server), Desk(app, "lena", server)
    with database.reading() as session:
        newest = session.scalars(
            select(CallbackTask).where(CallbackTask.id.in_(filled.newest_of(mia.teams[0], _ROUNDS + 1)))
        ).all()

    def find(what: str, task: CallbackTask) -> str:
        page = mia.get("/desk/", view="all", q=what)
        assert str(task.id) in _ROW.findall(page), f"task {task.id} is not found by {what}"
        return page

    def named(number: int) -> str:
        page = mia.get("/desk/", view="all", q=years_of_tasks.name_of(number))
        assert len(_ROW.findall(page)) == queries.PAGE
        return page

    def task(number: int) -> str:
        page = mia.get(f"/desk/tasks/{newest[number].id}")
        assert newest[number].receipt_code in page
        return page

    def take_next(_: int) -> str:
        answer = mia.browser.post("/desk/next")
        assert "/tasks/" in answer.location, "no task waits"
        return answer.text

    def shows(desk: Desk, path: str, part: str) -> Callable[[int], str]:
        def act(_: int) -> str:
            page = desk.get(path)
            assert part in page, f"{path} does not show {part}"
            return page

        return act

    def refreshed(_: int) -> str:
        page = mia.get("/desk/", view="open", seen="another")
        assert len(_ROW.findall(page)) == queries.PAGE
        return page

    found = {f"list: {view}": mia.measure(mia.rows_of(view)) for view in queries.VIEWS}
    found["list: open, all teams"] = lena.measure(lena.rows_of("open"))
    found["list: due, all teams"] = lena.measure(lena.rows_of("due"))
    found["list: page 20 of all"] = mia.measure(mia.rows_of("all", page=20))
    found["list: refreshed"] = mia.measure(refreshed)
    found["search: code"] = mia.measure(lambda number: find(newest[number].receipt_code, newest[number]))
    found["search: number"] = mia.measure(lambda number: find(str(newest[number].callback_number), newest[number]))
    found["search: name"] = mia.measure(named)
    found["task"] = mia.measure(task)
    found["figures"] = lena.measure(shows(lena, "/supervision/figures/", 'id="dashboard"'))
    found["reports: statement"] = lena.measure(shows(lena, "/supervision/reports/", "<table"))
    found["wall board"] = mia.measure(shows(mia, "/desk/wall", 'id="wall"'))
    found["wall board, all teams"] = lena.measure(shows(lena, "/desk/wall", 'id="wall"'))
    found["live calls"] = mia.measure(shows(mia, "/desk/live/", 'id="board"'))
    found["bar with the telephone"] = mia.measure(shows(mia, "/desk/live/bar", 'id="phone"'))
    found["side bar"] = mia.measure(shows(mia, "/desk/side", 'id="views"'))
    found["next task"] = mia.measure(take_next)
    return found


def painted(app: Flask) -> dict[str, float]:
    """Milliseconds until Chromium has painted the largest content of a page, at the median."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    with launched() as chromium, ExitStack() as stack:
        stack.callback(server.shutdown)
        context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="de-DE", base_url=url)
        page = context.new_page()
        page.goto("/login")
        page.fill("[name=username]", "lena")
        page.fill("[name=password]", PASSWORD)
        page.locator("main button").first.click()
        page.wait_for_load_state()
        task = page.locator("a.row-link").first.get_attribute("href")
        assert task is not None, "nobody is logged in"
        found = {}
        for name, path in (("list", "/desk/"), ("task", task), ("figures", "/supervision/figures/")):
            times = []
            for _ in range(8):
                assert (answer := page.goto(path)) is not None and answer.status == 200
                times.append(float(page.evaluate(_LARGEST)))
            found[name] = statistics.median(times[1:])
    return found


#: When the largest content was painted; the page is at rest before it is asked.
_LARGEST = """() => new Promise((done) => {
  let last = 0;
  new PerformanceObserver((list) => { for (const one of list.getEntries()) last = one.startTime; })
    .observe({ type: "largest-contentful-paint", buffered: true });
  setTimeout(() => done(last), 600);
})"""


def prepare(folder: Path, url: str, count: int) -> tuple[Flask, Filled]:
    """A hotline of this size, and its application."""
    use_environment({"VAR_DIR": str(folder), "DATABASE_URL": url, "LANGUAGES": '["de","en","tr","ar"]'})
    migrate()
    people, now = hire(), utc_now()
    began = time.monotonic()
    filled = years_of_tasks.fill(count, now, people["mia"].id)
    with database.writing() as session:
        mias = session.scalars(select(Team.id).where(Team.key == "benefits")).one()
        for task_id in filled.newest_of(mias, 10):
            session.add(Mention(task_id=task_id, user_id=people["mia"].id, by_id=people["nils"].id, at=now))
    today = daily_metrics.local_day(now)
    for number in range(65 if count > 50_000 else 8):
        with database.writing() as session:
            daily_metrics.count_day(session, today - timedelta(days=number), now)
    print(
        f"  {count:,} tasks, {count - filled.closed:,} of them open, made in {time.monotonic() - began:.0f} s",
        flush=True,
    )
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    return app, filled


def main() -> None:
    """Print each page's time beside what is wanted."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--tasks", type=int, default=200_000)
    arguments.add_argument("--postgres", action="store_true")
    arguments.add_argument("--without-browser", action="store_true")
    wanted = arguments.parse_args()
    kind = "PostgreSQL" if wanted.postgres else "SQLite"
    report = Report(f"desk_pages ({wanted.tasks:,} tasks, {kind})")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        url, server = "", None
        if wanted.postgres:
            from tests.support.postgres import running

            postgres = stack.enter_context(running())
            url, server = postgres.new_database(), postgres.pid
        app, filled = prepare(folder, url, wanted.tasks)
        for name, one in measure(app, filled, server).items():
            print(
                f"  {name:<26} {one.milliseconds:7.1f} ms, of the processor {one.processor:6.1f} ms"
                f" {one.statements:4.0f} statements {one.kilobytes:5.0f} kB"
            )
            report.at_most(name, one.milliseconds, WANTED, "ms", 1)
        if not wanted.without_browser:
            for name, milliseconds in painted(app).items():
                report.at_most(f"largest content painted: {name}", milliseconds, PAINTED, "ms", 0)
    report.finish()


if __name__ == "__main__":
    main()
