"""Tries each thing that `ivr setup` is told of; a sentence says what is wrong, "" that nothing is."""

from __future__ import annotations

import requests
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from ivr.carrier import account_check
from ivr.config import settings as configuration
from ivr.operations import server_checks

_SECONDS = 5


def database(url: str) -> str:
    """Whether a database answers, and lets this user make tables."""
    address = configuration.load(database_url=url, mode="local").database
    if not address.startswith("postgresql"):
        return ""  # a file that is made when it is needed
    engine = create_engine(
        address, poolclass=NullPool, hide_parameters=True, connect_args={"connect_timeout": _SECONDS}
    )
    try:
        with engine.connect() as connection:
            may = connection.scalar(text("SELECT has_schema_privilege(current_schema(), 'CREATE')"))
    except SQLAlchemyError as error:
        return f"the database does not take us: {str(getattr(error, 'orig', error)).strip().splitlines()[0]}"
    return "" if may else "the database's user may not make tables: GRANT CREATE ON SCHEMA public TO that user"


def redis(url: str) -> str:
    """Whether Redis answers."""
    if not url:
        return ""
    try:
        Redis.from_url(url, socket_connect_timeout=_SECONDS, socket_timeout=_SECONDS).ping()
    except (RedisError, ValueError) as error:
        return f"Redis does not take us: {error}"
    return ""


def storage(_place: str) -> str:
    """Whether the audio store of the settings in use takes, gives and deletes."""
    try:
        return "; ".join(f"the audio store {part.state}. {part.remedy}" for part in server_checks.store())
    except Exception as error:  # whatever an S3 client says of credentials, names and addresses
        return f"the audio store cannot be used: {error}"


def carrier(_token: str) -> str:
    """Whether the carrier accepts the log-in of the settings in use."""
    try:
        return " ".join(str(finding) for finding in account_check.account() if finding.wrong)
    except requests.RequestException as error:
        return f"the carrier cannot be asked ({type(error).__name__}): is there a way to the internet?"
