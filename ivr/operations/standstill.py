"""Does something while no process of the hotline runs, on this host or on another one of the same database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from redis.exceptions import RedisError
from sqlalchemy import Connection, inspect, text

from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now
from ivr.platform import database, heartbeat, job_queue, running
from ivr.platform.work_models import Checkpoint

#: Sessions of other processes, and the hosts that they come from. PostgreSQL ends them with their process.
_SESSIONS = text(
    "SELECT DISTINCT application_name, COALESCE(host(client_addr), '') FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE :start ORDER BY 1, 2"
)
_THIS_HOST = ("", "127.0.0.1", "::1")


class Running(Exception):
    """Processes run. Its text names them."""


@contextmanager
def none_runs() -> Iterator[None]:
    """Go on only if no process of the hotline runs. Those of this host that are started meanwhile wait.

    Raises:
        Running: some do.
    """
    with ExitStack() as stack:
        found = running.keep_from_beginning(stack)
        if database.engine().dialect.name != "sqlite":
            with database.glancing() as connection:
                found += _of_other_hosts(connection, found)
        if found:
            raise Running(", ".join(found))
        yield


def _of_other_hosts(connection: Connection, here: list[str]) -> list[str]:
    found = list(_behind_a_pooler(connection) if settings().database_pooler else _by_sessions(connection, here))
    if not any(name.startswith("worker") for name in (*here, *found)):
        with suppress(RedisError):
            found += ["worker"] * any(job_queue.workers_alive(job_queue.impatient()).values())
    return found


def _by_sessions(connection: Connection, here: list[str]) -> Iterator[str]:
    for session, address in connection.execute(_SESSIONS, {"start": f"{running.SESSION}%"}):
        name = session.removeprefix(running.SESSION)
        if name in running.NAMES and not (name in here and address in _THIS_HOST):
            yield f"{name} at {address or 'this host'}"


def _behind_a_pooler(connection: Connection) -> Iterator[str]:
    """The pooler keeps sessions whose processes have ended. The clock's sign of life is in the database."""
    if inspect(connection).has_table(Checkpoint.__tablename__):
        silent = heartbeat.silent_for(connection, utc_now())
        if silent is not None and silent < heartbeat.SILENCE:
            yield f"clock (its last sign of life is {silent:.0f} seconds old)"
