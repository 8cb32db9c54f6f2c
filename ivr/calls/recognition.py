"""What is known of a number when it calls: the language of its last call, and whether it is blocked.

One statement answers both, because a caller waits for it before the first word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, false, or_, select

from ivr.calls import caller_language
from ivr.config.settings import settings
from ivr.models.calls import KnownCaller
from ivr.models.screening import BlockedNumber
from ivr.platform.column_types import Instant

_KNOWN = Table("known_callers", KnownCaller.metadata)
_BLOCKED = Table("blocked_numbers", BlockedNumber.metadata)

_BLOCK = (
    select(_BLOCKED.c.id)
    .where(
        _BLOCKED.c.number == bindparam("number"),
        _BLOCKED.c.until_at > bindparam("now", type_=Instant()),
        _BLOCKED.c.lifted_at.is_(None),
    )
    .limit(1)
    .scalar_subquery()
)


@lru_cache(maxsize=16)
def _both(keys: int) -> Select[Any]:
    """The statement for a number that can be remembered under so many keys: it is prepared once for each."""
    language = (
        select(_KNOWN.c.language)
        .where(
            or_(false(), *(_KNOWN.c.number_hash == bindparam(f"hash_{key}") for key in range(keys))),
            _KNOWN.c.last_called_at >= bindparam("oldest", type_=Instant()),
        )
        .order_by(_KNOWN.c.last_called_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return select(language, _BLOCK)


@dataclass(frozen=True)
class KnownNumber:
    """`language`: to greet the caller in, if one is remembered. `blocked`: by a supervisor, at present."""

    language: str | None = None
    blocked: bool = False


def look_up(connection: Connection, number: str | None, shown: str | None, now: datetime) -> KnownNumber:
    """What is known of a caller. `number`: in E.164; `shown`: what their telephone shows, though it may be no number.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    days = settings().remember_language_days
    hashes = caller_language.number_hashes(number) if number and days else []
    values: dict[str, Any] = {"oldest": now - timedelta(days=days), "number": shown, "now": now}
    values |= {f"hash_{key}": value for key, value in enumerate(hashes)}
    row: Any = connection.execute(_both(len(hashes)), values).one()
    language, block = row
    if language is not None and language not in settings().enabled_languages:
        language = None
    return KnownNumber(language, block is not None)
