"""A wrong command line, and surroundings that fail: one sentence that names the fault, and a status that is not 0."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from ivr.cli import hotline
from ivr.config import settings as configuration
from ivr.platform import database
from tests.support.environment import ROOT, forget_settings


@pytest.fixture
def command(empty_database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a command line in an installation of its own; `TMP` stands for a directory with prepared files."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(b"\x00\xff" * 500)
    (tmp_path / "text").write_text("somebody's notes")

    def run(line: str, typed: str = "", **environment: str) -> Result:
        for key, value in environment.items():
            monkeypatch.setenv(key, value.replace("TMP", str(tmp_path)))
        if environment:
            forget_settings()
        answer = CliRunner().invoke(hotline, shlex.split(line.replace("TMP", str(tmp_path))), input=typed)
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        return answer

    return run


def refused(answer: Result, complaint: str, status: int) -> None:
    """One message, which says what is wrong."""
    assert answer.exit_code == status, answer.output
    assert complaint in answer.output.replace("\n", " ")
    assert "Traceback" not in answer.output


WRONG_ARGUMENTS = [
    ("cal", "No such command 'cal'. Did you mean 'call'?"),
    ("users ad", "Did you mean 'add'?"),
    ("call --form x", "No such option '--form'. Did you mean '--from'?"),
    ("languages xx", "there is no language 'xx'; the languages are de, en,"),
    ("call extra", "unexpected extra argument (extra)"),
    ("call --from abc", "'abc' is no number: give one like +4915112345678"),
    ("call --from abc", "or withheld (also: anonymous)"),
    ("call --from ''", "is no number"),
    ("call --from 110", "'110' is no number"),
    ("call --press --at closed", "'--at' are no keys: give digits"),
    ("call --press 1,x", "'x' are no keys"),
    ("call --press ,,", "'' are no keys"),
    ("call --say ''", "'--say': it must not be empty"),
    ("call --say Hallo --language xx", "'xx' is not one of 'de'"),
    ("call --language de", "--language is the language of --say, which is not given"),
    ("call --speak /nowhere.wav", "'/nowhere.wav' does not exist"),
    ("call --speak TMP/folder", "is a directory"),
    ("call --at yesterday", "'yesterday' is neither open, closed, clock nor an instant"),
    ("call --at 2026-13-01", "'2026-13-01' is neither open, closed, clock nor an instant"),
    ("simulate --staff 10-2", "the range 10-2 is upside down: write 2-10"),
    ("simulate --staff ten", "'ten' is neither a number of people like 5 nor a range like 2-12"),
    ("simulate --staff ''", "is neither a number of people"),
    ("simulate --staff 0", "between 1 and 200 people"),
    ("simulate --staff 3-999999999", "between 1 and 200 people"),
    ("simulate --staff 1-100", "1-100 are 100 numbers: at most 50"),
    ("simulate --calls -1", "not in the range"),
    ("simulate --goal 75", "not in the range 0<=x<=1"),
    ("simulate --when 'someday 9'", "'someday 9' is no hour of the week like 'monday 9'"),
    ("simulate --when 'monday x'", "'monday x' is no hour of the week"),
    ("simulate --when ''", "is no hour of the week"),
    ("simulate --team kitchen", "there is no team 'kitchen'; the teams are benefits, work"),
    ("simulate --chart TMP/folder", "is a directory"),
    ("simulate --chart /nowhere/x.svg", "there is no directory '/nowhere'"),
    ("users add", "Missing argument 'USERNAME'"),
    ("users add '' --name A", "'USERNAME': it must not be empty"),
    ("users add a --name ' '", "'--name': it must not be empty"),
    ("users add a --name A --role boss", "'boss' is not one of"),
    ("users add a --name A --team kitchen", "there is no team 'kitchen'; the teams are benefits"),
    ("users add a --name A --role officer --team work", "the role officer has no teams"),
    ("tokens add ''", "it must not be empty"),
    ("tokens add t --days 0", "not in the range 1<=x<=730"),
    ("tokens add t --scope all", "'all' is not one of 'tasks', 'callers'"),
    ("sla --on tomorrow", "'tomorrow' is no day like 2026-12-01"),
    ("sla --on 0001-01-01", "long before the hotline"),
    ("reconcile --since yesterday", "'yesterday' is neither a date, nor an instant"),
    ("reconcile --since 99999999d", "'99999999d' is neither a date"),
    ("reconcile --since 2999-01-01", "lies in the future"),
    ("demo seed --days 0", "not in the range"),
    ("transcribe-eval TMP/folder --language xx", "'xx' is not one of 'de'"),
    ("transcribe-eval TMP/bytes --language de", "is a file"),
    ("flow diagram --output TMP/folder", "is a directory"),
    ("flow diagram --output /nowhere/x.svg", "there is no directory '/nowhere'"),
    ("prompts render xx", "'xx' is not one of 'de'"),
    ("prompts check xx", "'xx' is not one of 'de'"),
    ("models fetch", "Missing argument 'LANGUAGES...'"),
    ("models fetch xx", "'xx' is not one of 'de'"),
    ("audit verify /nowhere", "'/nowhere' does not exist"),
    ("audit verify TMP/folder", "is a directory"),
    ("audit verify --alone", "--alone is for an exported file"),
    ("audit export TMP/folder", "is a directory"),
    ("audit export /nowhere/x", "there is no directory '/nowhere'"),
    ("papers TMP/bytes", "is a file"),
    ("backup /nowhere/x.tar", "there is no directory '/nowhere'"),
    ("restore /nowhere", "'/nowhere' does not exist"),
    ("restore TMP/folder", "is a directory"),
    # an empty argument, as of a variable that is not set, is no file and no directory
    ("papers ''", "it must not be empty"),
    ("settings docs ''", "it must not be empty"),
    ("backup ''", "it must not be empty"),
    ("audit export ''", "it must not be empty"),
    ("flow diagram --output ''", "it must not be empty"),
    ("flow diagram --output -", "cannot be written to standard output"),
    ("backup -", "cannot be written to standard output"),
    ("settings docs TMP/text", "it is a file of something else"),
    # what contradicts itself
    ("announcements add de=Hallo de=Tag --until 2026-12-02", "de has two texts"),
    ("notices add help de=112 en=112 de=112", "de has two texts"),
    ("models fetch translate ar-de --large", "--large is for models that hear speech"),
    ("models fetch translate de-de", "name pairs of languages"),
    ("setup --directory TMP/folder --unattended --team work=A --team work=B", "work is named more than once"),
    # numbers that are none, and rows that no database can have
    ("simulate --calls nan", "'nan' is no number"),
    ("simulate --calls 10 --talk-seconds nan", "'nan' is no number"),
    ("simulate --calls 10 --wrap-up-seconds nan", "'nan' is no number"),
    ("simulate --goal nan", "'nan' is no number"),
    ("simulate --calls 0", "not in the range 0<x<=100000"),
    ("simulate --calls 100000 --talk-seconds 36000", "more than 200 people"),
    ("hours undo 9223372036854775808", "not in the range"),
    ("notices undo 9223372036854775808", "not in the range"),
    ("announcements undo 99999999999999999999", "not in the range"),
    # instants at the ends of time
    ("announcements add de=Hallo --until 0001-01-01", "choose a year of this century"),
    ("announcements add de=Hallo --until 9999-12-31T23:59-12:00", "choose a year of this century"),
    ("announcements add de=Hallo --from 0001-01-01 --until 2026-12-02", "choose a year of this century"),
    ("call --at 0001-01-01", "is neither open, closed, clock nor an instant"),
    ("call --at 9999-12-31", "is neither open, closed, clock nor an instant"),
    # telephones that nobody can be called at
    ("carrier setup --to withheld", "'withheld' is no telephone that can be called"),
    ("carrier setup --to sip:me@pbx", "is no telephone that can be called"),
    ("carrier setup --to +112", "is no telephone that can be called"),
    ("carrier setup --to 0900123456", "is no telephone that can be called"),
    ("carrier setup --to 04211782666", "is the hotline's own number"),
    # what a name, a password and a PIN cannot be
    ("users add 'a\nb' --name A", "it must be one line"),
    ("users add a --name 'A\tB'", "it must be one line"),
    ("tokens add 'a\x1b[2J'", "it must be one line"),
    ("users add a --name A --password short", "a password has at least 12 characters"),
    ("users reset a --password ''", "a password has at least 12 characters"),
    ("users reset a --password '            '", "a password has at least 12 characters"),
    ("users reset a --password '  　 short     '", "a password has at least 12 characters"),
    ("users pin a --number 12x", "a personal number has 3 to 8 digits"),
    ("users add-telephone abc", "'abc' is no telephone number that can be called"),
    ("users add-telephone +49*", "'+49*' is no block of numbers"),
    ("users add-telephone 110", "'110' is no telephone number that can be called"),
    ("prompts translated nosuch", "has no translated prompt nosuch"),
    ("prompts translated greeting --in de", "de is the original"),
    ("hours set 2030-01-01 08:00-12:00-14:00", 'neither "closed" nor a span like "08:00-18:00"'),
    ("hours set 2030-01-01 08:00-12:00,13:00-18:00", 'neither "closed" nor a span like "08:00-18:00"'),
    ("hours set 2030-01-01 08:00-12:00+02:00", "must not name a time zone"),
    ("users pin a --number 123 --pin 12", "a PIN has 4 to 8 digits"),
    ("users pin a --number 123 --pin ١٢٣٤", "a PIN has 4 to 8 digits"),
    ("keys new 'a b'", "a name has up to 40 letters"),
    ("keys new ''", "a name has up to 40 letters"),
    ("keys new ä", "a name has up to 40 letters"),
]


@pytest.mark.parametrize(("line", "complaint"), WRONG_ARGUMENTS)
def test_a_wrong_argument_is_named(command, tmp_path: Path, line: str, complaint: str) -> None:
    refused(command(line), complaint, 2)
    assert (tmp_path / "text").read_text() == "somebody's notes"


def commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command, with the words that name it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        elif command is not None:
            yield (*before, name), command


def test_a_value_that_is_given_twice_is_refused(empty_database) -> None:
    """Which of them counts would be a guess; flags, and what may be given several times, are no contradiction."""
    tried = 0
    for words, command in commands(hotline):
        for option in command.params:
            if isinstance(option, click.Option) and not (option.multiple or option.is_flag):
                answer = CliRunner().invoke(hotline, [*words, option.opts[0], "1", option.opts[0], "2"])
                refused(answer, f"{option.opts[0]} is given more than once", 2)
                tried += 1
    assert tried > 40
    assert CliRunner().invoke(hotline, ["flow", "check", "--help", "--help"]).exit_code == 0
    assert CliRunner().invoke(hotline, ["call", "--at", "open", "--at", "open", "--help"]).exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("users", "add", "BAD", "--name", "A"), ("users", "add", "a", "--name", "BAD"),
        ("users", "add", "a", "--name", "A", "--password", "BAD of twelve letters"),
        ("users", "pin", "BAD", "--number", "123", "--pin", "1234"), ("users", "reset", "BAD", "--password", "x" * 12),
        ("users", "add-telephone", "+4942136112", "--place", "BAD"), ("users", "remove-telephone", "BAD"),
        ("tokens", "add", "BAD"), ("tokens", "revoke", "BAD"),
        ("hours", "set", "2030-01-01", "closed", "--reason", "BAD"),
        ("notices", "add", "help", "de=112 BAD"), ("notices", "add", "help", "de=112 BAD", "--preview"),
        ("announcements", "add", "de=BAD", "--until", "2030-01-01"), ("call", "--say", "BAD"),
        ("call", "--from", "sip:BAD@pbx"), ("prompts", "translated", "BAD"),
        ("setup", "--unattended", "--public-base-url", "https://BAD"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_bytes_that_are_no_text_are_refused(command, words: tuple[str, ...]) -> None:
    """The system hands them over as lone surrogates, which neither a database nor a terminal can hold."""
    answer = CliRunner().invoke(hotline, [word.replace("BAD", "\udcff") for word in words])
    refused(answer, "it has bytes that are no text in UTF-8", 2)


@pytest.mark.parametrize(
    "line", ["promises open SEALED SEALED --password x", "keys recover SEALED OTHER --first a --second b"]
)
def test_what_is_read_is_not_written_over(empty_database, tmp_path: Path, line: str) -> None:
    sealed, other = tmp_path / "sealed", tmp_path / "other"
    sealed.write_bytes(b"the only copy")
    other.symlink_to(sealed)
    answer = CliRunner().invoke(hotline, shlex.split(line.replace("SEALED", str(sealed)).replace("OTHER", str(other))))
    refused(answer, "it is SOURCE, which would be lost", 2)
    assert sealed.read_bytes() == b"the only copy"


@pytest.mark.since("ci")
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_lacks_a_letter_stops_no_command(empty_database, tmp_path: Path, encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ivr", "flow", "diagram"], cwd=ROOT, capture_output=True, timeout=60, check=False,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr


WITHOUT_SUCCESS = [
    ("users pin nobody --number 123", "there is no user 'nobody'"),
    ("users reset nobody", "there is no user 'nobody'"),
    ("tokens revoke nope", "there is no token 'nope'; the tokens are none"),
    (
        "transcribe-eval TMP/folder --language de --model TMP/folder",
        "no model for de: python -m ivr models fetch de",
    ),
    ("audit verify TMP/bytes", "the log is not whole"),
    ("papers /proc/x", "/proc/x: No such file or directory"),
    ("backup TMP/bytes", "a backup is never"),
    ("restore TMP/bytes", "is no backup, or damaged"),
]


@pytest.mark.parametrize(("line", "complaint"), WITHOUT_SUCCESS)
def test_what_cannot_be_done_is_said(command, line: str, complaint: str) -> None:
    refused(command(line), complaint, 1)


SURROUNDINGS = [
    ("call", {"EXCHANGE_PORT": "1"}, "does not answer at http://127.0.0.1:1/softphone/scripts: is `make run` running?"),
    ("carrier check", {"EXCHANGE_PORT": "1"}, "http://127.0.0.1:1 cannot be reached"),
    ("reconcile", {"EXCHANGE_PORT": "1"}, "http://127.0.0.1:1 cannot be reached"),
    ("sla", {"PORT": "eighty"}, "port: Input should be a valid integer"),
    ("sla", {"IVR_CONFIG": "TMP/folder"}, "IVR_CONFIG: there is no file"),
    ("sla", {"IVR_CONFIG": "TMP/bytes"}, "The configuration cannot be read"),
    ("migrate", {"DATABASE_URL": "nonsense"}, "database_url"),
    ("migrate", {"DATABASE_URL": "mysql://u:p@h/db"}, "database_url"),
    ("migrate", {"DATABASE_URL": "sqlite:///TMP/bytes"}, "file is not a database"),
    ("migrate", {"DATABASE_URL": "postgresql://u:p@127.0.0.1:1/db"}, "Connection refused"),
    ("sla", {"REDIS_URL": "nonsense"}, "redis_url"),
    ("migrate", {"VAR_DIR": "TMP/bytes", "DATABASE_URL": ""}, "Name a place that exists and that you may use"),
    ("keys rotate", {"AUDIO_STORE": "s3://none", "AUDIO_S3_ENDPOINT": "http://[::1]:1"}, "the audio store"),
    ("demo seed", {"MODE": "production"}, "in production mode, and so must twilio_account_sid"),
    ("settings check", {"SPOKEN_ANSWERS": '["de"]', "VOSK_MODEL_DIR": "TMP/folder"}, "there is no speech model of de"),
    ("settings check", {"SPOKEN_ANSWERS": '["xx"]'}, "spoken_answers: 'xx' is not one of de"),
    ("worker", {"MODE": "production"}, "audio_master_keys"),
    ("worker", {"TRANSCRIPTION_POOLS": '{"north": ["de"]}'}, "TRANSCRIPTION_POOL=north"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "environment", "complaint"), SURROUNDINGS)
def test_surroundings_that_fail_are_named(command, line: str, environment: dict[str, str], complaint: str) -> None:
    answer = command(line, **environment)
    refused(answer, complaint, 1)
    assert "u:p@" not in answer.output, "a password is not printed"


@pytest.mark.parametrize(
    "line",
    ["retention plan", "retention run", "retention replay", "audit verify", "audit head", "audit audio",
     "audit export -", "keys rotate", "reconcile"],
)  # fmt: skip
def test_a_database_that_is_not_migrated_is_told_how(command, line: str) -> None:
    answer = command(line, DATABASE_URL="sqlite:///TMP/empty.sqlite3")
    refused(answer, "The database is not migrated", 1)
    assert "python -m ivr migrate" in answer.output


def test_a_database_of_a_newer_version_is_left_alone(command) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'from the future'"))
    refused(command("migrate"), "not one of this version's", 1)


def test_a_password_is_asked_for_after_the_name_and_the_team_are_known(command) -> None:
    assert (
        command(
            "users add mika --name Mika --team work", typed="short\na long passphrase\na long passphrase\n"
        ).exit_code
        == 0
    )
    for line, complaint in (
        ("users add mika --name Again", "there is already a user 'mika'"),
        ("users add other --name Other --team kitchen", "there is no team 'kitchen'"),
        ("users reset nobody", "there is no user 'nobody'"),
        ("users pin nobody --number 1234", "there is no user 'nobody'"),
        ("users pin mika --number 12x", "a personal number has 3 to 8 digits"),
    ):
        answer = command(line)
        assert complaint in answer.output
        assert "Password:" not in answer.output
        assert "PIN:" not in answer.output
    assert command("users pin mika --number 1234", typed="abc\n2468\n2468\n").exit_code == 0
    assert command("users reset mika", typed="another passphrase\nanother passphrase\n").exit_code == 0


def test_the_local_carrier_says_that_its_port_is_taken(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        monkeypatch.setenv("EXCHANGE_PORT", port)
        command = [sys.executable, "-m", "ivr", "exchange"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    assert "EXCHANGE_PORT=" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_local_carrier_is_not_for_production(command, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support.production_secrets import MASTER_KEY, SECRET, TOKEN

    answer = command(
        "exchange", MODE="production", PUBLIC_BASE_URL="https://hotline.example", TWILIO_ACCOUNT_SID="AC1",
        TWILIO_AUTH_TOKEN=TOKEN, SECRET_KEY=SECRET, AUDIO_MASTER_KEYS=MASTER_KEY, TRUSTED_PROXIES="0",
    )  # fmt: skip
    refused(answer, "local mode only", 1)
    refused(command("call"), "local mode only", 1)
    refused(command("demo seed"), "local mode only", 1)
    configuration.settings.cache_clear()


def test_a_fault_of_ours_keeps_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    from ivr.cli import errors

    with pytest.raises(ZeroDivisionError), errors.explained():
        1 / 0  # noqa: B018
