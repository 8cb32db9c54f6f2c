"""`ivr doctor`: a fault is planted for each line, and its line says what is wrong and what mends it."""

from __future__ import annotations

import json
import resource
import ssl
import threading
import zoneinfo
from collections import namedtuple
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import requests
from click.testing import CliRunner
from sqlalchemy import text

from ivr.audit import access_log, anchors
from ivr.carrier import account_check
from ivr.carrier.finding import Finding
from ivr.cli import hotline as command_line
from ivr.config.settings import Settings
from ivr.domain.timestamps import utc_now
from ivr.operations import backup, doctor, host_checks, outside_checks, server_checks
from ivr.operations.language_states import LanguageState
from ivr.platform import blob_storage, database, database_damage, envelope_encryption, job_queue, private_files
from ivr.transcription import model_plan
from tests.support.environment import forget_settings
from tests.support.people import a_task, hire
from tests.support.production_secrets import PRODUCTION
from tests.support.proxies import certificate
from tests.support.secret_keys import SECOND, changer
from tests.support.servers import free_port

Memory = namedtuple("Memory", "available")


class Here:
    """The installation that a fault is planted into."""

    def __init__(self, settings: Settings, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self.settings, self.patch, self.folder = settings, patch, folder

    def set(self, **environment: str) -> None:
        for name, value in environment.items():
            self.patch.setenv(name, value)
        forget_settings()

    def production(self, **environment: str) -> None:
        self.set(
            MODE="production", TWILIO_ACCOUNT_SID="AC1",
            **{"PUBLIC_BASE_URL": "https://127.0.0.1:1", **PRODUCTION, **environment},
        )  # fmt: skip

    def redis(self, **info: Any) -> None:
        usual = {"aof_enabled": 1, "maxmemory": 0}
        server = SimpleNamespace(
            info=lambda _: {**usual, **info}, time=lambda: (utc_now().timestamp() + info["ahead"], 0)
        )
        self.patch.setattr(job_queue, "impatient", lambda: server)

    def answers(self, found: object) -> None:
        def get(*_: object, **__: object) -> object:
            if isinstance(found, Exception):
                raise found
            return SimpleNamespace(status_code=200, ok=True, json=lambda: found)

        self.patch.setattr(requests, "get", get)


@pytest.fixture
def here(empty_database: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Here:
    return Here(empty_database, monkeypatch, tmp_path)


def a_readable_file(here: Here) -> None:
    path = here.settings.var_dir / "spool" / "recording"
    path.parent.mkdir(parents=True, exist_ok=True)  # with PostgreSQL there is none yet
    path.touch()
    path.chmod(0o644)


def a_directory_of_somebody_else(here: Here) -> None:
    place = here.folder / "etc"
    place.mkdir()
    (place / "passwd").touch()
    here.set(VAR_DIR=str(place))


def somebody_elses_file(here: Here) -> None:
    here.patch.setattr("ivr.platform.private_files.of_other_users", lambda _: [Path("/var/x")])


def secrets_for_all(here: Here) -> None:
    path = here.folder / "ivr.toml"
    path.write_text(f"secret_key = '{SECOND}'")
    path.chmod(0o644)
    here.set(IVR_CONFIG=str(path))


def a_secret_file_for_all(here: Here) -> None:
    path = here.folder / "key"
    path.write_text(SECOND)
    path.chmod(0o644)
    here.set(SECRET_KEY_FILE=str(path))


def little_memory(here: Here) -> None:
    here.patch.setattr(psutil, "virtual_memory", lambda: Memory(100 << 20))


def models_too_large(here: Here) -> None:
    plan = model_plan.Plan((), ("tr",), (), (), 900, 500, 2)
    here.patch.setattr(model_plan, "make", lambda *_: plan)


def few_files(here: Here) -> None:
    here.patch.setattr(resource, "getrlimit", lambda _: (1024, 1024))


def no_time_zones(here: Here) -> None:
    def missing(name: str) -> None:
        raise zoneinfo.ZoneInfoNotFoundError(name)

    here.patch.setattr(host_checks, "ZoneInfo", missing)


def old_time_zones(here: Here) -> None:
    here.patch.setattr(host_checks, "ZoneInfo", lambda _: zoneinfo.ZoneInfo("UTC"))


def prompts_not_rendered(here: Here) -> None:
    state = LanguageState("kmr", "Kurmanji", "menu", "4", rendered=1, to_render=9)
    here.patch.setattr("ivr.operations.language_states.all_languages", lambda: [state])


def forgetful_redis(here: Here) -> None:
    here.redis(aof_enabled=0, ahead=0)


def redis_without_room(here: Here) -> None:
    here.redis(aof_last_write_status="err", ahead=0)


def redis_of_a_cache(here: Here) -> None:
    here.redis(maxmemory=1, maxmemory_policy="allkeys-lru", ahead=0)


def redis_with_another_clock(here: Here) -> None:
    here.redis(ahead=90)


def store_that_refuses(here: Here) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Access Denied")

    here.patch.setattr(blob_storage.Directory, "put", refuse)


def store_that_changes(here: Here) -> None:
    here.patch.setattr(blob_storage.Directory, "get", lambda *_: b"from a cache")


def store_that_keeps(here: Here) -> None:
    here.patch.setattr(blob_storage.Directory, "delete", lambda *_: None)


def another_master_key(here: Here) -> None:
    hire()
    a_task(text="Guten Tag")
    here.patch.setattr(envelope_encryption, "masters", lambda: {"other": bytes(32)})


def a_recording_without_audio(here: Here) -> None:
    hire()
    a_task(text="Guten Tag")
    for path in here.settings.audio_dir.rglob("*.json"):
        path.unlink()


def another_secret_key(here: Here) -> None:
    with database.writing() as session:
        access_log.append(session, access_log.SYSTEM, "view", utc_now())
    anchors.keep(utc_now())
    changer(here.patch)(SECOND)


def no_backup(here: Here) -> None:
    here.production()


def an_old_backup(here: Here) -> None:
    backup.back_up(here.folder / "b.tar", utc_now() - timedelta(hours=50))
    here.production()


def no_promise_list(here: Here) -> None:
    lists = {"PROMISE_LIST_DIR": str(here.folder), "PROMISE_LIST_PASSWORD": "correct horse battery staple"}
    here.production(**lists)


def an_old_promise_list(here: Here) -> None:
    no_promise_list(here)
    (here.folder / f"promises-{utc_now() - timedelta(hours=5):%Y%m%dT%H%M%SZ}.pdf").touch()


def nobody(here: Here) -> None:
    here.production()


def people_for_trying(here: Here) -> None:
    from ivr.launcher import first_start

    first_start.logins(here.settings)
    here.production()


def unreachable(here: Here) -> None:
    here.production(PUBLIC_BASE_URL=f"https://127.0.0.1:{free_port()}")


def two_proxies(here: Here) -> None:
    here.production()
    here.answers({"status": "alive", "forwarded": 2})


def somebody_else_answers(here: Here) -> None:
    here.production()
    here.answers("Welcome to nginx")


def a_closed_account(here: Here) -> None:
    here.production()
    found = Finding("The account is suspended: no call is taken.", "Speak with the carrier.")
    here.patch.setattr(account_check, "findings", lambda: iter([found]))


def a_carrier_out_of_reach(here: Here) -> None:
    def unreachable() -> None:
        raise requests.ConnectionError

    here.production()
    here.patch.setattr(account_check, "findings", unreachable)


def another_carrier(here: Here) -> None:
    here.production(CARRIER="telnyx", CARRIER_WEBHOOK_KEY="x" * 44)


def no_mail(here: Here) -> None:
    here.set(SMTP_URL=f"smtp://127.0.0.1:{free_port()}", MAIL_FROM="a@b.example")


def no_provider(here: Here) -> None:
    here.set(SSO_ISSUER="http://127.0.0.1:1", SSO_CLIENT_ID="x", SSO_CLIENT_SECRET="y", SSO_ROLES='{"all": "member"}')


PLANTED: list[tuple[Callable[[Here], None], str, str]] = [
    (a_readable_file, "✗ files: other users of this machine can use", "chmod -R go-rwx"),
    (a_directory_of_somebody_else, "✗ files: VAR_DIR holds what is not the hotline's", "of the hotline's own"),
    (somebody_elses_file, "✗ files: /var/x belong to another user", "chown"),
    (secrets_for_all, "✗ files: other users can read secrets in", "chmod 600"),
    (a_secret_file_for_all, "✗ files: other users can read secrets in", "chmod 600"),
    (little_memory, "✗ host memory: 100 MB are free", "MODEL_MEMORY_MB"),
    (models_too_large, "· host memory: models of tr do not fit (900 MB needed, 500 allowed)", "More memory"),
    (few_files, "· open files: a process may have 1024 files open", "LimitNOFILE"),
    (no_time_zones, "✗ time zones: are not there", "tzdata"),
    (old_time_zones, "✗ time zones: Europe/Berlin has the wrong time here", "tzdata"),
    (prompts_not_rendered, "· prompts: are not rendered on this host: kmr (8)", "prompts render"),
    (forgetful_redis, "· redis persistence: loses its jobs", "appendonly yes"),
    (redis_without_room, "✗ redis persistence: cannot write its file", "room on its disk"),
    (redis_of_a_cache, "✗ redis persistence: throws keys away when full (allkeys-lru)", "noeviction"),
    (redis_with_another_clock, "✗ clocks: that of Redis is +90 s from this host's", "NTP"),
    (store_that_refuses, "✗ audio store: cannot be used: Access Denied", "AUDIO_STORE"),
    (store_that_changes, "✗ audio store: gives back something else than was stored", "no cache"),
    (store_that_keeps, "✗ audio store: does not delete", "no versions"),
    (another_master_key, "✗ keys: recording", "AUDIO_MASTER_KEYS"),
    (a_recording_without_audio, "✗ recordings: the audio of", "AUDIO_STORE, or the disk under VAR_DIR"),
    (another_secret_key, "✗ keys: the anchor", "SECRET_KEY_PREVIOUS"),
    (no_backup, "✗ backups: none was ever made", "BACKUP_HOURS=0"),
    (an_old_backup, "✗ backups: the last one was made 50 hours ago", "by a timer"),
    (no_promise_list, "✗ promise list: none was written on this host", "Process clock"),
    (an_old_promise_list, "✗ promise list: the newest is 5 hours old", "PROMISE_LIST_DIR"),
    (nobody, "✗ people: there is no administrator", "--role administrator"),
    (people_for_trying, "✗ people: log-ins for trying: datenschutz, leitung", "demo remove"),
    (unreachable, "✗ public address: https://127.0.0.1:", "PUBLIC_BASE_URL"),
    (two_proxies, "✗ proxies: 2 are before the processes, and TRUSTED_PROXIES is 1", "TRUSTED_PROXIES=2"),
    (somebody_else_answers, "✗ public address: https://127.0.0.1:1 is answered by something else (200)", "/healthz"),
    (a_closed_account, "✗ carrier: The account is suspended: no call is taken", "Speak with the carrier."),
    (a_carrier_out_of_reach, "✗ carrier: cannot be asked (ConnectionError)", "network"),
    (another_carrier, "· carrier: nothing is checked at telnyx", "compatible-carriers"),
    (no_mail, "✗ mail: 127.0.0.1 does not answer (Connection refused)", "SMTP_URL"),
    (no_provider, "✗ single sign-on: http://127.0.0.1:1 does not describe itself", "SSO_ISSUER"),
]  # fmt: skip


def examined(name: str, here: Here) -> list[str]:
    """What the checks of a line say, as the command prints it; the others are not asked."""
    wanted = {"public address": ("certificate", "proxies")}.get(name, (name,))
    for module in (host_checks, server_checks, outside_checks):
        here.patch.setattr(module, "CHECKS", tuple(one for one in module.CHECKS if one[0] in wanted))
    return [
        f"{'·' if part.is_a_note else '✗'} {part.name}: {part.state} | {part.remedy}"
        for part in doctor.examine()
        if part.state != "ok"
    ]


@pytest.mark.parametrize(("plant", "line", "remedy"), PLANTED, ids=[plant.__name__ for plant, *_ in PLANTED])
def test_a_planted_fault_is_found_and_its_remedy_said(
    plant: Callable[[Here], None], line: str, remedy: str, here: Here
) -> None:
    plant(here)
    found = [told for told in examined(line[2:].partition(":")[0], here) if told.startswith(line)]
    assert found, "not found"
    assert remedy in found[0].partition(" | ")[2]


def test_a_whole_installation_has_nothing_wrong(here: Here) -> None:
    hire()
    a_task(text="Guten Tag")
    backup.back_up(here.folder / "b.tar", utc_now())
    here.redis(ahead=0)
    private_files.mend(here.settings.var_dir)
    parts = doctor.examine()
    assert [part for part in parts if part.is_wrong] == []
    names = [name for module in (host_checks, server_checks, outside_checks) for name, _ in module.CHECKS]
    assert set(names) <= {part.name for part in parts}


@pytest.fixture
def secured(tmp_path: Path) -> Any:
    """The address of a server whose certificate ends tomorrow, and the file that vouches for it."""
    trusted = certificate(tmp_path)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "hotline-with-key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}", trusted
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_certificate_that_ends_or_is_not_trusted_is_named(here: Here, secured: tuple[str, Path]) -> None:
    url, trusted = secured
    here.production(PUBLIC_BASE_URL=url)
    (told,) = outside_checks.certificate()
    assert (told.name, told.is_wrong) == ("certificate", True)
    assert "is not accepted: unable to get local issuer certificate" in told.state
    here.set(SSL_CERT_FILE=str(trusted))
    (told,) = outside_checks.certificate()
    assert told.state == f"ends on {utc_now() + timedelta(days=1):%Y-%m-%d}"


def test_a_check_that_fails_stops_no_other(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr(host_checks, "CHECKS", (("first", fails), ("second", lambda: iter(()))))
    told = {part.name: part.state for part in doctor.examine(outside=False)}
    assert told["first"] == "could not be looked at (RuntimeError: oops)"
    assert told["second"] == "ok"


def doctor_says(*options: str) -> tuple[int, str]:
    done = CliRunner().invoke(command_line, ["doctor", *options])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_the_command_speaks_to_people_and_to_machines(here: Here) -> None:
    status, told = doctor_says("--here")
    assert status == 1, "Redis is not there"
    assert "✗ redis: does not answer\n    Start Redis" in told
    assert "· redis persistence: not known without Redis" in told
    status, told = doctor_says("--here", "--json")
    found = json.loads(told)
    assert (status, found["healthy"]) == (1, False)
    by_name = {part["part"]: part for part in found["parts"]}
    assert by_name["database"]["level"] == "ok"
    assert by_name["redis"]["level"] == "wrong"
    assert by_name["redis"]["remedy"].startswith("Start Redis")
    assert by_name["models"]["level"] == "note"


def test_settings_that_cannot_be_used_are_the_only_line(here: Here) -> None:
    here.set(MODE="production", PORT="eighty")
    status, told = doctor_says()
    assert status == 1
    for named in ("✗ settings:", "port: Input", "secret_key must be set", "trusted_proxies must be set"):
        assert named in told


@pytest.mark.parametrize("there", ["var", "database"])
def test_looking_at_a_disk_that_is_not_mounted_makes_no_database(there: str, here: Here) -> None:
    """Run by root it left a file that the hotline could not write; and a new, empty house hid the one that was away."""
    missing = here.folder / "disk" / ("hotline" if there == "var" else "own.sqlite3")
    own = {"VAR_DIR": str(missing)} if there == "var" else {}
    url = "" if there == "var" else f"sqlite:///{missing}"
    here.patch.setattr(database_damage._known, "had_tables", False)  # as of a process that has just begun
    here.set(DATABASE_URL=url, **own)
    status, told = doctor_says("--here")
    assert status == 1
    assert f"✗ database: there is no file {missing}" in told
    assert "see that its disk is mounted" in told
    assert not missing.parent.exists(), list(missing.parent.rglob("*"))
    with database.reading() as session:  # whoever works makes it again
        assert session.scalar(text("SELECT 1")) == 1


def test_a_place_for_everything_that_is_none_is_a_line_of_the_list(here: Here) -> None:
    here.patch.setattr(database_damage._known, "had_tables", False)  # as of a process that has just begun
    here.set(VAR_DIR="/etc/passwd", DATABASE_URL="")
    status, told = doctor_says("--here", "--json")
    found = {part["part"]: part for part in json.loads(told)["parts"]}
    assert (status, found["disk"]["level"], found["database"]["level"]) == (1, "wrong", "wrong")


def test_a_directory_of_models_that_is_not_there_is_told_as_that(here: Here) -> None:
    here.set(VOSK_MODEL_DIR=str(here.folder / "unmounted"))
    assert f"· models: there is no directory {here.folder / 'unmounted'}" in doctor_says("--here")[1]
