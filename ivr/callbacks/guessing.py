"""Counts wrong codes, so that nobody finds one by trying, and nobody is refused for what a stranger has tried.

The first code of a call is always looked up, so a right one counts at once, whatever others do. After it a call has as
many wrong ones as `code_tries` says. It has one alone where its number has had too many within the hour, or where all
callers with a withheld number, or all together, have had more than they need; the house is told of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, select
from sqlalchemy.orm import Session

from ivr.callbacks import house_alarms
from ivr.calls.caller_language import number_hash, number_hashes
from ivr.config.settings import settings
from ivr.domain.enums import AlertEvent
from ivr.models.calls import CodeTry
from ivr.platform import counted_once
from ivr.platform.clock_watch import DIFFERENCE

#: The period over which wrong codes are counted.
WINDOW = timedelta(hours=1)
_TRY = "code try"


@dataclass(frozen=True)
class Guesser:
    """Who keys a code in: the number of their telephone (None where it is withheld), and the call."""

    number: str | None
    call_sid: str
    #: Identifies the carrier's request, which may be delivered again; empty where it is not.
    request: str = ""


@dataclass(frozen=True)
class _Counted:
    by_all: int
    withheld: int
    by_number: int
    in_call: int


def may_try(session: Session, who: Guesser, now: datetime) -> bool:
    """Whether a code is looked up."""
    if was_counted(session, who):
        return True  # the answer is the same as before
    counted = _counted(session, who, now, of_member=False)
    return counted.in_call < (1 if _used_up(counted, who) else settings().code_tries)


def _used_up(counted: _Counted, who: Guesser) -> bool:
    configured = settings()
    if counted.by_all >= configured.code_tries_overall:
        return True
    if who.number is None:
        return counted.withheld >= configured.code_tries_withheld
    return counted.by_number >= configured.code_tries


def note(session: Session, who: Guesser, now: datetime, *, of_member: bool = False) -> None:
    """Count a wrong receipt code, or a wrong PIN of a member (which is not refused by this, but told).

    A request that the carrier delivers again counts once.
    """
    if not counted_once.count(session, _TRY, who.request, now):
        return
    call_hash = number_hash(who.call_sid)
    session.add(CodeTry(number_hash=number_hash(who.number), call_hash=call_hash, of_member=of_member, tried_at=now))
    session.flush()
    counted, configured = _counted(session, who, now, of_member=of_member), settings()
    many_withheld = who.number is None and counted.withheld >= configured.code_tries_withheld
    if many_withheld or counted.by_all >= configured.code_tries_overall:
        house_alarms.note(session, AlertEvent.GUESSING, now)


def was_counted(session: Session, who: Guesser) -> bool:
    """Whether the code or PIN of the same request was looked up before, and was wrong."""
    return counted_once.is_counted(session, _TRY, who.request)


def _counted(session: Session, who: Guesser, now: datetime, *, of_member: bool) -> _Counted:
    theirs = case((CodeTry.number_hash.in_(number_hashes(who.number)), 1))
    withheld = case((CodeTry.number_hash.in_(number_hashes(None)), 1))
    in_call = case((CodeTry.call_hash.in_(number_hashes(who.call_sid)), 1))
    query = select(func.count(), func.count(withheld), func.count(theirs), func.count(in_call))
    lately = query.where(
        CodeTry.tried_at > now - WINDOW, CodeTry.tried_at <= now + DIFFERENCE, CodeTry.of_member.is_(of_member)
    )
    return _Counted(*session.execute(lately).one())


def forget(session: Session, now: datetime) -> None:
    """Delete tries that are too old to count."""
    session.execute(delete(CodeTry).where(CodeTry.tried_at <= now - WINDOW))
