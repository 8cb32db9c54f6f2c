"""The processes of a host open no more connections to PostgreSQL than the settings say; nobody waits long for one."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import SQLAlchemyError, TimeoutError

from ivr.config.settings import settings
from ivr.domain.enums import DatabaseFault, DatabaseUser
from ivr.platform import connection_pools, database, database_faults
from ivr.platform.connection_pools import LEAST, share_of
from tests.support.databases import Databases
from tests.support.environment import ROOT, environment_kept, use_environment
from tests.support.postgres import Postgres

SHIPPED = (ROOT / "Procfile", *(ROOT / "deploy" / "systemd" / f"hotline-{name}.service" for name in ("web", "voice")))


@pytest.fixture
def on_postgres(postgres: Postgres, tmp_path) -> Iterator[None]:
    """A database of PostgreSQL, whatever the others run on."""
    with environment_kept():
        use_environment({**Databases(postgres).settings(), "VAR_DIR": str(tmp_path)})
        yield
        database.serve(DatabaseUser.COMMAND)


@pytest.mark.parametrize("connections", [LEAST, 20, 33, 100, 1000])
def test_the_shares_of_a_host_are_never_more_than_it_has(connections: int) -> None:
    share = share_of(connections)
    assert connections - 3 <= share.in_all <= connections
    assert min(share.voice, share.web, share.decoding) >= 1
    assert share.voice >= share.web, "callers first"


def test_a_host_opens_twenty_unless_somebody_says_something_else() -> None:
    assert share_of(settings().database_connections).in_all == 20
    assert (share_of(20).voice, share_of(20).web, share_of(20).decoding) == (3, 2, 1)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_as_many_processes_answer_as_are_counted(path) -> None:
    found = re.findall(r"gunicorn .*--workers (\d+)", path.read_text())
    assert found and set(found) == {str(connection_pools.ANSWERING)}


def _open() -> int:
    """Connections of this process to its database, but that of whoever asks."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    own = connection_pools.open_watcher(settings().database, database._patience)
    with own.connect() as connection:
        found = int(connection.execute(text(asked)).scalar_one())
    own.dispose()
    return found


@pytest.mark.parametrize(("user", "most"), [(DatabaseUser.VOICE, 3), (DatabaseUser.WEB, 2), (DatabaseUser.JOBS, 1)])
def test_a_process_opens_no_more_than_its_share(on_postgres, monkeypatch, user: DatabaseUser, most: int) -> None:
    monkeypatch.setattr(database._patience, "seconds", 0.2)
    database.serve(user)
    with ExitStack() as held:
        for _ in range(most):
            held.enter_context(database.reading()).execute(text("SELECT 1"))
        began = time.monotonic()
        with pytest.raises(TimeoutError) as refused, database.reading() as session:
            session.execute(text("SELECT 1"))
        assert 0.15 < time.monotonic() - began < 5
        assert database_faults.fault_of(refused.value) == DatabaseFault.BUSY, "that is no outage"
        assert _open() == most
    with database.reading() as session:
        assert session.execute(text("SELECT 1")).scalar_one() == 1


def test_all_that_decode_borrow_from_the_same_few(on_postgres, monkeypatch) -> None:
    """Each of them is a process; engines of this one stand for them."""
    monkeypatch.setattr(database._patience, "seconds", 0.2)
    patience, url = database._patience, settings().database
    engines = [connection_pools.open_postgresql(url, DatabaseUser.DECODING, patience) for _ in range(4)]
    with engines[0].connect() as connection:
        connection.execute(text("SELECT 1"))
        for other in engines[1:]:
            with pytest.raises(TimeoutError), other.connect():
                pass
        assert _open() == 1
    for engine in engines:
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
        assert _open() == 0, "nothing is kept between two sessions"


def test_a_place_is_free_again_when_no_connection_was_made(on_postgres, monkeypatch) -> None:
    monkeypatch.setattr(database._patience, "seconds", 0.2)
    database.serve(DatabaseUser.DECODING)
    nowhere = connection_pools.open_postgresql(
        "postgresql+psycopg://nobody@127.0.0.1:1/nothing", DatabaseUser.DECODING, database._patience
    )
    with pytest.raises(SQLAlchemyError), nowhere.connect():
        pass
    with database.reading() as session:
        assert session.execute(text("SELECT 1")).scalar_one() == 1


def _sent(engine: Engine) -> list[str]:
    """What is asked of whether connections still work."""
    found: list[str] = []
    ping = engine.dialect.do_ping

    def noted(connection) -> bool:
        found.append("ping")
        return ping(connection)

    engine.dialect.do_ping = noted  # type: ignore[method-assign]
    return found


def test_a_connection_that_has_just_worked_is_not_asked_whether_it_works(on_postgres, monkeypatch) -> None:
    database.serve(DatabaseUser.JOBS)
    asked = _sent(database.engine())
    for _ in range(3):
        with database.reading() as session:
            session.execute(text("SELECT 1"))
    assert asked == []
    monkeypatch.setattr(connection_pools, "_FRESH", 0.0)
    with database.reading() as session:
        session.execute(text("SELECT 1"))
    assert asked == ["ping"]


def test_after_the_server_was_away_no_broken_connection_is_used(on_postgres, monkeypatch) -> None:
    """The watcher has found it away and back again meanwhile: nobody is given a connection of before."""
    database.serve(DatabaseUser.VOICE)
    with database.reading() as session:
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    own = connection_pools.open_watcher(settings().database, database._patience)
    with own.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    own.dispose()
    database._patience.failed_at = time.monotonic()
    database._patience.answered()
    with database.reading() as session:
        assert session.execute(text("SELECT pg_backend_pid()")).scalar_one() != pid


def test_of_a_process_one_thread_waits_on_a_connection_for_the_lock_of_live_calls(on_postgres, monkeypatch) -> None:
    """The others wait without one: whoever has nothing to do with live calls is served meanwhile."""
    database.serve(DatabaseUser.VOICE)
    done: list[int] = []

    def write() -> None:
        with database.writing_alone() as session:
            done.append(session.execute(text("SELECT 1")).scalar_one())

    other = connection_pools.open_watcher(settings().database, database._patience)
    with other.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": database._ALONE})
        threads = [threading.Thread(target=write) for _ in range(5)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        assert database.engine().pool.checkedout() == 1  # type: ignore[attr-defined]
        with database.writing() as session:
            assert session.execute(text("SELECT 1")).scalar_one() == 1
        assert done == []
    for thread in threads:
        thread.join()
    other.dispose()
    assert done == [1] * 5


def test_behind_a_pooler_each_transaction_says_how_long_it_waits(on_postgres, monkeypatch) -> None:
    monkeypatch.setattr(database._patience, "seconds", 0.3)
    monkeypatch.setattr(database._patience, "pause", 1.0)
    use_environment({"DATABASE_URL": settings().database_url, "VAR_DIR": str(settings().var_dir),
                     "DATABASE_POOLER": "true"})  # fmt: skip
    database.serve(DatabaseUser.VOICE)
    said: list[str] = []
    event.listen(database.engine(), "before_cursor_execute", lambda *about: said.append(about[2]))
    with database.writing() as session:
        assert session.execute(text("SHOW lock_timeout")).scalar_one() == "300ms"
    with database.glancing() as connection:
        assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "0"
    assert said.count("SET LOCAL lock_timeout = 300") == 1
