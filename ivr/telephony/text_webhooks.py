"""What the carrier tells about text messages: whether they arrived."""

from __future__ import annotations

import logging

from flask import Blueprint, request

from ivr.callbacks import sms_job
from ivr.carrier import text_events
from ivr.carrier.dialects import event_taken
from ivr.domain.digits import whole_number
from ivr.domain.timestamps import utc_now
from ivr.platform import database

log = logging.getLogger(__name__)
texts = Blueprint("texts", __name__, url_prefix="/voice")

texts.before_request(text_events.only_the_carrier)


@texts.errorhandler(Exception)
def _something_broke(error: Exception) -> tuple[str, int]:
    if isinstance(code := getattr(error, "code", None), int) and code < 500:
        return "", code
    log.error("the status of a text message could not be taken in", exc_info=error)
    return "", 500  # the carrier repeats it


@texts.post("/text/status")
def status() -> tuple[str, int]:
    """The status of a text message. The carrier may send it in any order and repeatedly."""
    message_id, told = whole_number(request.args.get("message", "")), text_events.read(request)
    if message_id is not None:
        with database.writing() as session:
            sms_job.delivered_or_not(session, message_id, told.message_sid, told.status, told.code, utc_now())
    return event_taken()
