"""`make run` as its user meets it: what is wrong is one sentence with its remedy, and nothing stays behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests
from redis import Redis

from ivr.config.settings import load
from ivr.launcher import bootstrap
from ivr.launcher import run as launcher
from ivr.workers import queued_job
from tests.support.environment import ROOT
from tests.support.servers import free_port
from tests.support.waiting import eventually


@pytest.fixture
def surroundings(tmp_path: Path, korean_model: Path) -> dict[str, str]:
    strange = ("VAR_DIR", "PORT", "VOICE_PORT", "EXCHANGE_PORT", "VOSK_MODEL_DIR", "LANGUAGES", "TRANSCRIBERS")
    models = tmp_path / "models"
    models.mkdir()
    (models / "ko").symlink_to(korean_model / "ko")
    (models / ".tried").touch()
    return {
        **{key: value for key, value in os.environ.items() if key not in strange},
        "VAR_DIR": str(tmp_path / "var"),
        "PORT": str(free_port()),
        "VOICE_PORT": str(free_port()),
        "EXCHANGE_PORT": str(free_port()),
        "VOSK_MODEL_DIR": str(models),
    }


def run(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ivr", "run"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


#: Beside it `.ci/prove-run` starts, calls and stops what `make run` starts.
@pytest.mark.since("ci")
def test_start_restart_a_killed_process_and_stop_without_orphans(surroundings, tmp_path: Path) -> None:
    log = (tmp_path / "run.log").open("w+")
    launcher = subprocess.Popen(
        ["sh", "-c", f"trap '' INT; exec {sys.executable} -m ivr run"],  # as a shell starts what it puts behind it
        cwd=ROOT, env=surroundings, stdout=log, stderr=log, umask=0o022,
    )  # fmt: skip
    try:
        eventually(lambda: "Stop with Ctrl-C" in (tmp_path / "run.log").read_text(), 150, 0.2)
        shown = (tmp_path / "run.log").read_text()
        url = f"http://127.0.0.1:{surroundings['PORT']}"
        assert f"{url}/softphone/" in shown
        assert "leitung" in shown
        family = psutil.Process(launcher.pid).children(recursive=True)
        clock = next(process for process in family if "clock" in process.cmdline())
        clock.kill()
        eventually(lambda: "clock ended and is started again" in (tmp_path / "run.log").read_text(), 10)
        assert requests.get(f"{url}/readyz", timeout=5).ok
        var = Path(surroundings["VAR_DIR"])
        assert (var / "redis.sock").is_socket() or len(str(var)) > 80
        others = [str(path) for path in (var, *var.rglob("*")) if path.exists() and path.lstat().st_mode & 0o077]
        assert others == [], "other users of the machine read nothing"
        second = run(surroundings)
        assert second.returncode == 1
        assert "is running here already" in second.stderr
        family = psutil.Process(launcher.pid).children(recursive=True)
        launcher.send_signal(signal.SIGINT)
        launcher.send_signal(signal.SIGINT)  # an impatient second Ctrl-C
        assert launcher.wait(90) == 0
        time.sleep(0.5)
        assert [process.cmdline() for process in family if process.is_running() and process.status() != "zombie"] == []
    finally:
        launcher.kill()
        launcher.wait()
        log.close()


@pytest.mark.since("ci")
def test_a_killed_launcher_takes_its_processes_with_it(surroundings, tmp_path: Path) -> None:
    log = (tmp_path / "run.log").open("w+")
    launcher = subprocess.Popen(
        [sys.executable, "-m", "ivr", "run"], cwd=ROOT, env=surroundings, stdout=log, stderr=log
    )
    eventually(lambda: "Stop with Ctrl-C" in (tmp_path / "run.log").read_text(), 150, 0.2)
    family = psutil.Process(launcher.pid).children(recursive=True)
    launcher.kill()
    launcher.wait()
    log.close()
    # A process that is still loading hears the signal when it has loaded: on a busy machine that takes a while.
    eventually(lambda: not any(p.is_running() and p.status() != "zombie" for p in family), 120, 0.2)


@pytest.mark.since("ci")
def test_it_goes_on_where_nobody_takes_what_it_says_and_stops_in_order_with_its_terminal(surroundings) -> None:
    """The disk of its output is full: the line that a process is started again must not end all of them."""
    with Path("/dev/full").open("w") as full:
        launcher = subprocess.Popen(
            # The tests may have been started by `nohup`: then their processes ignore SIGHUP, too.
            ["env", "--default-signal=HUP", sys.executable, "-m", "ivr", "run"],
            cwd=ROOT, env=surroundings, stdout=full, stderr=full,
        )  # fmt: skip
    try:
        eventually(lambda: launcher.poll() is not None or is_ready(surroundings), 150, 0.2)
        time.sleep(1.0)
        family = psutil.Process(launcher.pid).children(recursive=True)
        next(process for process in family if "clock" in process.cmdline()).kill()
        time.sleep(2.0)
        assert launcher.poll() is None
        eventually(lambda: is_ready(surroundings), 60, 0.2)
        family = psutil.Process(launcher.pid).children(recursive=True)
        launcher.send_signal(signal.SIGHUP)
        assert launcher.wait(90) != -signal.SIGHUP
        assert [process.cmdline() for process in family if process.is_running() and process.status() != "zombie"] == []
    finally:
        launcher.kill()
        launcher.wait()


def is_ready(surroundings: dict[str, str]) -> bool:
    """Whether all that runs under `make run` does."""
    try:
        answer = requests.get(f"http://127.0.0.1:{surroundings['PORT']}/readyz", timeout=5).json()
    except (requests.RequestException, ValueError):
        return False
    return all(answer.get(part) == "ok" for part in launcher._NEEDED)


def test_a_taken_port_is_named_with_its_remedy(surroundings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(surroundings["PORT"])))
        other.listen()
        done = run(surroundings)
    assert done.returncode == 1
    assert f"Port {surroundings['PORT']} is taken" in done.stderr
    assert "PORT=" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_configuration_names_its_key(surroundings) -> None:
    done = run({**surroundings, "HOURS__DAILY": "8 till late"})
    assert done.returncode == 1
    assert "hours.daily" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_none_is_one_sentence(surroundings, tmp_path: Path) -> None:
    (tmp_path / "no.sqlite3").write_text("this is no database " * 500)
    done = run({**surroundings, "DATABASE_URL": f"sqlite:///{tmp_path / 'no.sqlite3'}"})
    assert done.returncode == 1
    assert "The database cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]):
    def what() -> str:
        return capsys.readouterr().err

    return what


def test_an_old_python_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, said) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit):
        bootstrap.ensure()
    assert "Python 3.9 is too old" in said()


def test_the_bootstrap_speaks_an_old_pythons_language() -> None:
    """It must be able to say "too old": no match statements, no parenthesised context managers."""
    import ast

    for name in ("bootstrap.py", "python_builds.py", "__init__.py"):
        ast.parse((ROOT / "ivr" / "launcher" / name).read_text(), feature_version=(3, 7))
    ast.parse((ROOT / "ivr" / "__main__.py").read_text(), feature_version=(3, 7))


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said) -> None:
    monkeypatch.setattr(launcher.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5 << 20})())
    with pytest.raises(SystemExit):
        launcher._check_room(tmp_path)
    assert "The disk is full: 5 MB are free" in said()


def test_missing_system_packages_are_named_to_who_is_not_root(monkeypatch: pytest.MonkeyPatch, said) -> None:
    monkeypatch.setattr(bootstrap, "_is_installed", lambda _: False)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit):
        bootstrap._apt_install(["chromium"])
    assert "sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends chromium'" in said()


def test_redis_starts_where_the_path_of_the_checkout_has_spaces_and_quotes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, place = launcher._redis_server(), tmp_path / "Grün & Söhne's Platz"
    place.mkdir()
    (place / "server").symlink_to(server)
    monkeypatch.setattr(launcher, "_redis_server", lambda: place / "server")
    monkeypatch.setenv("VAR_DIR", str(place / "var"))
    configured = load()
    redis = launcher._start_redis(configured, os.environ)
    try:
        queued_job.worker("calls", Redis.from_url(configured.redis), "a-worker")
        assert redis.running
        assert (place / "var" / "redis" / "appendonlydir").is_dir()
    finally:
        redis.kill()
        Path(configured.redis.removeprefix("unix://")).unlink(missing_ok=True)


def test_the_local_carrier_opens_no_socket_that_takes_commands(surroundings: dict[str, str], tmp_path: Path) -> None:
    """Nor do web and voice: whoever may open it could stop the process."""
    environment = {**surroundings, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-m", "ivr", "exchange"], cwd=ROOT, env=environment) as exchange:
        port = int(surroundings["EXCHANGE_PORT"])

        def listens() -> bool:
            with socket.socket() as one:
                return one.connect_ex(("127.0.0.1", port)) == 0

        eventually(listens)
        sockets = [path for path in tmp_path.rglob("*") if path.is_socket()]
        exchange.terminate()
    assert sockets == []
