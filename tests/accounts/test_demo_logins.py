"""A database that was begun in local mode has no log-ins for trying in production."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from ivr.accounts import api_tokens, demo_logins, login_sessions, staff_telephones, users
from ivr.callbacks import claims
from ivr.cli import hotline as command_line
from ivr.config.sections import ConfigurationError
from ivr.config.settings import settings
from ivr.contact_centre import agent_presence, offboarding
from ivr.domain.enums import Role
from ivr.domain.timestamps import utc_now
from ivr.launcher import first_start
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Presence
from ivr.platform import database
from tests.support.environment import ROOT, forget_settings
from tests.support.people import PASSWORD, a_task, the_task
from tests.support.production_secrets import PRODUCTION


@pytest.fixture
def begun_in_local_mode(empty_database, monkeypatch):
    """Its log-ins were made, one is logged in, one has a PIN; then it is started in production."""
    now, made = utc_now(), {name: password for name, password, _ in first_start.logins(settings())}
    with database.writing() as session:
        users.add(session, "real", "Real Person", "member", PASSWORD, [])
        users.set_pin(session, "leitung", "4711", "13579")
        session.flush()
        demo = session.scalars(select(User).where(User.username == "leitung")).one()
        made["cookie"] = login_sessions.begin(session, demo, "10.0.0.1", now)
        made["token"] = api_tokens.new_token(session, "trying", now)
    production = {"MODE": "production", "PUBLIC_BASE_URL": "https://hotline.example", "TWILIO_ACCOUNT_SID": "AC1"}
    for key, value in {**production, **PRODUCTION}.items():
        monkeypatch.setenv(key, value)
    forget_settings()
    assert not settings().local
    return made


def command(*words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", *words]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)


def doors(made: dict[str, str]) -> list[object]:
    now = utc_now()
    with database.reading() as session:
        return [
            users.authenticate(session, "leitung", made["leitung"]), users.by_pin(session, "4711", "13579"),
            login_sessions.find(session, made["cookie"], now), api_tokens.token_of(session, made["token"], now),
        ]  # fmt: skip


def test_no_door_is_open_to_a_log_in_for_trying(begun_in_local_mode) -> None:
    assert doors(begun_in_local_mode) == [None, None, None, None]
    with database.reading() as session:
        assert users.authenticate(session, "real", PASSWORD) is not None


@pytest.mark.parametrize(
    "process",
    ["web", *(pytest.param(name, marks=pytest.mark.since("ci")) for name in ("worker", "clock", "run", "voice"))],
)
def test_no_process_starts_in_production(begun_in_local_mode, process: str) -> None:
    if process in ("web", "voice"):
        made = "serve()" if process == "web" else "serve_calls()"
        command = ["gunicorn", f"ivr.web.app:{made}", "--bind", "127.0.0.1:0", "--log-level", "warning"]
    else:
        command = ["ivr", process]
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode not in (0, None)
    assert "log-ins for trying (datenschutz, leitung, mitarbeit, verwaltung, token trying)" in done.stderr
    assert "python -m ivr demo remove" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.since("ci")
def test_one_command_removes_them_and_production_starts(begun_in_local_mode) -> None:
    var = settings().var_dir
    with pytest.raises(ConfigurationError):
        demo_logins.check()
    done = subprocess.run(
        [sys.executable, "-m", "ivr", "demo", "remove"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {"leitung", "token trying"} <= set(done.stdout.split("\n"))
    demo_logins.check()
    assert not (var / "demo-logins.json").exists()
    assert doors(begun_in_local_mode) == [None, None, None, None]
    with database.writing() as session:
        users.add(session, "leitung", "Lena Wirklich", "supervisor", PASSWORD, [])  # the name is free again
        assert users.authenticate(session, "real", PASSWORD) is not None
    again = subprocess.run(
        [sys.executable, "-m", "ivr", "demo", "remove"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert again.stdout == "nothing to remove\n"


def remove_them() -> list[str]:
    done = CliRunner().invoke(command_line, ["demo", "remove"])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def test_nothing_is_left_with_who_is_removed(begun_in_local_mode) -> None:
    """A member of the trial answers calls, holds a task, has an address and a telephone, as one who works does."""
    now, task = utc_now(), a_task()
    with database.writing() as session:
        demo = users.named(session, "mitarbeit")
        users.set_mail(session, demo, "mika@example.org", now)
        staff_telephones.add(session, "0421 98765", "mitarbeit", "", now)
        agent_presence.start_answering(session, demo, "+4942198765", ["de"], now)
        claims.claim(session, session.get_one(CallbackTask, task), demo, now)
    assert "mitarbeit" in remove_them()
    assert the_task(task).state == "open"
    with database.writing() as session:
        here = session.scalars(select(Presence)).all()
        assert {one.state for one in here} == {"offline"}
        assert staff_telephones.known(session) == []
        users.set_mail(session, users.named(session, "real"), "mika@example.org", now)


def test_one_that_was_made_inactive_before_is_removed_too_and_stays_so(begun_in_local_mode) -> None:
    """Somebody has tidied up by hand: the user name was not free, and one tick kept production from starting."""
    now = utc_now()
    with database.writing() as session:
        demo = users.named(session, "leitung")
        demo.active = False
        demo_id = demo.id
    demo_logins_left = remove_them()
    assert "leitung" in demo_logins_left
    with database.writing() as session:
        users.add(session, "leitung", "Lena Wirklich", "supervisor", PASSWORD, [])
        demo = session.get_one(User, demo_id)
        with pytest.raises(offboarding.OnlyForTrying):
            offboarding.change(session, demo, name="L", role=Role.SUPERVISOR, active=True, team_keys=[], now=now)
        offboarding.change(session, demo, name="L", role=Role.MEMBER, active=False, team_keys=[], now=now)
    demo_logins.check()
    assert remove_them() == ["nothing to remove"]


@pytest.mark.since("ci")
def test_local_mode_keeps_them(empty_database) -> None:
    (username, password, _), *_ = first_start.logins(settings())
    demo_logins.check()
    with database.reading() as session:
        assert users.authenticate(session, username, password) is not None
    done = subprocess.run(
        [sys.executable, "-m", "ivr", "demo", "remove"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "MODE=production" in done.stderr
