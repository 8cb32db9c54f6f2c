"""Everything that a drill runs on: two hosts, a database with its replica, Valkey, S3, HAProxy, and the carrier."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import boto3
from redis import Redis
from redis.exceptions import RedisError

from ivr.domain import master_keys
from ivr.launcher.process_supervisor import Child, stop_all
from ivr.launcher.run import _redis_server
from ivr.platform import database
from tests.soak.chaos.people import LANGUAGES
from tests.soak.drill.database_pair import DatabasePair
from tests.soak.drill.host import Host, process_environment
from tests.support.environment import ROOT, use_environment
from tests.support.proxies import Proxy, certificate
from tests.support.servers import free_port

#: Seconds that the hosts may take to begin, and to be whole again after a drill.
_BEGIN, _WHOLE = 400.0, 120.0
_REGION, _BUCKET = "eu-central-1", "hotline"


class Site:
    """Two hosts and what they stand on. All of it is started, and has to be waited for, in the main thread."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder, self.say = folder, say
        self.children: dict[str, Child] = {}
        self._hosts: list[Host] = []
        self._proxy: Proxy | None = None
        self._databases: DatabasePair | None = None
        try:
            self._begin()
        except BaseException:
            self.stop()
            raise

    def _begin(self) -> None:
        folder = self.folder
        self._models = folder / "models"
        self._models.mkdir()
        (self._models / LANGUAGES[0]).symlink_to((ROOT / "var" / "models" / "ko").resolve())
        self.certificates = folder / "tls"
        self.certificates.mkdir()
        self.authority = certificate(self.certificates)
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            os.environ[name] = str(self.authority)
        self._databases = DatabasePair(folder / "postgres")
        self._ports = {name: free_port() for name in ("redis", "s3", "proxy", "exchange")}
        self.shared = self._settings()
        os.environ |= {name: self.shared[name] for name in self.shared if name.startswith("AWS_")}
        self.observer = {**self.shared, "VAR_DIR": str(folder / "carrier"), "PORT": str(free_port())}
        self.add("redis", self._redis_command())
        self.add("s3", f"moto_server -H 127.0.0.1 -p {self._ports['s3']}")
        self._make_bucket()
        self._enter()
        self.add("exchange", f"{sys.executable} -m tests.soak.chaos.local_carrier")
        from ivr.operations.migrate import migrate

        migrate()
        self._hosts = [Host(name, folder / f"host-{name}", self.shared) for name in ("1", "2")]
        self._enter()
        for host in self._hosts:
            host.start()
        self._proxy = Proxy("haproxy", self.certificates, self._ports["proxy"], *(one.settings for one in self._hosts))
        self.await_whole(_BEGIN)
        self._configure()

    def _settings(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.databases.url,
            "REDIS_URL": f"redis://127.0.0.1:{self._ports['redis']}/0",
            "AUDIO_STORE": f"s3://{_BUCKET}/recordings",
            "AUDIO_S3_ENDPOINT": f"http://127.0.0.1:{self._ports['s3']}",
            "AWS_ACCESS_KEY_ID": "drill",
            "AWS_SECRET_ACCESS_KEY": "drill",  # pragma: allowlist secret
            "AWS_DEFAULT_REGION": _REGION,
            "SECRET_KEY": secrets.token_hex(32),
            "AUDIO_MASTER_KEYS": master_keys.new("drill"),
            "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
            "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
            "PUBLIC_BASE_URL": self.public_url,
            "TRUSTED_PROXIES": "1",
            "EXCHANGE_PORT": str(self._ports["exchange"]),
            "VOSK_MODEL_DIR": str(self._models),
            "TRANSCRIBERS": "1",
            "LEASE_SECONDS": "6",
            "RECONCILE_SECONDS": "10",
            "MESSAGE_SECONDS": "10",
            "CALLS_A_MINUTE": "1000",
            "LANGUAGES": json.dumps(LANGUAGES),
            "CALLING_HOURS__DAILY": "00:00-24:00",
            "HOURS__DAILY": "00:00-24:00",  # callers say whether it is closed for them
        }

    def _redis_command(self) -> str:
        data = self.folder / "redis"
        data.mkdir(exist_ok=True)
        durable = "--appendonly yes --appendfsync everysec --save '' --loglevel warning"
        return f"{_redis_server()} --bind 127.0.0.1 --port {self._ports['redis']} --dir {data} {durable}"

    def add(self, name: str, command: str) -> None:
        """Start a process beside the hosts."""
        environment = process_environment(self.observer)
        self.children[name] = Child(name, command, environment, self.folder / "log" / f"{name}.log")
        self.children[name].start()

    def _make_bucket(self) -> None:
        for tries_left in reversed(range(100)):
            try:
                client = boto3.client("s3", endpoint_url=self.shared["AUDIO_S3_ENDPOINT"])
                client.create_bucket(Bucket="hotline", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
                client.close()
                return
            except Exception:
                if not tries_left:
                    raise
                time.sleep(0.3)

    def _enter(self) -> None:
        """This process looks at the database of the site, and at the carrier's directory."""
        use_environment(self.observer)

    def _configure(self) -> None:
        from click.testing import CliRunner

        from ivr.cli import hotline as command_line

        done = CliRunner().invoke(command_line, ["carrier", "configure", "--yes"])
        assert done.exit_code == 0, done.output

    @property
    def hosts(self) -> Sequence[Host]:
        """Both hosts."""
        return self._hosts

    @property
    def databases(self) -> DatabasePair:
        """The primary and its replica."""
        assert self._databases is not None
        return self._databases

    @property
    def redis(self) -> Child:
        """The server of the job queues."""
        return self.children["redis"]

    @property
    def proxy(self) -> Proxy:
        """HAProxy."""
        assert self._proxy is not None
        return self._proxy

    @property
    def public_url(self) -> str:
        """The address that the carrier and browsers know."""
        return f"https://127.0.0.1:{self._ports['proxy']}"

    @property
    def exchange_url(self) -> str:
        """Where the local carrier takes scripted calls."""
        return f"http://127.0.0.1:{self._ports['exchange']}"

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process beside the hosts, and to those that it has started."""
        os.killpg(self.children[name].pid, number)

    def use_certificate(self, valid_for: timedelta) -> None:
        """The proxy is started again with another certificate; a negative duration has passed."""
        self.proxy.stop()
        certificate(self.certificates, valid_for)
        self.proxy.start()

    def back_up(self) -> None:
        """Database and audio, as an operator writes them to another machine."""
        self._backup.unlink(missing_ok=True)
        self.hosts[0].command("backup", str(self._backup))

    def lose_everything(self) -> None:
        """Hosts, database, Redis and storage are gone; empty ones are there instead."""
        for host in self._hosts:
            host.lose()
            host.forget()
        database.close()
        self.databases.empty()
        self.redis.kill()
        self.empty_redis()
        self.children["s3"].kill()  # it keeps everything in memory
        for name in ("redis", "s3"):
            self.children[name].start()
        self._make_bucket()

    def restore(self) -> None:
        """What an operator does on empty machines; timed."""
        began = time.monotonic()
        self.wait(20, self.redis_answers)
        self.hosts[0].command("restore", str(self._backup))
        for host in self._hosts:
            host.start()
        self.wait(_BEGIN, lambda: all(host.is_ready() for host in self._hosts))
        self._enter()
        self.say(f"restored, and all hosts whole, after {time.monotonic() - began:.0f} s")

    @property
    def _backup(self) -> Path:
        return self.folder / "backup.tar"

    def empty_redis(self) -> None:
        """What Redis has kept on its disk is gone as well."""
        shutil.rmtree(self.folder / "redis")
        (self.folder / "redis").mkdir()

    def keep_running(self) -> None:
        """Start again what has ended by itself."""
        for host in self._hosts:
            host.keep_running()

    def wait(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Wait for so long, or until something is so, while process managers do their work; whether it was so."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if until():
                return True
            self.keep_running()
            time.sleep(0.2)
        return until()

    def await_whole(self, seconds: float = _WHOLE) -> None:
        """Wait until both hosts serve with everything they need."""
        began = time.monotonic()
        whole = self.wait(seconds, lambda: all(host.is_ready() for host in self._hosts))
        if not whole:
            states = {host.name: host.states() for host in self._hosts}
            raise AssertionError(f"the hosts are not whole after {seconds:.0f} s: {json.dumps(states)[:3000]}")
        self.say(f"all hosts are whole after {time.monotonic() - began:.0f} s")

    def redis_answers(self) -> bool:
        """Whether Redis is there."""
        try:
            with Redis.from_url(self.shared["REDIS_URL"], socket_timeout=1) as connection:
                return bool(connection.ping())
        except RedisError:
            return False

    def new_token(self) -> str:
        """A token for the interface."""
        from ivr.accounts.api_tokens import new_token
        from ivr.domain.timestamps import utc_now

        with database.writing() as session:
            return new_token(session, secrets.token_hex(4), utc_now())

    def stop(self) -> None:
        """Stop everything, also what has begun only half."""
        for host in self._hosts:
            host.is_lost = True
        stop_all([child for host in self._hosts for child in host.children.values()])
        stop_all([*self.children.values()])
        for host in self._hosts:
            host.disk.remove()
        if self._proxy is not None:
            self._proxy.stop()
        if self._databases is not None:
            database.close()
            self._databases.stop()
