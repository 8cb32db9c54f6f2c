"""Calls (Anrufe): what is known of each, from its first ring to its last event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from operator import attrgetter, itemgetter
from typing import Any

from sqlalchemy import (
    Case,
    Connection,
    Dialect,
    Insert,
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from ivr.calls import erased_ids
from ivr.domain.carrier_ids import UNKNOWN_TO_THE_CARRIER
from ivr.domain.enums import CallEnding, CallRowState, Concern, MessageState, TaskState
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import QueueEntry
from ivr.platform import found_rows, monitoring
from ivr.platform.column_types import insert

_CALLS = Table("calls", Call.metadata)
_MESSAGES = Table("voicebox_messages", Call.metadata)
_ENTRIES = Table("line_entries", QueueEntry.metadata)
_TASKS = Table("callback_tasks", CallbackTask.metadata)
#: Seconds after which nobody hears the last words of a call any more. One prompt lasts 20 s, and an ending has three.
_LAST_WORDS = timedelta(minutes=2)
#: Only calls are looked through that began since: there is an index of that, and none of the beginning of an id.
_LOOKED_BACK = timedelta(days=7)
#: What the begin of one call may differ by, as the carrier tells it and as it was noted here.
_NEAR = timedelta(seconds=10)


def seen(session: Session, call_sid: str, from_number: str | None, now: datetime) -> Call:
    """The call of a carrier's id, which is stored when it is seen for the first time.

    Any event may be the first one to arrive, and two may arrive at once: the id is unique.
    """
    known = select(Call).where(Call.call_sid == call_sid).with_for_update()
    if call := found_rows.find(session, _key(call_sid), lambda: session.scalar(known)):
        call.from_number = call.from_number or from_number
        return call
    if erased_ids.was_deleted(session, call_sid):
        from_number = None  # erased: a late event stores no more than that there was a call
    first = {"call_sid": call_sid, "from_number": from_number, "started_at": now, "answers": 0}
    new = insert(session.get_bind().dialect, Call).values(**first, state=CallRowState.IN_PROGRESS, shown_as="")
    call = session.scalar(new.on_conflict_do_nothing().returning(Call)) or session.scalars(known).one()
    found_rows.put(session, _key(call_sid), call)
    return call


def _key(call_sid: str) -> tuple[str, str]:
    return "call", call_sid


@dataclass(frozen=True)
class Progress:
    """How far a call has come, after how many answers of its caller. `ending` is empty while it goes on."""

    call_sid: str
    from_number: str | None
    began_at: datetime
    step: str
    language: str
    concern: str | None
    ending: str
    shown_as: str = ""
    answers: int = 0


def went_on(connection: Connection, rows: Sequence[Progress]) -> None:
    """Note how far calls have come, and the calls themselves where they are not stored yet.

    A concern and an ending once noted stay until there is another. Several processes note the steps of one call, and
    any of them may be late: what was known after fewer answers than the row has does not replace anything.
    """
    values = [
        {
            "call_sid": row.call_sid,
            "from_number": row.from_number,
            "shown_as": row.shown_as,
            "started_at": row.began_at,
            "state": CallRowState.IN_PROGRESS,
            "step": row.step,
            "language": row.language,
            "concern": row.concern or None,
            "ending": row.ending or None,
            "answers": row.answers,
            "concern_answers": row.answers if row.concern else 0,
        }
        for row in sorted(rows, key=attrgetter("call_sid"))
    ]
    connection.execute(_progress(connection.dialect), values)


@lru_cache(maxsize=4)
def _progress(dialect: Dialect) -> Insert:
    """The statement that notes a call's progress. Building it takes longer than writing fifty rows with it."""
    new = insert(dialect, _CALLS)
    goes_on = new.excluded.answers >= _CALLS.c.answers

    no_other = new.excluded.concern.is_(None)
    other = or_(_CALLS.c.concern.is_(None), new.excluded.answers >= _CALLS.c.concern_answers)

    def latest(name: str) -> Case[Any]:
        noted, stored = new.excluded[name], _CALLS.c[name]
        return case((goes_on, func.coalesce(noted, stored)), else_=func.coalesce(stored, noted))

    def of_concern(name: str) -> Case[Any]:
        return case((no_other, _CALLS.c[name]), (other, new.excluded[name]), else_=_CALLS.c[name])

    changed = {
        # The end of a call may have been written first.
        "shown_as": case((_CALLS.c.shown_as == "", new.excluded.shown_as), else_=_CALLS.c.shown_as),
        **{name: latest(name) for name in ("step", "language", "ending")},
        **{name: of_concern(name) for name in ("concern", "concern_answers")},
        "answers": case((goes_on, new.excluded.answers), else_=_CALLS.c.answers),
    }
    return new.on_conflict_do_update(index_elements=["call_sid"], set_=changed)


