"""A call to which the carrier has given no id: its caller is served as any other, and the house is told.

What the carrier tells of such a call later cannot be known to be about it: its end, or where its recording is. So its
message has a task from the key or the end of the recording on, as in every call, and people look at the carrier. Its
end is noted when nothing more is asked for it (:func:`ivr.workers.lost_events.end_silent_calls`).
"""

from __future__ import annotations

import logging
import time
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from ivr.callbacks import house_alarms
from ivr.domain.enums import AlertEvent
from ivr.domain.timestamps import utc_now
from ivr.platform import database
from ivr.platform.background_queue import BackgroundQueue
from ivr.telephony.carrier_request import current

log = logging.getLogger(__name__)

#: Seconds by which the pause grows between two tries to tell the house, and the longest pause.
_AGAIN, _LONGEST = 2.0, 60.0


def tell_if_missing() -> None:
    """Tell the house if the present call has no id, behind the answer: its caller does not wait for the database."""
    asked = current()
    if not asked.call_sid or not asked.has_no_id:
        return
    log.error("the carrier has given a call no id (CallSid); it goes on under one of ours")
    try:
        _telling.put(utc_now())
    except RuntimeError:  # no thread can be started: the line above has to do
        log.exception("the house could not be told")


def _tell(first: datetime) -> None:
    """Write down the calls that have come by now; again, until the database takes them."""
    told, pause = [first], 0.0
    while True:
        time.sleep(pause)
        told += _telling.more()
        try:
            with database.writing() as session:
                for at in told:
                    house_alarms.note(session, AlertEvent.CALL_WITHOUT_ID, at)
            return
        except SQLAlchemyError as error:
            log.warning("the house could not be told of %d calls without an id (%s)", len(told), type(error).__name__)
        except Exception:
            log.exception("the house could not be told of calls without an id")
            return
        pause = min(pause + _AGAIN, _LONGEST)


_telling = BackgroundQueue("missing ids", _tell)
