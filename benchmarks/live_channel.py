"""A thousand open desks: what they cost while nothing happens, and how soon they know what has happened.

    python -m benchmarks.live_channel [--desks 1000] [--seconds 60] [--postgres]

All desks are in one process beside the server, which runs as the Procfile says. While nothing happens, each holds its
stream and asks for its list once a minute, because the list shows times. Then a task of one team changes: each desk of
the team must be told, no other one; each asks for its list within the time the server has named. Last, something
changes that concerns all. Every answer is checked.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from flask import session as session_of_browser
from flask_login import login_user
from sqlalchemy import select

from benchmarks import years_of_tasks
from benchmarks.open_desks import AGENT, PATIENCE, Desk, Office, unanswered
from benchmarks.report import Report
from ivr.accounts import login_sessions, users
from ivr.callbacks import events
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask
from ivr.platform import database, live_events
from ivr.web.app import create_app
from ivr.web.login import Person
from tests.support.people import PASSWORD
from tests.support.running_hotline import RunningHotline

#: Share of a core while nothing happens, and seconds until a desk is told, at p99.
IDLE, TOLD = 15.0, 2.0
#: Seconds between two requests of an idle desk for its list and for the counts of its views (see the templates).
_EVERY_LIST, _EVERY_VIEWS = 60.0, 300.0
_ROUNDS = 10


def people(count: int) -> list[Desk]:
    """So many members in all teams, each logged in with a browser of their own."""
    app, now, desks = create_app(), utc_now(), list[Desk]()
    with database.writing() as session:
        teams = session.scalars(select(Team).order_by(Team.id)).all()
        first = users.add(session, "member0", "Member 0", "member", PASSWORD, [teams[0].key])
        members = [first]
        for number in range(1, count):
            team = teams[number % len(teams)]
            members.append(User(username=f"member{number}", name=f"Member {number}", role="member", teams=[team],
                                password_hash=first.password_hash, active=True))  # fmt: skip
        session.add_all(members)
        session.flush()
        tokens = [(login_sessions.begin(session, one, "127.0.0.1", now), one, one.teams[0].id) for one in members]
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    surroundings = {"REMOTE_ADDR": "127.0.0.1"}
    for token, one, team_id in tokens:
        with app.test_request_context("/", headers={"User-Agent": AGENT}, environ_overrides=surroundings):
            login_user(Person(one, token))
            desks.append(Desk(f"hotline={signer.dumps(dict(session_of_browser))}", team_id))
    return desks


class Server:
    """The processes of the web server, and the processor time that they have taken."""

    def __init__(self, port: int) -> None:
        listening = f"--bind 127.0.0.1:{port}".encode()
        found = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]
        self._pids = [pid for pid in found if listening in _command(pid)]
        assert len(self._pids) > 1, "the server and its workers"

    def seconds(self) -> float:
        """Processor time so far."""
        ticks = 0
        for pid in self._pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        return b""


async def measure(report: Report, port: int, desks: list[Desk], seconds: float) -> None:
    """Open all desks, leave them alone, then let things happen."""
    office, server = Office(port, desks), Server(port)
    began = time.monotonic()
    opened = await office.open()
    report.at_least("streams that were opened", opened, len(desks), digits=0)
    report.shown("time until all were open", time.monotonic() - began, "s", 1)
    for ask in (office.ask_list, office.ask_views):
        for start in range(0, len(desks), 20):
            await asyncio.gather(*(ask(desk) for desk in desks[start : start + 20]))

    used, began = server.seconds(), time.monotonic()
    await asyncio.sleep(seconds / 2)
    report.shown("streams alone, of a core", 100 * (server.seconds() - used) / (time.monotonic() - began), "%", 1)
    used, began, asked = server.seconds(), time.monotonic(), office.asked
    await office.live(seconds, _EVERY_LIST, _EVERY_VIEWS)
    idle = 100 * (server.seconds() - used) / (time.monotonic() - began)
    report.shown("requests of idle desks a second", (office.asked - asked) / seconds, digits=1)
    report.at_most("idle desks, of a core", idle, IDLE, "%", 1)

    await _one_team(report, office, server)
    await _all_teams(report, office)
    report.at_most("requests without an answer", unanswered(desks), 0, digits=0)
    report.at_most("streams that ended", sum(bool(desk.ended) for desk in desks), 0, digits=0)
    await office.close()


async def _one_team(report: Report, office: Office, server: Server) -> None:
    """Something happens to a task of a team."""
    told, shown, missed, wrong, used, asked = list[float](), list[float](), 0, 0, server.seconds(), office.asked
    for number in range(_ROUNDS):
        task_id, team_id = await asyncio.to_thread(_happens, number)
        at, topic = time.monotonic(), f"task:{task_id}"
        theirs = [desk for desk in office.desks if desk.team_id == team_id]
        await _all_told(theirs, topic)
        await office.settle()
        told += [desk.told[topic] - at for desk in theirs if topic in desk.told]
        shown += [desk.shown - at for desk in theirs if desk.shown > at]
        missed += sum(topic not in desk.told for desk in theirs)
        wrong += sum(topic in desk.told for desk in office.desks if desk.team_id != team_id)
    report.at_most("desks of a team that were not told", missed, 0, digits=0)
    report.at_most("desks of other teams that were told", wrong, 0, digits=0)
    _spread(report, "a team is told", told, TOLD)
    _spread(report, "a team shows it", shown, TOLD)
    each = 1000 * (server.seconds() - used) / max(1, office.asked - asked)
    report.shown("processor time of a desk that asks", each, "ms", 1)


async def _all_teams(report: Report, office: Office) -> None:
    """Something happens that concerns everybody."""
    told, shown, missed = list[float](), list[float](), 0
    for _ in range(_ROUNDS // 3):
        at = time.monotonic()
        live_events.publish_now({"team"})
        await _all_told(office.desks, "team", at)
        await office.settle()
        told += [desk.told["team"] - at for desk in office.desks if desk.told.get("team", 0.0) > at]
        shown += [desk.shown - at for desk in office.desks if desk.shown > at]
        missed += sum(desk.told.get("team", 0.0) <= at for desk in office.desks)
    report.at_most("desks that were not told what concerns all", missed, 0, digits=0)
    _spread(report, "all are told", told, TOLD)
    _spread(report, "all show it", shown, None)


def _happens(number: int) -> tuple[int, int]:
    """Somebody notes something on the newest task but so many; gives task and team."""
    with database.writing() as session:
        task = session.scalars(select(CallbackTask).order_by(CallbackTask.id.desc()).offset(number).limit(1)).one()
        mia = session.scalars(select(User).limit(1)).one()
        events.note(session, task, mia, f"Rückruf Nummer {number}", utc_now())
        return task.id, task.team_id


async def _all_told(desks: Sequence[Desk], topic: str, since: float = 0.0) -> None:
    until = time.monotonic() + PATIENCE / 4
    while time.monotonic() < until and any(desk.told.get(topic, 0.0) <= since for desk in desks):
        await asyncio.sleep(0.05)


def _spread(report: Report, name: str, times: list[float], wanted: float | None) -> None:
    report.shown(f"{name}, median", statistics.median(times), "s")
    p99 = sorted(times)[int(0.99 * (len(times) - 1))]
    if wanted is None:
        report.shown(f"{name}, p99", p99, "s")
    else:
        report.at_most(f"{name}, p99", p99, wanted, "s")


def main() -> None:
    """Print what is measured beside what is wanted."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--desks", type=int, default=1000)
    arguments.add_argument("--tasks", type=int, default=20_000)
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--postgres", action="store_true")
    wanted = arguments.parse_args()
    report = Report(f"live_channel ({wanted.desks:,} desks, {'PostgreSQL' if wanted.postgres else 'SQLite'})")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        url = ""
        if wanted.postgres:
            from tests.support.postgres import running

            url = stack.enter_context(running()).new_database()
        hotline = RunningHotline(folder, folder / "no models", DATABASE_URL=url)
        stack.callback(hotline.stop)
        hotline.kill("worker", "clock", "voice")  # what they do for themselves is not measured here
        desks = people(wanted.desks)
        with database.reading() as session:
            first = session.scalars(select(User.id).order_by(User.id)).first()
        assert first is not None
        years_of_tasks.fill(wanted.tasks, utc_now(), first)
        asyncio.run(measure(report, int(hotline.settings.port), desks, wanted.seconds))
    report.finish()


if __name__ == "__main__":
    main()
