"""Faults of the carrier that are not a number's: noted, told once an hour for each kind, mended by what works again.

A fault of the operator (the account, the sender, a country that is not enabled) hits every call alike, so it is told
as a fault of the house and not as one of a task. A call that rings, a text message that is taken, or a recording that
is given shows which faults are mended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ivr.callbacks import alert_texts, immediate_alerts, not_rung
from ivr.carrier.refusals import SIDES, Refusal
from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.domain.enums import AlertEvent, CarrierFault, CarrierSide, Medium
from ivr.models.alerts import CarrierFaultRow
from ivr.platform import monitoring
from ivr.platform.column_types import insert, rows

#: A kind of fault is told once in this time.
_TELL_EVERY = timedelta(hours=1)
#: A fault that was not seen for this long is forgotten.
_KEPT = timedelta(days=30)


def note(session: Session, refusal: Refusal, medium: Medium, number: str, now: datetime) -> None:
    """Note a fault of the operator or of the network. The operator's is told at once, each kind once an hour."""
    monitoring.count("carrier_errors", 1, str(refusal.code), refusal.fault)
    if refusal.side == CarrierSide.NUMBER:
        return
    region = _region(refusal.fault, number)
    first = {"count": 0, "since_at": now, "last_at": now, "code": refusal.code}
    new = insert(session.get_bind().dialect, CarrierFaultRow)
    new = new.values(fault=refusal.fault, medium=medium, region=region, **first)
    session.execute(new.on_conflict_do_nothing())
    row = session.get_one(
        CarrierFaultRow, (refusal.fault, medium, region), populate_existing=True, with_for_update=True
    )
    if row.mended_at is not None:
        row.count, row.since_at, row.mended_at = 0, now, None
    row.count, row.last_at, row.code = row.count + 1, now, refusal.code
    session.flush()
    if refusal.side == CarrierSide.OPERATOR and _may_tell(session, refusal.fault, now):
        wording = partial(alert_texts.carrier_fault, row=row, settings=settings())
        immediate_alerts.queue(session, AlertEvent.CARRIER_FAULT, wording, now, fault=row.fault)


def _region(fault: CarrierFault, number: str) -> str:
    """The country that a fault is about; empty where it is about all."""
    if fault != CarrierFault.COUNTRY_NOT_ENABLED:
        return ""
    return phone_numbers.country_of(number)


def _may_tell(session: Session, fault: CarrierFault, now: datetime) -> bool:
    """Whether a kind of fault was not told within the hour; from now on it was."""
    told = select(CarrierFaultRow.fault).where(
        CarrierFaultRow.fault == fault, CarrierFaultRow.alerted_at > now - _TELL_EVERY
    )
    if session.scalar(told.limit(1)) is not None:
        return False
    session.execute(
        update(CarrierFaultRow)
        .where(CarrierFaultRow.fault == fault)
        .values(alerted_at=now)
        .execution_options(synchronize_session=False)
    )
    return True


def mended(session: Session, medium: Medium, number: str, asked_at: datetime, now: datetime) -> None:
    """Note that a call has rung, a text was taken, or a recording was given: what stood in its way is mended.

    Nothing is known of a fault that was seen after the carrier was asked (`asked_at`). Tasks whose callers could not be
    rung for that reason are offered again at once.
    """
    stood_in_its_way = [
        CarrierFaultRow.mended_at.is_(None),
        CarrierFaultRow.medium == medium,
        CarrierFaultRow.last_at <= asked_at,
        CarrierFaultRow.region.in_(("", phone_numbers.country_of(number))),
    ]
    faults = session.scalars(select(CarrierFaultRow.fault).where(*stood_in_its_way)).all()
    if not faults:
        return
    ended = update(CarrierFaultRow).where(*stood_in_its_way).values(mended_at=now)
    if rows(session.execute(ended.execution_options(synchronize_session=False))) and medium == Medium.CALL:
        not_rung.offer_again(session, faults, now)


def stands_in_the_way(session: Session, medium: Medium, number: str, now: datetime) -> bool:
    """Whether a fault of the operator's keeps calls or texts from a number (E.164), so that none is promised.

    It was seen within the hour; after that one is tried again.
    """
    lasting = [fault for fault, side in SIDES.items() if side == CarrierSide.OPERATOR]
    query = select(CarrierFaultRow.fault).where(
        CarrierFaultRow.fault.in_(lasting),
        CarrierFaultRow.mended_at.is_(None),
        CarrierFaultRow.medium == medium,
        CarrierFaultRow.last_at > now - _TELL_EVERY,
        CarrierFaultRow.region.in_(("", phone_numbers.country_of(number))),
    )
    return session.scalar(query.limit(1)) is not None


def shown(session: Session) -> Sequence[CarrierFaultRow]:
    """The faults that are not mended, the latest first."""
    query = select(CarrierFaultRow).where(CarrierFaultRow.mended_at.is_(None))
    return session.scalars(query.order_by(CarrierFaultRow.last_at.desc())).all()


def forget(session: Session, now: datetime) -> None:
    """Delete faults that were last seen long ago."""
    session.execute(delete(CarrierFaultRow).where(CarrierFaultRow.last_at < now - _KEPT))
