"""Whether the database has the tables of this version; and the lock under which one process at a time changes them.

A process that finds an older schema waits until somebody has migrated it. A newer schema is taken: while hosts are
updated one after the other, the first one has migrated.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from ivr.domain.enums import DatabaseFault
from ivr.platform import database, one_at_a_time
from ivr.platform.database_faults import fault_of

log = logging.getLogger(__name__)

#: Number of PostgreSQL's advisory lock for migrations.
_LOCK = 4211782667
#: Seconds between two lines of the log that say what is waited for.
_TOLD_EVERY = 30.0
#: Seconds between two tries to change tables that somebody else holds.
_PAUSE = 0.5


class StillMigrating(Exception):
    """Another process has not finished migrating the database, or holds a table that is to be changed."""


def alembic_config() -> Config:
    """Alembic's configuration. It needs no file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    return config


@lru_cache(maxsize=1)
def _known() -> tuple[str, frozenset[str]]:
    scripts = ScriptDirectory.from_config(alembic_config())
    return scripts.get_current_head() or "", frozenset(one.revision for one in scripts.walk_revisions())


def known_revisions() -> frozenset[str]:
    """The revisions of the schema that this version knows: its own, and those before."""
    return _known()[1]


def behind() -> str | None:
    """The version of a schema that is older than this version's ("none" where there is none); None if it is not older.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    newest, known = _known()
    with database.engine().connect() as connection:
        if not connection.dialect.has_table(connection, "alembic_version"):
            return "none"
        present = connection.scalar(text("SELECT version_num FROM alembic_version")) or "none"
    return present if present != newest and (present in known or present == "none") else None


def await_current(stopped: Callable[[], bool] = lambda: False) -> None:
    """Wait until the schema is not older than this version; meanwhile the log says what to do.

    A database that does not answer is waited for by whoever asks it, not here.
    """
    told = 0.0
    while not stopped():
        try:
            version = behind()
        except SQLAlchemyError:
            return
        if version is None:
            return
        if time.monotonic() - told > _TOLD_EVERY or not told:
            told = time.monotonic()
            log.warning(
                "The database is not migrated (its schema is %s, this version needs %s): waiting. "
                "Run `python -m ivr migrate` if nobody does.",
                version, _known()[0],
            )  # fmt: skip
        time.sleep(1.0)


@contextmanager
def changing(patience: float = one_at_a_time.PATIENCE) -> Iterator[None]:
    """Hold the lock under which the schema is changed; wait for whoever holds it.

    Raises:
        StillMigrating: another process has held it all the time.
    """
    with ExitStack() as held:
        try:
            held.enter_context(one_at_a_time.alone("migrating", _LOCK, patience))
        except one_at_a_time.TooLong as waited:
            raise StillMigrating(
                f"Another process has been migrating the database for {waited} seconds: see what it does, "
                "then run `python -m ivr migrate` again."
            ) from None
        yield


def upgrade(revision: str = "head", patience: float = one_at_a_time.PATIENCE) -> None:
    """Bring the schema to a revision. Whoever holds a table, such as a backup, is waited for.

    Everybody else waits behind who waits to change a table: so a try gives up soon (`migrations/env.py`), undoes what
    it has changed and lets the others go on before the next one.

    Raises:
        StillMigrating: somebody has held a table all the time.
    """
    from alembic import command  # only who migrates needs it

    until, told = time.monotonic() + patience, False
    while True:
        try:
            command.upgrade(alembic_config(), revision)
            return
        except SQLAlchemyError as error:
            if fault_of(error) != DatabaseFault.BUSY:
                raise
            reason = str(getattr(error, "orig", error)).splitlines()[0]
        if time.monotonic() > until:
            raise StillMigrating(
                f"Somebody holds what is to be changed in the database ({reason}): see who uses it, such as a backup, "
                "then run `python -m ivr migrate` again."
            )
        if not told:
            told = True
            log.warning("Somebody holds what is to be changed in the database (%s): waiting.", reason)
        time.sleep(_PAUSE)
