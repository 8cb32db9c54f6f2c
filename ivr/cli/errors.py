"""One message with its remedy for each fault of the input or of the surroundings; a fault of ours keeps its trace."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def explained() -> Iterator[None]:
    """Turn known errors into a :class:`click.ClickException` (exit status 1)."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise
    except Exception as error:
        sentence = sentence_for(error)
        if sentence is None:
            raise
        raise click.ClickException(sentence) from None


def sentence_for(error: Exception) -> str | None:
    """What an error means and how to mend it; None for one that is not known here."""
    for explain in (_settings, _database, _redis, _network, _files):
        if sentence := explain(error):
            return sentence
    return None


def _settings(error: Exception) -> str | None:
    from ivr.config.sections import ConfigurationError

    return str(error) if isinstance(error, ConfigurationError) else None


def _database(error: Exception) -> str | None:
    # A library that is not loaded has raised nothing; loading it here would only take time.
    if "alembic" in sys.modules:
        from alembic.util import CommandError

        if isinstance(error, CommandError):
            return (
                f"The database's schema is not one of this version's ({first_line(error)}): run the version that made "
                "it, or restore a backup."
            )
    if "sqlalchemy" not in sys.modules:
        return None
    from sqlalchemy.exc import SQLAlchemyError

    if "ivr.platform.schema" in sys.modules:
        from ivr.platform.schema import StillMigrating

        if isinstance(error, StillMigrating):
            return str(error)
    if not isinstance(error, SQLAlchemyError):
        return None
    reason = first_line(getattr(error, "orig", None) or error)
    if sentence := _damage(error, reason):
        return sentence
    if re.search(r"no such (table|column)|(relation|column) .* does not exist", reason):
        return f"The database is not migrated ({reason}): run `python -m ivr migrate`."
    return (
        f"The database {_database_address()} cannot be used ({reason}): see that its server runs and that DATABASE_URL "
        "is right."
    )


def _damage(error: Exception, reason: str) -> str | None:
    from ivr.domain.enums import DatabaseFault
    from ivr.platform import database_damage
    from ivr.platform.database_faults import Damaged, fault_of

    if isinstance(error, Damaged):
        return str(error)
    if fault_of(error) != DatabaseFault.DAMAGED:
        return None
    if database_damage.file() is not None:
        return database_damage.sentence(reason)
    return f"The database is damaged ({reason}): bring it back with the server's own means, or restore a backup."


def _database_address() -> str:
    """The database's URL without its password."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    from ivr.config.settings import settings

    try:
        return make_url(settings().database).render_as_string(hide_password=True)
    except ArgumentError:
        return "of DATABASE_URL"


def _redis(error: Exception) -> str | None:
    if "redis" not in sys.modules:
        return None
    from redis.exceptions import RedisError

    if not isinstance(error, RedisError):
        return None
    from ivr.platform import redis_faults

    what, remedy = redis_faults.explain(error)
    return f"Redis {what} ({first_line(error)}). {remedy} `make run` starts one of its own."


def _network(error: Exception) -> str | None:
    if "requests" not in sys.modules:
        return None
    import requests

    if not isinstance(error, requests.RequestException):
        return None
    address = getattr(error.request, "url", None) or "the address"
    return f"{address} cannot be reached ({type(error).__name__}): see that the service runs and the network allows it."


def _files(error: Exception) -> str | None:
    if isinstance(error, UnicodeDecodeError):
        return f"The file is not text in UTF-8 ({error.reason}): name another file."
    if not isinstance(error, OSError):
        return None
    name = f"{error.filename}: " if error.filename else ""
    return f"{name}{error.strerror or error}. Name a place that exists and that you may use."


def first_line(error: BaseException) -> str:
    """The first line of an error's text, without its full stop; the name of its type where it has no text."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")
