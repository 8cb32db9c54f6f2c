"""A backup is restored only while no process of the hotline runs; what was killed runs no more."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text

from ivr.cli import hotline
from ivr.config.settings import Settings, settings
from ivr.domain.enums import DatabaseUser
from ivr.domain.timestamps import utc_now
from ivr.operations import backup, standstill
from ivr.platform import database, running
from tests.support.environment import ROOT
from tests.support.people import a_task, the_task

#: Begins as a process of the hotline does, and goes on until its input ends.
_PROCESS = """
import sys
from ivr.domain.enums import DatabaseUser
from ivr.platform import database, running
if sys.argv[1] == "exchange":
    running.begin("exchange")
else:
    database.serve(DatabaseUser(sys.argv[1]))
print("begun", flush=True)
sys.stdin.read()
"""


@contextmanager
def process(user: str) -> Iterator[subprocess.Popen[str]]:
    begun = subprocess.Popen(
        [sys.executable, "-c", _PROCESS, user], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield begun
    finally:
        begun.kill()
        begun.communicate()


@pytest.fixture
def made(empty_database: Settings, tmp_path: Path) -> Path:
    target = tmp_path / "made.tar"
    a_task()
    backup.back_up(target, utc_now())
    return target


def restored(made: Path) -> Result:
    return CliRunner().invoke(hotline, ["restore", str(made), "--replace"])


@pytest.mark.parametrize(
    ("user", "name"),
    [("web", "web"), ("voice", "voice"), ("jobs", "worker"), ("decoding", "worker"), ("scheduler", "clock"),
     ("exchange", "exchange")],
)  # fmt: skip
def test_a_process_that_runs_is_named_and_one_that_was_killed_is_not(made: Path, user: str, name: str) -> None:
    with process(user) as one:
        assert one.stdout.readline() == "begun\n"
        later = a_task()
        refused = restored(made)
        assert refused.exit_code == 1
        assert f"running: {name}. Stop the processes of every host first" in refused.output
        assert the_task(later).id == later, "nothing was changed"
    done = restored(made)  # it was killed: its file is there, its lock is not
    assert done.exit_code == 0, done.output


def test_all_that_run_are_named_at_once(made: Path) -> None:
    with ExitStack() as stack:
        for user in ("scheduler", "web", "web", "exchange"):
            assert stack.enter_context(process(user)).stdout.readline() == "begun\n"
        assert "running: web, clock, exchange." in restored(made).output


def test_a_process_that_is_started_meanwhile_waits_for_the_end(empty_database: Settings) -> None:
    with standstill.none_runs():
        stack = ExitStack()
        begun = stack.enter_context(process("web"))
        with pytest.raises(subprocess.TimeoutExpired):
            begun.wait(timeout=3)
    with stack:
        assert begun.stdout.readline() == "begun\n"


def test_a_command_by_hand_is_no_process_of_the_hotline(made: Path) -> None:
    with process("command") as one:
        assert one.stdout.readline() == "begun\n"
        assert restored(made).exit_code == 0


def test_sessions_of_other_hosts_are_named_and_those_of_commands_are_not(made: Path) -> None:
    """PostgreSQL knows whose they are, by their names."""
    if database.engine().dialect.name == "sqlite":
        assert running.session_name(DatabaseUser.JOBS) == "hotline worker"
        return
    for user, refuses in ((DatabaseUser.JOBS, True), (DatabaseUser.COMMAND, False)):
        other = create_engine(
            settings().database,
            connect_args={"application_name": running.session_name(user)},
            isolation_level="AUTOCOMMIT",
        )
        with other.connect() as connection:
            connection.execute(text("SELECT 1"))
            answer = restored(made)
        other.dispose()
        assert ("running: worker at " in answer.output) is refuses, answer.output
