"""Tells the house what is about no task, such as a guesser of codes, a cap, or a clock that leapt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from ivr.callbacks import alert_texts, immediate_alerts
from ivr.config.settings import settings
from ivr.domain.enums import AlertEvent
from ivr.models.alerts import HouseAlarm
from ivr.platform.clock_watch import DIFFERENCE
from ivr.platform.column_types import insert, rows

#: What lasts is told again after so long.
_TELL_EVERY = {
    AlertEvent.GUESSING: timedelta(hours=1),
    AlertEvent.TEXT_CAP: timedelta(days=1),
    AlertEvent.CLOCK: timedelta(hours=4),
    AlertEvent.CALL_CAP: timedelta(days=1),
    AlertEvent.CAP_NEAR: timedelta(days=1),
    AlertEvent.SYNTHETIC_CALL: timedelta(hours=1),
    AlertEvent.CALL_WITHOUT_ID: timedelta(hours=1),
}
#: What has not happened for so long is over, and is forgotten.
_OVER, _KEPT = timedelta(days=1), timedelta(days=30)


def note(session: Session, event: AlertEvent, now: datetime, cap: str = "") -> None:
    """Note that it happens. Every subscription is told at once, and again only after a while.

    `cap` is the name of the cap that it is about; each is told by itself.
    """
    new = insert(session.get_bind().dialect, HouseAlarm)
    new = new.values(
        event=event, cap=cap, count=0, since_at=now, last_at=now, alerted_at=datetime.min.replace(tzinfo=now.tzinfo)
    )
    session.execute(new.on_conflict_do_nothing())
    row = session.get_one(HouseAlarm, (event, cap), populate_existing=True, with_for_update=True)
    if row.last_at < now - _OVER:
        row.count, row.since_at = 0, now
    row.count, row.last_at = row.count + 1, now
    session.flush()
    due = update(HouseAlarm).where(HouseAlarm.event == event, HouseAlarm.cap == cap)
    ahead = HouseAlarm.alerted_at > now + DIFFERENCE  # told by a clock that was ahead
    due = due.where(or_(HouseAlarm.alerted_at <= now - _TELL_EVERY[event], ahead))
    if rows(session.execute(due.values(alerted_at=now).execution_options(synchronize_session=False))):
        wording = partial(alert_texts.house_alarm, event=event, cap=cap, settings=settings())
        immediate_alerts.queue(session, event, wording, now)


def shown(session: Session, now: datetime) -> Sequence[HouseAlarm]:
    """What has happened within a day, the latest first."""
    query = select(HouseAlarm).where(HouseAlarm.last_at > now - _OVER)
    return session.scalars(query.order_by(HouseAlarm.last_at.desc())).all()


def forget(session: Session, now: datetime) -> None:
    """Delete what is long over."""
    session.execute(delete(HouseAlarm).where(HouseAlarm.last_at < now - _KEPT))
