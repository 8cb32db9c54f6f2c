"""The house for the tests: real Redis, real database, real web, worker and clock; the exchange in this process."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from argon2 import PasswordHasher
from moto.server import ThreadedMotoServer
from werkzeug.serving import WSGIRequestHandler, make_server

from ivr.accounts import users
from ivr.config import settings as configuration
from ivr.domain.languages import LANGUAGES
from ivr.launcher.process_supervisor import Child, stop_all, tail
from ivr.launcher.run import _environment, _procfile, _start_redis
from ivr.platform import database, write_behind
from tests.support.caller import Caller
from tests.support.people import hire, log_in
from tests.support.postgres import Postgres, running

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def move_out() -> None:
    """Forget the settings and close what is open of the present house."""
    write_behind.settle()
    if database.engine.cache_info().currsize:
        database.engine().dispose()
    configuration.settings.cache_clear()
    database.engine.cache_clear()


def use_environment(values: dict[str, str]) -> configuration.Settings:
    """Make this process live in the same house as the started ones."""
    move_out()
    os.environ.update(values)
    return configuration.settings()


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """Argon2 takes its time on purpose; hundreds of made-up people need not."""
    users._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture(scope="session")
def korean_model() -> Path:
    """The real Korean model, fetched once into the repo's own model directory."""
    directory = ROOT / "var" / "models"
    if not (directory / "ko" / "am" / "final.mdl").is_file():
        saved = dict(os.environ)
        use_environment({"VOSK_MODEL_DIR": str(directory)})
        from ivr.transcription.model_download import fetch

        fetch("ko")
        os.environ.clear()
        os.environ.update(saved)
    return directory


class _Quietly(WSGIRequestHandler):
    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Databases:
    """New databases of the kind this run is about: `DATABASE=postgresql make test`, SQLite otherwise."""
    return Databases(request.getfixturevalue("postgres") if os.environ.get("DATABASE") == "postgresql" else None)


class Databases:
    """Gives each house a database of its own."""

    def __init__(self, server: Postgres | None) -> None:
        self._server = server
        self._template = ""

    def settings(self) -> dict[str, str]:
        """What a house's environment says of its database."""
        if self._server is None:
            return {}
        if not self._template:  # a migrated one, from which the others are copied
            from ivr.operations.migrate import migrate

            url = self._server.new_database()
            saved = dict(os.environ)
            use_environment({"DATABASE_URL": url, "LANGUAGES": '["de","en"]'})
            migrate()
            move_out()
            os.environ.clear()
            os.environ.update(saved)
            self._template = url.rpartition("/")[2]
        return {"DATABASE_URL": self._server.new_database(self._template)}


@pytest.fixture(scope="session")
def buckets() -> Iterator[str]:
    """The address of a storage that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    yield f"http://127.0.0.1:{server._port}"
    server.stop()


@pytest.fixture
def in_bucket(buckets: str, rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep audio in a bucket."""
    import boto3

    name = f"hotline-{secrets.token_hex(4)}"
    for key, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AUDIO_STORE": f"s3://{name}/recordings",
        "AUDIO_S3_ENDPOINT": buckets,
    }.items():
        monkeypatch.setenv(key, value)
    configuration.settings.cache_clear()
    client = boto3.client("s3", endpoint_url=buckets)
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    client.close()


