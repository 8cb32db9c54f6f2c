"""Synthetic calls: the hotline calls its own number and presses its way to a receipt code.

    with database.writing() as session:
        made = synthetic_calls.plan(session, now)      # None: it is not due, or another host makes it
    code = synthetic_calls.code_of(made)               # the call that comes in has to key it in
    synthetic_calls.claim(session, code, call_sid, now)

A call is ours only if it keys in a code that needs the secret key to be known, that counts once and for two minutes.
So nobody else can make a call that is not counted, whatever number it shows.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.models.synthetic_calls import SyntheticCall
from ivr.platform import clock_watch
from ivr.platform.column_types import insert, rows
from ivr.platform.crypto import Purpose
from ivr.platform.keyed_hash import keyed_hashes
from ivr.platform.work_models import Checkpoint

#: Checkpoints: when one was made last, and when one had a receipt code.
MADE, SUCCEEDED = "synthetic_call_made", "synthetic_call_succeeded"
#: Digits of a code.
CODE_LENGTH = 12
#: For how long a call may take to come in, how long it may last, and for how long rows are kept.
_COMES_WITHIN, LONGEST, _KEPT = timedelta(minutes=2), timedelta(minutes=5), timedelta(days=30)


@dataclass(frozen=True)
class Progress:
    """How far a synthetic call has come."""

    placed_at: datetime
    call_sid: str | None
    step: str
    turns: int
    receipt_at: datetime | None


def plan(session: Session, now: datetime) -> int | None:
    """Take a synthetic call upon this process. Its id; None where none is due, or another process makes it."""
    every = timedelta(minutes=settings().synthetic_call_minutes)
    if not every:
        return None
    new = insert(session.get_bind().dialect, Checkpoint).values(name=MADE, at=now)
    due = or_(Checkpoint.at <= now - every, Checkpoint.at > now + clock_watch.DIFFERENCE)  # a clock was ahead
    taken = new.on_conflict_do_update(index_elements=[Checkpoint.name], set_={"at": now}, where=due)
    if session.scalar(taken.returning(Checkpoint.at)) is None:
        return None
    session.execute(delete(SyntheticCall).where(SyntheticCall.placed_at < now - _KEPT))
    row = SyntheticCall(placed_at=now)
    session.add(row)
    session.flush()
    return row.id


def code_of(synthetic_id: int) -> str:
    """The digits by which a synthetic call shows that it is ours."""
    return _codes(synthetic_id)[0]


def _codes(synthetic_id: int) -> list[str]:
    hashes = keyed_hashes(Purpose.SYNTHETIC_CALLS, str(synthetic_id))
    return [f"{int(found, 16) % 10**CODE_LENGTH:0{CODE_LENGTH}}" for found in hashes]


def is_expected(session: Session, now: datetime) -> bool:
    """Whether a synthetic call was placed that has not come in yet."""
    return session.scalar(select(_expected(now).limit(1).exists())) or False


def _expected(now: datetime) -> Select[int]:
    open_ = select(SyntheticCall.id).where(SyntheticCall.call_sid.is_(None))
    return open_.where(SyntheticCall.placed_at > now - _COMES_WITHIN)


def claim(session: Session, keyed_in: str, call_sid: str, now: datetime) -> bool:
    """Whether a call that has come in is the one that was placed: by its code, which counts once."""
    for synthetic_id in session.scalars(_expected(now)).all():
        if any(hmac.compare_digest(code, keyed_in) for code in _codes(synthetic_id)):
            open_ = (SyntheticCall.id == synthetic_id, SyntheticCall.call_sid.is_(None))
            return bool(rows(session.execute(update(SyntheticCall).where(*open_).values(call_sid=call_sid))))
    return False


def is_one(session: Session, call_sid: str) -> bool:
    """Whether a call of the carrier's id has shown to be a synthetic one."""
    return session.scalar(select(SyntheticCall.id).where(SyntheticCall.call_sid == call_sid)) is not None


def went_on(session: Session, call_sid: str, step: str, receipt_at: datetime | None) -> None:
    """Note which step is asked now, and when a receipt code was told."""
    noted = update(SyntheticCall).where(SyntheticCall.call_sid == call_sid)
    told = {"receipt_at": receipt_at} if receipt_at else {}
    session.execute(noted.values(step=step, turns=SyntheticCall.turns + 1, **told))


def progress(session: Session, synthetic_id: int) -> Progress | None:
    """How far a synthetic call has come; None where there is none of the id."""
    row = session.get(SyntheticCall, synthetic_id, populate_existing=True)
    return None if row is None else Progress(row.placed_at, row.call_sid, row.step, row.turns, row.receipt_at)


def succeeded(session: Session, now: datetime) -> None:
    """Note that a synthetic call has had its receipt code."""
    new = insert(session.get_bind().dialect, Checkpoint).values(name=SUCCEEDED, at=now)
    session.execute(new.on_conflict_do_update(index_elements=[Checkpoint.name], set_={"at": now}))


def last_success(session: Session) -> datetime | None:
    """When a synthetic call had its receipt code last; None where none ever has."""
    return session.scalar(select(Checkpoint.at).where(Checkpoint.name == SUCCEEDED))


def last_step(session: Session) -> str:
    """The step to which the latest synthetic call has come; empty where it has not come in."""
    return session.scalar(select(SyntheticCall.step).order_by(SyntheticCall.id.desc()).limit(1)) or ""
