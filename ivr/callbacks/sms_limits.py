"""Which numbers get a text message (SMS) now: by their country, and by how many were sent.

A text costs money and is free to ask for: without caps a stranger has the hotline pay, or flood, a number.
"""

from __future__ import annotations

import zlib
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from ivr.callbacks import caps, house_alarms
from ivr.callbacks.refused import Refused
from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.domain.enums import AlertEvent, Refusal
from ivr.platform import counted_once

#: First number of PostgreSQL's advisory locks for numbers that are sent a text; the second is made of the number.
_LOCK = 42117
_TAKE_TURN = text("SELECT pg_advisory_xact_lock(:what, :which)")


def one_after_another(session: Session, number: str | None) -> None:
    """Wait until nobody else sends to a number: PostgreSQL counts no text whose transaction has not ended.

    Take it after the lock of a task, because the other order would deadlock.
    """
    if number is not None and session.get_bind().dialect.name == "postgresql":
        which = zlib.crc32(number.encode()) - (1 << 31)  # a signed number of 32 bits
        session.execute(_TAKE_TURN, {"what": _LOCK, "which": which})


def check(session: Session, number: str | None, now: datetime) -> None:
    """Whether a further text may be sent to a number (E.164).

    Raises:
        Refused: `no_texts`, `no_mobile`, `no_text_abroad`, `texted_often` for this number, or `too_many_texts` in all;
            the last two with the name of the cap.
    """
    if (refused := refused_by(session, number, now)) is not None:
        raise refused


def refusal_of(session: Session, number: str | None, now: datetime) -> Refusal | None:
    """Why no further text may be sent to a number (E.164), as :func:`check` says; None where one may."""
    refused = refused_by(session, number, now)
    return None if refused is None else refused.reason


def refused_by(session: Session, number: str | None, now: datetime) -> Refused | None:
    """What :func:`check` raises."""
    if not settings().sends_texts:
        return Refused(Refusal.NO_TEXTS)
    if number is None or not phone_numbers.is_mobile(number):
        return Refused(Refusal.NO_MOBILE)
    if not settings().may_be_texted(number):
        return Refused(Refusal.NO_TEXT_ABROAD)
    for use in caps.of_texts(session, number, now):
        if use.is_reached:
            return Refused(Refusal.TOO_MANY_TEXTS, cap=use.name)
    of_number = caps.of_number(session, number, now)
    return Refused(Refusal.TEXTED_OFTEN, cap=of_number.name) if of_number.is_reached else None


def tell_if_reached(session: Session, number: str, now: datetime) -> None:
    """Tell the house of each cap that the text that was just added has reached, or has come near."""
    for use in caps.of_texts(session, number, now):
        if use.is_reached:
            house_alarms.note(session, AlertEvent.TEXT_CAP, now, use.name)
        elif use.is_near:
            house_alarms.note(session, AlertEvent.CAP_NEAR, now, use.name)


def told(session: Session, refused: Refused | None, call_sid: str, now: datetime) -> None:
    """Tell the house of a cap that is in the way of a caller, once for each call."""
    if refused is not None and refused.cap and counted_once.count(session, refused.cap, call_sid, now):
        house_alarms.note(session, AlertEvent.TEXT_CAP, now, refused.cap)