class House:
    """All processes of the product, as the Procfile names them, and the exchange beside them: in this process, or by a
    command of its own."""

    def __init__(self, var_dir: Path, models: Path, exchange: str = "", **extra: str) -> None:
        self.environment = {
            "VAR_DIR": str(var_dir),
            "PORT": str(free_port()),
            "EXCHANGE_PORT": str(free_port()),
            "VOSK_MODEL_DIR": str(models),
            "TRANSCRIBERS": "1",
            "LOW_CONFIDENCE": "0",  # English through the Korean model: the machine is right to be unsure
            "DATABASE_URL": "",
            "LANGUAGES": json.dumps(list(dict.fromkeys(["de", "en", "ko", *LANGUAGES]))),
            **extra,
        }
        self.settings = use_environment(self.environment)
        self.settings.var_dir.mkdir(parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{self.settings.port}"
        if not exchange:
            self._connect()
        environment = _environment(self.settings)
        self.redis = _start_redis(self.settings, environment)
        from ivr.operations.migrate import migrate

        migrate()
        self.children = {
            name: Child(name, command, environment, self.settings.var_dir / "log" / f"{name}.log")
            for name, command in _procfile(self.settings)
            if name != "exchange"
        }
        if exchange:
            self.children["exchange"] = Child(
                "exchange", exchange, environment, self.settings.var_dir / "log" / "exchange.log"
            )
        for child in self.children.values():
            child.start()
        self.await_ready()

    def _connect(self) -> None:
        from ivr.local_carrier.app import create_app, create_switch

        self.switch = create_switch(self.settings)
        self._server = make_server(
            "127.0.0.1",
            self.settings.exchange_port,
            create_app(self.settings, self.switch),
            threaded=True,
            request_handler=_Quietly,
        )
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def kill(self, *names: str) -> None:
        """SIGKILL; `redis` is one of them."""
        for name in names:
            (self.redis if name == "redis" else self.children[name]).kill()

    def restart(self, *names: str) -> None:
        """Start what was killed."""
        for name in names:
            if name == "redis":
                self.settings.var_dir.joinpath("redis.sock").unlink(missing_ok=True)
            (self.redis if name == "redis" else self.children[name]).start()

    def await_ready(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        state = "no answer"
        while time.monotonic() < deadline:
            try:
                answer = requests.get(f"{self.url}/readyz", timeout=5)
                state = answer.text
                if answer.ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
        logs = "\n".join(tail(child.log) for child in self.children.values())
        raise AssertionError(f"not ready: {state}\n{logs}")

    def stop(self) -> None:
        move_out()
        stop_all([*self.children.values(), self.redis])
        if hasattr(self, "_server"):
            self._server.shutdown()
            self._server.server_close()

    def token(self) -> str:
        from ivr.accounts.api_tokens import new_token
        from ivr.domain.timestamps import utc_now

        with database.writing() as session:
            return new_token(session, secrets.token_hex(4), utc_now(), scopes=("tasks", "callers"))


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, korean_model: Path, databases: Databases) -> Iterator[House]:
    models = tmp_path_factory.mktemp("models")  # of its own: tests add models to it
    (models / "ko").symlink_to(korean_model / "ko")
    house = House(tmp_path_factory.mktemp("house"), models, **databases.settings())
    yield house
    house.stop()


def reader(house: House) -> Callable[..., dict]:
    """Reads the interface as another program would."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {house.token()}"

    def get(path: str, **query: object) -> dict:
        answer = session.get(f"{house.url}/api/v1{path}", params=query, timeout=10)
        while answer.status_code == 429:  # who waits for something asks very often
            time.sleep(int(answer.headers.get("Retry-After", 1)))
            answer = session.get(f"{house.url}/api/v1{path}", params=query, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return get


@pytest.fixture(scope="session")
def api(house: House) -> Callable[..., dict]:
    """The interface of the house."""
    return reader(house)


@pytest.fixture
def tasks_of(house: House, api: Callable[..., dict]) -> Callable[[str], list[dict]]:
    """The tasks of a call (there should be one or none)."""
    return lambda call_sid: api("/tasks", call_sid=call_sid)["tasks"]


@pytest.fixture
def caller(house: House) -> Iterator[Callable[..., Caller]]:
    """Somebody who can ring the hotline: `caller(at="closed").dials()`."""
    callers: list[Caller] = []

    def somebody(**wishes: object) -> Caller:
        callers.append(Caller(house.switch, **wishes))  # type: ignore[arg-type]
        return callers[-1]

    yield somebody
    for one in callers:
        one.gives_up()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a migrated SQLite database is kept, of which the others are copies."""
    return tmp_path_factory.mktemp("migrated") / "hotline.sqlite3"


@pytest.fixture
def rooms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, databases: Databases, migrated: Path
) -> Iterator[configuration.Settings]:
    """An empty database of its own for tests that need no processes."""
    own = databases.settings()
    for key in ("VAR_DIR", "PORT", "EXCHANGE_PORT", "VOSK_MODEL_DIR", "TRANSCRIBERS", "LANGUAGES", "DATABASE_URL"):
        monkeypatch.delenv(key, raising=False)
    for key, value in own.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("LANGUAGES", '["de","en"]')
    move_out()
    if not own:
        _copy_of(migrated, configuration.settings().var_dir)
    else:
        from ivr.operations.migrate import migrate

        migrate()
    yield configuration.settings()
    move_out()
    monkeypatch.undo()


def _copy_of(migrated: Path, var_dir: Path) -> None:
    if not migrated.exists():
        from ivr.operations.migrate import migrate

        migrate()
        with database.engine().connect() as connection:
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.engine().dispose()
        shutil.copy(var_dir / "hotline.sqlite3", migrated)
        return
    var_dir.mkdir(parents=True)
    shutil.copy(migrated, var_dir / "hotline.sqlite3")


def eventually(happens: Callable[[], object], seconds: float = 10.0, pause: float = 0.02) -> object:
    """Wait until something is true and return it; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = happens()
        if value:
            return value
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(pause)


@pytest.fixture
def desk(rooms):
    """Browsers of people who work here, one a person."""
    from ivr.web.app import create_app

    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    people = hire()

    def browser(username: str | None = None):
        client = app.test_client()
        return log_in(client, username) if username else client

    browser.people = people
    browser.app = app
    return browser
