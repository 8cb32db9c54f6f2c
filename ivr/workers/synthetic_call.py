"""Makes the synthetic calls of the settings: the hotline rings its own number over the carrier's network."""

from __future__ import annotations

import logging
import time

import requests

from ivr.callbacks import house_alarms
from ivr.calls import synthetic_calls
from ivr.carrier import call_control, media
from ivr.carrier.client import Refused
from ivr.carrier.refusals import CarrierRefused
from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import settings
from ivr.domain.enums import AlertEvent
from ivr.domain.timestamps import utc_now
from ivr.platform import database, monitoring

log = logging.getLogger(__name__)

#: Seconds for which a call may take until its receipt code, and between two looks at how far it is.
PATIENCE, PAUSE = 150.0, 1.0
#: Looks between two questions to the carrier whether the call is over.
_LOOKS = 5
_RING_SECONDS = 30
_NOT_ASKED = (Refused, requests.RequestException)


def make_if_due(*, patience: float = PATIENCE, pause: float = PAUSE) -> bool | None:
    """Make a synthetic call if one is due on any host; whether it came to its receipt code. None: none was due.

    `patience` and `pause` are seconds: until it is given up, and between two looks. A call that fails is told as an
    alert.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    with database.writing() as session:
        synthetic_id = synthetic_calls.plan(session, utc_now())
    if synthetic_id is None:
        return None
    began = time.monotonic()
    has_receipt = _comes_to_receipt(synthetic_id, patience, pause)
    monitoring.count("synthetic_calls", 1, "receipt" if has_receipt else "failed")
    now = utc_now()
    with database.writing() as session:
        if has_receipt:
            synthetic_calls.succeeded(session, now)
        else:
            house_alarms.note(session, AlertEvent.SYNTHETIC_CALL, now)
    log.info("a synthetic call has %s after %.0f s", "its code" if has_receipt else "failed", time.monotonic() - began)
    return has_receipt


def _comes_to_receipt(synthetic_id: int, patience: float, pause: float) -> bool:
    configured = settings()
    try:
        placed = call_control.place_call(
            configured.hotline_number,
            voice_url("/synthetic/caller", call=synthetic_id),
            ring_seconds=_RING_SECONDS,
            shows=configured.synthetic_call_from or "",
            turn=synthetic_id,
        )
    except (CarrierRefused, *_NOT_ASKED) as error:
        log.warning("a synthetic call could not be placed (%s)", error)
        return False
    try:
        return _await_receipt(synthetic_id, placed, patience, pause)
    finally:
        _clear(synthetic_id, placed)


def _await_receipt(synthetic_id: int, placed: str, patience: float, pause: float) -> bool:
    until, looks = time.monotonic() + patience, 0
    while time.monotonic() < until:
        with database.reading() as session:
            known = synthetic_calls.progress(session, synthetic_id)
        if known is None or known.receipt_at is not None:
            return known is not None
        looks += 1
        if looks % _LOOKS == 0 and _is_over(placed):
            break
        time.sleep(pause)
    log.warning("a synthetic call has come as far as step %r", known.step if known else "")
    return False


def _is_over(placed: str) -> bool:
    try:
        return call_control.call_status(placed) in call_control.ENDED
    except call_control.CallIsOver:
        return True
    except _NOT_ASKED:
        return False


def _clear(synthetic_id: int, placed: str) -> None:
    """End the call and delete what was recorded. What cannot be deleted now the next comparison with the carrier does.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    with database.reading() as session:
        known = synthetic_calls.progress(session, synthetic_id)
    try:
        call_control.end_call(placed)
        for recording in media.recordings_of(known.call_sid) if known and known.call_sid else ():
            media.delete_recording(recording.recording_sid)
    except _NOT_ASKED as error:
        log.warning("what a synthetic call has left could not be deleted yet (%s)", type(error).__name__)
