"""The statements and conditions by which rows of the outbox are leased, see :mod:`ivr.platform.outbox`.

Statements are built once, because that takes longer than to execute them. :func:`instants` fills them in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, String, and_, bindparam, case, or_, update
from sqlalchemy.sql.dml import ReturningUpdate

from ivr.platform.column_types import Instant
from ivr.platform.work_models import Work

#: Stands for the id of the row that a worker was asked to run.
ASKED_FOR = bindparam("asked_for", type_=Integer())
_AT = bindparam("at", type_=Instant())
#: No row is delayed for so long, and none is leased for three leases. The system clock was wrong then.
_LONGEST_PAUSE = timedelta(hours=2)
_LEASES = 3


@lru_cache(maxsize=4)
def claiming(tries: int) -> ReturningUpdate[Work]:
    """Lease the row `wanted` to the worker `by`. There are so many `tries` with a pause of their own."""
    return _leasing(Work.id == bindparam("wanted", type_=BigInteger()), tries)


@lru_cache(maxsize=16)
def claiming_first(waiting: Select[int], tries: int) -> ReturningUpdate[Work]:
    """Lease the first of the rows that `waiting` selects to the worker `by`."""
    first = waiting.limit(1).with_for_update(of=Work, skip_locked=True).correlate(None)
    return _leasing(Work.id == first.scalar_subquery(), tries)


def _leasing(which: ColumnElement[bool], tries: int) -> ReturningUpdate[Work]:
    # If this worker dies, the next attempt is delayed as after any other failure.
    pauses = {attempts: bindparam(f"after_{attempts}", type_=Instant()) for attempts in range(tries)}
    leased = {
        "leased_until": bindparam("until", type_=Instant()),
        "leased_by": bindparam("by", type_=String()),
        "attempts": Work.attempts + 1,
        "run_after": case(pauses, value=Work.attempts, else_=pauses[tries - 1]),
    }
    return update(Work).where(which, Work.done_at.is_(None), is_free()).values(leased).returning(Work)


def instants(now: datetime, lease: timedelta, pauses: Sequence[float]) -> Mapping[str, datetime]:
    """The instants in the conditions and values of a lease. `pauses`: seconds after each attempt."""
    after = {f"after_{attempts}": now + timedelta(seconds=pause) for attempts, pause in enumerate(pauses)}
    wrong = {"wrong_lease": now + _LEASES * lease, "wrong_pause": now + _LONGEST_PAUSE}
    return {"at": now, "until": now + lease, **wrong, **after}


def may_be_claimed() -> ColumnElement[bool]:
    """Rows without a lease that have never been attempted, or whose pause is over."""
    return and_(Work.done_at.is_(None), or_(Work.attempts == 0, is_due()), is_free())


def is_free(now: datetime | None = None, lease: timedelta = timedelta(0)) -> ColumnElement[bool]:
    """Rows that nobody has leased. Without an instant :func:`instants` gives it."""
    at, wrong = (now, now + _LEASES * lease) if now else (_AT, bindparam("wrong_lease", type_=Instant()))
    return or_(Work.leased_until.is_(None), Work.leased_until < at, Work.leased_until > wrong)


def is_due(now: datetime | None = None) -> ColumnElement[bool]:
    """Rows whose pause is over. Without an instant :func:`instants` gives it."""
    at, wrong = (now, now + _LONGEST_PAUSE) if now else (_AT, bindparam("wrong_pause", type_=Instant()))
    return or_(Work.run_after <= at, Work.run_after > wrong)
