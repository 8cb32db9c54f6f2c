"""Unwanted calls: one number that rings without end, robots, and numbers a supervisor has blocked.

A machine holds a number off for minutes only; who is held off or blocked can still report an emergency. However often
a number rings, it takes one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, delete, select
from sqlalchemy.orm import Session

from ivr.calls import call_counters, caller_language, known_numbers
from ivr.calls.call_counters import Limit
from ivr.config.settings import settings
from ivr.models.accounts import User
from ivr.models.screening import BlockedNumber, FrequentCaller
from ivr.platform.column_types import insert

#: How long a number that rang very often is shown to supervisors.
_SHOWN = timedelta(days=7)
#: Stands for all numbers that are withheld.
WITHHELD = "withheld"
_FREQUENT = Table("frequent_callers", FrequentCaller.metadata)


def was_counted(call_sid: str) -> bool:
    """Whether this process has counted a call: the carrier delivers its first request again."""
    return call_counters.was_counted(call_sid)


def too_often(number: str | None, call_sid: str = "") -> bool:
    """Count a call; whether its number has rung more often within a minute than anybody needs to.

    Who does so is asked to wait for `hold_off_minutes`, counted from the first call too many. Withheld numbers (None)
    cannot be told apart and are never held off: they are counted together, so that very many of them leave no traces
    but what they ask for. Without Redis each process counts by itself. A call counts once, however often the carrier
    delivers its first request; one without an id counts each time.
    """
    if number is None:
        return call_counters.count(WITHHELD, Limit(settings().withheld_calls_a_minute), call_sid)
    limit = Limit(settings().calls_a_minute, settings().hold_off_minutes * 60)
    return call_counters.count(_key(number), limit, call_sid)


def is_held_off(number: str | None) -> bool:
    """Whether a number is asked to wait at present (withheld: whether very many ring); counts nothing."""
    if number is None:
        return call_counters.calls_of(WITHHELD) > settings().withheld_calls_a_minute
    return call_counters.is_held_off(_key(number))


def _key(number: str) -> str:
    return caller_language.number_hash(number)[:24]


def note(connection: Connection, number: str, now: datetime) -> None:
    """Write down that a number was asked to wait."""
    new = insert(connection.dialect, _FREQUENT).values(number=number, calls=1, first_at=now, last_at=now)
    again = {"calls": _FREQUENT.c.calls + 1, "last_at": now}
    connection.execute(new.on_conflict_do_update(index_elements=[_FREQUENT.c.number], set_=again))


def is_of_a_flood(session: Session, number: str | None, began_at: datetime | None) -> bool:
    """Whether a call came when its number rang without end, so that nothing was written down of it."""
    flood = session.get(FrequentCaller, number or WITHHELD)
    minute = timedelta(minutes=1)
    return flood is not None and (began_at is None or flood.first_at - minute <= began_at <= flood.last_at + minute)


def frequent(session: Session) -> Sequence[FrequentCaller]:
    """Numbers that were asked to wait lately, the latest first."""
    return session.scalars(select(FrequentCaller).order_by(FrequentCaller.last_at.desc()).limit(100)).all()


def forget(session: Session, now: datetime) -> None:
    """Delete numbers that have been quiet for days, and blocks that are long over."""
    session.execute(delete(FrequentCaller).where(FrequentCaller.last_at < now - _SHOWN))


#: Nobody is blocked for longer without being looked at again.
LONGEST_BLOCK_DAYS = 365


def block(session: Session, number: str, days: int, reason: str, by: User, now: datetime) -> BlockedNumber:
    """Block a number for a stated time (days) and reason.

    Raises:
        ValueError: without a reason, or for more than a year.
    """
    if not reason.strip() or not 1 <= days <= LONGEST_BLOCK_DAYS:
        raise ValueError("a block needs a reason and an end")
    blocked = BlockedNumber(
        number=number, reason=reason.strip()[:500], blocked_at=now, until_at=now + timedelta(days=days),
        blocked_by_id=by.id,
    )  # fmt: skip
    session.add(blocked)
    known_numbers.read_again_after(session)
    return blocked


def lift(session: Session, block_id: int, by: User, now: datetime) -> None:
    """Take a block back."""
    blocked = session.get(BlockedNumber, block_id)
    if blocked is not None and blocked.lifted_at is None:
        blocked.lifted_at, blocked.lifted_by_id = now, by.id
        known_numbers.read_again_after(session)


def blocks(session: Session) -> Sequence[BlockedNumber]:
    """All blocks, the latest first; they are the log."""
    return session.scalars(select(BlockedNumber).order_by(BlockedNumber.blocked_at.desc()).limit(200)).all()


def is_blocked(session: Session, number: str | None, now: datetime) -> bool:
    """Whether a number is blocked now."""
    if number is None:
        return False
    current = select(BlockedNumber.id).where(
        BlockedNumber.number == number, BlockedNumber.until_at > now, BlockedNumber.lifted_at.is_(None)
    )
    return session.scalar(current.limit(1)) is not None
