"""Looks at everything that can be wrong besides what `/readyz` lists; no check stops another one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from ivr.domain.parts import Part
from ivr.operations import host_checks, outside_checks, server_checks

_Check = tuple[str, Callable[[], Iterator[Part]]]


def examine(*, outside: bool = True) -> Sequence[Part]:
    """One line or more for each check. `outside`: also ask the carrier, and the public address."""
    checks: Iterable[_Check] = (*host_checks.CHECKS, *server_checks.CHECKS)
    if outside:
        checks = (*checks, *outside_checks.CHECKS)
    return [part for check in checks for part in _looked_at(*check)]


def _looked_at(name: str, check: Callable[[], Iterator[Part]]) -> list[Part]:
    try:
        return list(check()) or [Part(name)]
    except (SQLAlchemyError, RedisError) as error:  # that it does not answer is a line of its own
        what = "Redis" if isinstance(error, RedisError) else "the database"
        return [Part(name, f"not known without {what}", is_a_note=True)]
    except Exception as error:
        return [Part(name, f"could not be looked at ({type(error).__name__}: {error})", "See the log.")]