def progressed(call: Call, step: str, language: str, concern: str | None, ending: str = "", answers: int = 0) -> None:
    """Note how far a call has come, unless it is known to have come further: after more than so many answers."""
    if concern and (call.concern is None or answers >= call.concern_answers):
        call.concern, call.concern_answers = Concern(concern), answers
    if answers < call.answers:
        return
    call.answers = answers
    call.step = step
    call.language = language
    call.ending = CallEnding(ending) if ending else call.ending


def asked(connection: Connection, rows: Sequence[tuple[str, datetime]]) -> None:
    """Note when the carrier has asked last what calls hear next; each row has a call's id and an instant."""
    latest = sorted(dict(sorted(rows, key=itemgetter(1))).items())
    noted = update(_CALLS).where(_CALLS.c.call_sid == bindparam("asked_for"))
    connection.execute(
        noted.values(last_request_at=bindparam("asked_at", type_=_CALLS.c.last_request_at.type)),
        [{"asked_for": call_sid, "asked_at": at} for call_sid, at in latest],
    )


def silent(session: Session, now: datetime, longest: timedelta) -> Sequence[str]:
    """The ids of open calls that the carrier cannot be asked of, and has not asked anything for, for so long.

    Who has heard the last words of an ending is gone after :data:`_LAST_WORDS`.
    """
    last = func.coalesce(Call.last_request_at, Call.started_at)
    unknown = or_(*(Call.call_sid.startswith(begin) for begin in UNKNOWN_TO_THE_CARRIER))
    over = or_(last < now - longest, and_(Call.ending.is_not(None), last < now - _LAST_WORDS))
    recent = Call.started_at > now - _LOOKED_BACK
    return session.scalars(select(Call.call_sid).where(recent, Call.state != CallRowState.ENDED, unknown, over)).all()


def has_another_id(session: Session, number: str | None, began_at: datetime) -> bool:
    """Whether a call that the carrier tells of is one whose id it does not know: of the same number, and moment."""
    unknown = or_(*(Call.call_sid.startswith(begin) for begin in UNKNOWN_TO_THE_CARRIER))
    near = Call.started_at.between(began_at - _NEAR, began_at + _NEAR)
    return (
        session.scalar(select(Call.id).where(unknown, near, Call.from_number.is_not_distinct_from(number)).limit(1))
        is not None
    )


def ended(
    connection: Connection, call_sid: str, from_number: str | None, now: datetime, *, known_only: bool = False
) -> bool:
    """End a call. Its first end stays; a call that has reached none of the script's endings was hung up.

    `known_only`: a call that is not stored yet is not stored now.

    True if a recording was made, or may have been, if the caller was in a call queue, or if the call has opened a task
    that is not confirmed: then more is to be done.
    """
    closing = {
        "state": CallRowState.ENDED,
        "ended_at": now,
        "ending": func.coalesce(_CALLS.c.ending, CallEnding.HUNG_UP.value),
    }
    still = (_CALLS.c.call_sid == call_sid, _CALLS.c.state != CallRowState.ENDED)
    closed = connection.execute(update(_CALLS).where(*still).values(closing).returning(_CALLS.c.ending)).scalar()
    if closed is not None:
        monitoring.count("calls_ended", 1, closed)
    elif not known_only:
        alone = {
            "call_sid": call_sid,
            "from_number": from_number,
            "started_at": now,
            **closing,
            "ending": CallEnding.HUNG_UP,
        }
        new = insert(connection.dialect, _CALLS).values(alone)
        connection.execute(new.on_conflict_do_update(index_elements=["call_sid"], set_=closing, where=still[1]))
    return bool(connection.scalar(_more_to_be_done(), {"ended": call_sid}))


@cache
def _more_to_be_done() -> Select[bool]:
    """Whether the end of the call `ended` has consequences. Built once: that takes longer than to execute it."""
    theirs = _CALLS.c.call_sid == bindparam("ended")
    expected = select(_MESSAGES.c.id).join(_CALLS).where(theirs, _MESSAGES.c.state == MessageState.EXPECTED)
    waited = select(_ENTRIES.c.id).join(_CALLS).where(theirs)
    reported = select(_TASKS.c.id).join(_CALLS)
    reported = reported.where(theirs, _TASKS.c.unconfirmed.is_(True), _TASKS.c.state != TaskState.CLOSED)
    return select(or_(expected.exists(), waited.exists(), reported.exists()))


def is_over(session: Session, call: Call) -> bool:
    """Whether a call has ended, as the database knows it now: another process may have just been told."""
    session.flush()
    return session.scalar(select(Call.state).where(Call.id == call.id)) == CallRowState.ENDED


def read_again(session: Session, call_sid: str) -> None:
    """What is remembered of a call is read again: it was changed past the session."""
    found_rows.expire(session, _key(call_sid))
