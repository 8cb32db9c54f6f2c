"""`ivr setup`: a new operator answers questions, goes on after a mistake, and has an installation."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result
from sqlalchemy import select

from ivr.accounts import password_links
from ivr.carrier import account_check
from ivr.carrier.finding import Finding
from ivr.cli import hotline as command_line
from ivr.config import settings as configuration
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.platform import database
from tests.support.environment import forget_settings
from tests.support.production_secrets import TOKEN
from tests.support.servers import free_port

Setup = Callable[..., Result]
CARRIER = ("--public-base-url", "https://hotline.example", "--hotline-number", "+494211782666",
           "--twilio-account-sid", "AC1", "--twilio-auth-token", TOKEN)  # fmt: skip
NOTHING_OUTSIDE = ("--database-url", "", "--redis-url", "", "--audio-store", "")


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    before = dict(os.environ)
    monkeypatch.setattr(account_check, "account", lambda: iter(()))
    for name in ("MODE", "VAR_DIR", "LANGUAGES", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "AUDIO_MASTER_KEYS"):
        monkeypatch.delenv(name, raising=False)
    forget_settings()

    def run(*options: str, typed: str = "") -> Result:
        os.environ.pop("TWILIO_AUTH_TOKEN", None)  # each run is a process of its own
        given = ["setup", "--directory", str(tmp_path), "--var-dir", str(tmp_path / "var"), *options]
        return CliRunner().invoke(command_line, given, input=typed)

    yield run
    forget_settings()
    os.environ.clear()
    os.environ.update(before)
    forget_settings()


def test_a_script_sets_an_installation_up(setup: Setup, tmp_path: Path) -> None:
    named = ("--languages", "de,tr", "--hours-daily", "09:00-17:00", "--team", 'benefits=Team "Geld"')
    done = setup("--unattended", *CARRIER, *NOTHING_OUTSIDE, *named, "--administrator", "ada")
    assert done.exit_code == 0, done.output
    toml, environment = tmp_path / "ivr.toml", tmp_path / "environment"
    assert {path.stat().st_mode & 0o777 for path in (toml, environment)} == {0o600}
    assert TOKEN not in toml.read_text() and TOKEN in environment.read_text() and TOKEN not in done.output
    made = configuration.settings()
    assert (made.mode, made.languages, made.teams["benefits"].name) == ("production", ("de", "tr"), 'Team "Geld"')
    assert made.hours.daily.closes.hour == 17 and len(made.secret_key) == 64 and made.trusted_proxies == 1
    token = re.findall(r"https://hotline.example/login/link/(\S+)", done.output)[0]
    with database.writing() as session:
        password_links.use(session, token, "correct horse battery", utc_now())
    again = setup("--unattended")  # nothing is made twice
    assert again.exit_code == 0 and "There is an administrator." in again.output, again.output
    assert configuration.settings().secret_key == made.secret_key
    with database.reading() as session:
        assert session.scalars(select(User.username)).all() == ["ada"]


def test_a_house_without_a_carrier_is_set_up_and_asked_for_none_of_its_secrets(setup: Setup, tmp_path: Path) -> None:
    lines = ("--carrier", "local", "--sip-address", "10.1.2.3", "--sip-peers-pbx-address", "10.1.0.10")
    done = setup("--unattended", *CARRIER[:4], *lines, *NOTHING_OUTSIDE)
    assert done.exit_code == 0, done.output
    assert "Twilio" not in done.output and "clock and exchange" in done.output
    made = configuration.settings()
    assert (made.carrier, made.sip_host, made.sends_texts) == ("local", "10.1.2.3", False)
    (pbx,) = made.sip_peers.values()
    assert (pbx.address, pbx.calls_out) == ("10.1.0.10", True)
    assert len(made.auth_token) == 32 and made.auth_token in (tmp_path / "environment").read_text()
    again = setup("--unattended")
    assert again.exit_code == 0, again.output
    assert configuration.settings().auth_token == made.auth_token


@pytest.mark.parametrize("missing", ["--sip-address", "--sip-peers-pbx-address"])
def test_a_house_without_a_carrier_needs_its_telephone_system(setup: Setup, missing: str) -> None:
    lines = {"--carrier": "local", "--sip-address": "10.1.2.3", "--sip-peers-pbx-address": "10.1.0.10", missing: ""}
    stopped = setup("--unattended", *CARRIER[:4], *(word for option in lines.items() for word in option))
    assert stopped.exit_code == 2 and missing in stopped.output, stopped.output


def batched(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Options with their values."""
    return zip(words[::2], words[1::2], strict=True)


@pytest.mark.parametrize(
    ("wrong", "why", "status"),
    [
        (("--public-base-url", "http://hotline.example"), "https://", 2),
        (("--hotline-number", "0421"), "hotline_number", 2),
        (("--trusted-proxies", "two"), "'two' is no number", 2),
        (("--hours-daily", "8 to 6"), "hours", 2),
        (("--languages", "de,xx"), "xx", 2),
        (("--twilio-account-sid", ""), "cannot be left empty", 2),
        (("--redis-url", f"redis://127.0.0.1:{free_port()}"), "Redis does not take us", 1),
        (("--database-url", f"postgresql://a:{TOKEN}@127.0.0.1:{free_port()}/b"), "the database does not take us", 1),
    ],
    ids=["address", "number", "proxies", "hours", "languages", "nothing", "redis", "database"],
)
def test_what_cannot_work_is_said_at_once_and_the_next_run_goes_on(
    setup: Setup, wrong: tuple, why: str, status: int
) -> None:
    others = dict(batched([*CARRIER, *NOTHING_OUTSIDE])) | dict(batched(wrong))
    stopped = setup("--unattended", *(word for option in others.items() for word in option))
    assert stopped.exit_code == status and wrong[0] in stopped.output and why in stopped.output, stopped.output
    assert TOKEN not in stopped.output and "Traceback" not in stopped.output


def test_a_person_is_asked_again_until_it_works_and_goes_on_after_an_interruption(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter(["refused", "away", ""])

    def account() -> Iterator[Finding]:
        answer = next(said)
        if answer == "away":
            raise requests.ConnectionError
        if answer:
            yield Finding("The log-in is refused.", "Look at the token.")

    monkeypatch.setattr(account_check, "account", account)
    answers = ["http://wrong.example", "https://hotline.example", "", "+494211782666", "", "AC1", TOKEN, TOKEN, TOKEN]
    stopped = setup(typed="\n".join(answers) + "\n")  # the input ends with the question for the database
    assert stopped.exit_code == 1
    for told in ("https:// in production", "The log-in is refused. Look at the token.", "cannot be asked"):
        assert told in stopped.output, stopped.output
    assert TOKEN not in stopped.output
    went_on = setup(*NOTHING_OUTSIDE, typed="\n" * 12 + "ada\nAda Admin\n")
    assert went_on.exit_code == 0, went_on.output
    assert "Its auth token: kept" in went_on.output and "/login/link/" in went_on.output


def test_a_file_that_somebody_else_has_made_is_not_touched(setup: Setup, tmp_path: Path) -> None:
    (tmp_path / "ivr.toml").write_text("mode = 'production'\n")
    refused = setup("--unattended")
    assert refused.exit_code == 1 and "was not made by" in refused.output
    assert (tmp_path / "ivr.toml").read_text() == "mode = 'production'\n"
