"""The job that rings a member at the start of a duty. It may run twice, and rings once."""

from __future__ import annotations

from ivr.callbacks import carrier_faults
from ivr.carrier import call_control
from ivr.carrier.refusals import CarrierRefused
from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import settings
from ivr.contact_centre import duty_calls
from ivr.domain.enums import Medium
from ivr.domain.timestamps import utc_now
from ivr.models.contact_centre import Presence
from ivr.platform import database


def ask_for_duty(user_id: int) -> None:
    """Ring the member, unless they have come meanwhile. What the carrier refuses is noted, and not tried again."""
    now = utc_now()
    with database.writing_alone() as session:
        here = session.get(Presence, user_id)
        if here is None or here.number is None or not duty_calls.is_still_wanted(session, here, now):
            return
        here.duty_rung_at, number = now, here.number
    try:
        call_control.place_call(number, voice_url("/duty", member=user_id), ring_seconds=settings().ring_seconds)
    except CarrierRefused as refused:
        with database.writing() as session:
            carrier_faults.note(session, refused.refusal, Medium.CALL, number, now)
