"""Tells the house of caps that no call or text of now has reached: they were lowered below what was used already.

Whoever adds a call or a text tells of the cap that it reaches. Below a lowered cap nothing is added any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ivr.callbacks import caps, house_alarms
from ivr.domain.enums import AlertEvent, Cap
from ivr.domain.timestamps import utc_now
from ivr.models.alerts import HouseAlarm
from ivr.platform import database

_OF_TEXTS = (Cap.TEXTS_AN_HOUR, Cap.TEXTS_A_DAY, Cap.TEXTS_BY_COUNTRY)
#: What was told less long ago is known.
_KNOWN = timedelta(days=1)


def tell_reached() -> None:
    """Tell of each cap of the house or of a country that is reached and of which nothing was told within a day."""
    now = utc_now()
    with database.reading() as session:
        untold = list(_untold(session, now))
    if untold:
        with database.writing() as session:
            for event, name in untold:
                house_alarms.note(session, event, now, name)


def _untold(session: Session, now: datetime) -> Iterator[tuple[AlertEvent, str]]:
    for use in caps.everywhere(session, now):
        if not use.is_reached or not use.used:  # nobody expects calls or texts where none is allowed
            continue
        event = AlertEvent.TEXT_CAP if use.cap in _OF_TEXTS else AlertEvent.CALL_CAP
        known = session.get(HouseAlarm, (event, use.name))
        if known is None or abs(now - known.last_at) > _KNOWN:
            yield event, use.name
