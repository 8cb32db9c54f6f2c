"""Opening hours of single days, which supervisors enter, replace and take back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.enums import NoticeProblem
from ivr.domain.opening_hours import Hours, Span
from ivr.models.accounts import User
from ivr.models.notices import SpecialDay
from ivr.notices import present
from ivr.notices.unusable import Unusable

#: Days may be entered so far ahead.
_MOST_DAYS_AHEAD = 400


def check(day: date, span: Span | None, now: datetime) -> None:
    """Whether opening hours of a day can be entered.

    Raises:
        Unusable: `past`, `far`, `order` (it closes before it opens), or `same` (they are those of the day already).
    """
    today = local_day(now)
    if day < today:
        raise Unusable(NoticeProblem.PAST)
    if (day - today).days > _MOST_DAYS_AHEAD:
        raise Unusable(NoticeProblem.FAR)
    if span is not None and span.closes is not None and span.closes <= span.opens:
        raise Unusable(NoticeProblem.ORDER)


def local_day(at: datetime) -> date:
    """The local day of an instant."""
    return at.astimezone(settings().hours.zone).date()


def hours_in(session: Session) -> Hours:
    """The opening hours as the database has them now, whatever is cached."""
    session.flush()
    return settings().hours.model_copy(update={"days": {**settings().hours.days, **present.special_days(session)}})


def add(session: Session, day: date, span: Span | None, reason: str, by: User | None, now: datetime) -> SpecialDay:
    """Enter the opening hours of a day (None: closed). They replace what the day had before.

    Raises:
        Unusable: see :func:`check`.
    """
    check(day, span, now)
    if opening_hours.span_on(hours_in(session), day) == span:
        raise Unusable(NoticeProblem.SAME)
    entered = SpecialDay(
        day=day, opens=span.opens if span else None, closes=span.closes if span else None,
        reason=reason.strip()[:300], added_at=now, added_by_id=by.id if by else None,
    )  # fmt: skip
    session.add(entered)
    session.flush()
    present.forget_after(session)
    return entered


def undo(session: Session, day_id: int, by: User | None, now: datetime) -> SpecialDay:
    """Take an entry back: what the day had before counts again.

    Raises:
        Unusable: `gone` (it does not count any more), or `past`: the day is over, and figures have counted it.
    """
    entered = session.get(SpecialDay, day_id)
    if entered is None or entered.undone_at is not None or newest(session, entered.day) is not entered:
        raise Unusable(NoticeProblem.GONE)
    if entered.day < local_day(now):
        raise Unusable(NoticeProblem.PAST)
    entered.undone_at, entered.undone_by_id = now, by.id if by else None
    session.flush()
    present.forget_after(session)
    return entered


def newest(session: Session, day: date) -> SpecialDay | None:
    """The entry of a day that counts."""
    found = select(SpecialDay).where(SpecialDay.day == day, SpecialDay.undone_at.is_(None))
    return session.scalar(found.order_by(SpecialDay.id.desc()).limit(1))


def coming(session: Session, now: datetime) -> Sequence[SpecialDay]:
    """The entries that count, from today on, in the order of their days."""
    rows = select(SpecialDay).where(SpecialDay.undone_at.is_(None), SpecialDay.day >= local_day(now))
    by_day = {one.day: one for one in session.scalars(rows.order_by(SpecialDay.day, SpecialDay.id))}
    return tuple(by_day.values())


def history(session: Session) -> Sequence[SpecialDay]:
    """All entries, the latest first, a hundred at most; they are the log."""
    return session.scalars(select(SpecialDay).order_by(SpecialDay.id.desc()).limit(100)).all()
