"""What the carrier tells about text messages: whether they arrived, and that somebody has written one."""

from __future__ import annotations

import logging

from flask import Blueprint, request

from ivr.callbacks import incoming_texts, sms_job
from ivr.carrier import text_events
from ivr.carrier.dialects import event_taken
from ivr.carrier.signature import NOTHING, Answer
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
    log.error("what the carrier tells of a text message could not be taken in", exc_info=error)
    return "", 500  # the carrier repeats it


@texts.post("/text/status")
def status() -> tuple[str, int]:
    """The status of a text message. The carrier may send it in any order and repeatedly."""
    message_id, told = whole_number(request.args.get("message", "")), text_events.read(request)
    if message_id is not None:
        with database.writing() as session:
            sms_job.delivered_or_not(session, message_id, told.message_sid, told.status, told.code, utc_now())
    return event_taken()


@texts.post("/text/incoming")
def incoming() -> Answer:
    """Somebody has written to the hotline. The answer is a text message of its own, which counts in the caps."""
    if (text := text_events.read_incoming(request)) is not None:
        with database.writing() as session:
            incoming_texts.came(session, text, utc_now())
    return NOTHING, 200, {"Content-Type": "text/xml"}
