"""A call to which the carrier has given no id: its caller is served as any other, and the house is told.

What the carrier tells of such a call later cannot be known to be about it: its end, or where its recording is. So its
message has a task from the key or the end of the recording on, as in every call, and people look at the carrier.
"""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError

from ivr.callbacks import house_alarms
from ivr.domain.enums import AlertEvent
from ivr.domain.timestamps import utc_now
from ivr.platform import database

log = logging.getLogger(__name__)


def tell() -> None:
    """Tell the house of a call without an id. The caller is answered, whether or not that can be written down."""
    log.error("the carrier has given a call no id (CallSid); it goes on under one of ours")
    try:
        with database.writing() as session:
            house_alarms.note(session, AlertEvent.CALL_WITHOUT_ID, utc_now())
    except SQLAlchemyError:
        log.exception("the house could not be told")
