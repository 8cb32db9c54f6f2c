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
        mark, number = duty_calls.rings(here, now), here.number
    asks_at = voice_url("/duty", member=user_id, rung=mark)
    try:
        call_sid = call_control.place_call(number, asks_at, ring_seconds=settings().ring_seconds, turn=user_id)
    except CarrierRefused as refused:
        with database.writing() as session:
            carrier_faults.note(session, refused.refusal, Medium.CALL, number, now)
        return
    with database.writing_alone() as session:
        if here := session.get(Presence, user_id):
            duty_calls.placed(here, mark, call_sid)
