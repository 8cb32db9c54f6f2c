"""Bundles alerts that were raised (:mod:`ivr.callbacks.task_alerts`) into messages.

A message contains all unsent events of a subscription, so a hundred thousand missed promises make one message. An
emergency and a danger to life are sent at once, day and night. Other events are collected for `alert_collect_seconds`,
and are sent within `alert_hours`.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select, true, update
from sqlalchemy.orm import Session

from ivr.callbacks import alert_texts, task_alerts
from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.alert_subscriptions import AlertSettings
from ivr.domain.enums import AlertEvent, DeliveryState, TaskState, WorkKind
from ivr.domain.words import ALERT_TITLES
from ivr.models.alerts import AlertItem, AlertMessage
from ivr.models.callbacks import CallbackTask
from ivr.notices import present
from ivr.platform import outbox
from ivr.platform.column_types import rows

#: What is told at once, day and night.
_AT_ONCE = (AlertEvent.DANGER, AlertEvent.EMERGENCY)
#: Items are deleted this long after they were noted.
_KEPT = timedelta(days=30)


def write_due_messages(session: Session, now: datetime) -> int:
    """Write the messages that are due, and return their number. Of several schedulers exactly one writes each."""
    task_alerts.tell_danger_again(session, now)
    written = 0
    known = {alert.name: alert for alert in settings().alerts}
    for name, emergency in _waiting(session, now):
        if name in known:  # another host may know it: settings are not changed everywhere at once
            written += _write(session, known[name], now, emergency=emergency)
    return written


def _waiting(session: Session, now: datetime) -> list[tuple[str, bool]]:
    """Subscriptions with a message that is due now, and whether it is an emergency."""
    configured = settings()
    emergency = AlertItem.kind.in_(_AT_ONCE)
    query = select(AlertItem.subscription, emergency.label("emergency"), func.min(AlertItem.at).label("since"))
    query = query.where(AlertItem.message_id.is_(None), _may_be_told(now)).group_by(AlertItem.subscription, emergency)
    found = {(row.subscription, bool(row.emergency)): row.since for row in session.execute(query)}
    ready = [name for name, urgent in found if urgent]
    if opening_hours.is_open(configured.alert_hours, now):
        collected = now - timedelta(seconds=configured.alert_collect_seconds)
        for (name, urgent), since in found.items():
            if not urgent and name not in ready and since <= collected and not _sent_lately(session, name, now):
                ready.append(name)
    return [(name, (name, True) in found) for name in ready]


def _may_be_told(now: datetime) -> ColumnElement[bool]:
    """The condition for items that may be told now: those of unconfirmed tasks in opening hours only."""
    if opening_hours.is_open(present.hours(), now):
        return true()
    unconfirmed = exists().where(CallbackTask.id == AlertItem.task_id, CallbackTask.unconfirmed.is_(True))
    return or_(~unconfirmed, AlertItem.kind == AlertEvent.DANGER)


def _sent_lately(session: Session, name: str, now: datetime) -> bool:
    since = now - timedelta(minutes=settings().alert_pause_minutes)
    told = select(AlertMessage.id).where(AlertMessage.subscription == name, AlertMessage.created_at > since)
    return session.scalar(told.where(AlertMessage.urgent.is_(False)).limit(1)) is not None


def _write(session: Session, alert: AlertSettings, now: datetime, *, emergency: bool) -> int:
    message = AlertMessage(
        subscription=alert.name,
        urgent=emergency,
        subject="",
        text="",
        content={},
        state=DeliveryState.QUEUED,
        created_at=now,
    )
    session.add(message)
    session.flush()
    what = AlertItem.kind.in_(_AT_ONCE) if emergency else AlertItem.kind.not_in(_AT_ONCE)
    theirs = (AlertItem.subscription == alert.name, AlertItem.message_id.is_(None), _may_be_told(now), what)
    # Tasks that were tried, closed or put off since then are left out; who was not reached is told although tried.
    still = exists().where(
        CallbackTask.id == AlertItem.task_id,
        or_(CallbackTask.first_attempt_at.is_(None), AlertItem.kind == AlertEvent.NOT_REACHED),
        CallbackTask.state != TaskState.CLOSED,
        or_(
            CallbackTask.next_attempt_at.is_(None),
            CallbackTask.next_attempt_at <= now,
            AlertItem.kind == AlertEvent.NOT_REACHED,  # the next attempt is planned, and too late all the same
            CallbackTask.carrier_fault.is_not(None),  # not put off: nobody could be called
        ),
    )
    session.execute(delete(AlertItem).where(*theirs, AlertItem.kind.not_in(_AT_ONCE), ~still))
    taken = session.execute(
        update(AlertItem).where(*theirs).values(message_id=message.id).execution_options(synchronize_session=False)
    )
    if rows(taken) == 0:  # another process was quicker, or no event holds any more
        session.delete(message)
        session.flush()
        return 0
    counted = select(AlertItem.kind, func.count()).where(AlertItem.message_id == message.id).group_by(AlertItem.kind)
    kinds = Counter(dict(session.execute(counted).all()))
    codes: dict[AlertEvent, list[str]] = {
        kind: list(session.scalars(_codes(message.id, kind))) for kind in ALERT_TITLES if kinds[kind]
    }
    message.content = {"kinds": dict(kinds), "codes": codes}
    message.subject, message.text = alert_texts.message(alert.language, kinds, codes, settings())
    outbox.add(session, WorkKind.SEND_ALERT, message.id, urgent=emergency, run_after=now)
    return 1


def _codes(message_id: int, kind: AlertEvent) -> Select[str]:
    """The receipt codes a message names: the first that fall due."""
    query = select(CallbackTask.receipt_code).join(AlertItem, AlertItem.task_id == CallbackTask.id)
    query = query.where(AlertItem.message_id == message_id, AlertItem.kind == kind)
    return query.order_by(CallbackTask.due_at, CallbackTask.id).limit(alert_texts.MOST_NAMED)


def forget(session: Session, now: datetime) -> None:
    """Delete old items and messages."""
    old = AlertItem.at < now - _KEPT
    session.execute(delete(AlertItem).where(old))
    session.execute(delete(AlertMessage).where(AlertMessage.created_at < now - _KEPT))
