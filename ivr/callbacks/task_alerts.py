"""Raises alerts about tasks, and takes them back, in the transaction that causes it.

:mod:`ivr.callbacks.alert_digest` bundles them into messages. Alerts about no task: :mod:`ivr.callbacks.house_alarms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, literal, or_, select, update
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.domain.enums import AlertEvent, CallRowState, TaskState
from ivr.models.accounts import Team
from ivr.models.alerts import AlertItem, AlertMessage
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.platform.column_types import insert

#: A danger that nobody sees to is told again after so long, for so long.
_DANGER_AGAIN, _DANGER_LONGEST = timedelta(minutes=15), timedelta(hours=12)


def note(session: Session, kind: AlertEvent, task_ids: Sequence[int], now: datetime) -> None:
    """Raise an alert about tasks for each subscription to its kind. A task is noted once for each subscription.

    Of unconfirmed tasks an event is noted when the call is over, and told in opening hours. Nothing is told of
    callers who were silent.
    """
    over = CallbackTask.call.has(Call.state == CallRowState.ENDED)
    certain: tuple[ColumnElement[bool], ...] = (
        CallbackTask.provisional.is_(False),
        CallbackTask.silent_caller.is_(False),
        or_(CallbackTask.unconfirmed.is_(False), over),
    )
    if kind == AlertEvent.DANGER:  # somebody was heard
        certain = ()
    for alert in settings().alerts if task_ids else ():
        if alert.tells(kind):
            what = (
                literal(alert.name),
                literal(kind, AlertItem.kind.type),
                CallbackTask.id,
                literal(now, AlertItem.at.type),
            )
            theirs = select(*what).where(CallbackTask.id.in_(task_ids), *certain)
            if alert.teams:
                theirs = theirs.where(CallbackTask.team_id.in_(select(Team.id).where(Team.key.in_(alert.teams))))
            new = insert(session.get_bind().dialect, AlertItem)
            new = new.from_select(["subscription", "kind", "task_id", "at"], theirs)
            session.execute(new.on_conflict_do_nothing())


def take_back(session: Session, task_id: int, *kinds: AlertEvent) -> None:
    """The event no longer holds: delete its unsent items, and allow a new alert."""
    session.execute(delete(AlertItem).where(AlertItem.task_id == task_id, AlertItem.kind.in_(kinds)))


def take_back_unsent(session: Session, task_id: int) -> None:
    """Nobody needs to be told any more: delete what was not sent."""
    session.execute(delete(AlertItem).where(AlertItem.task_id == task_id, AlertItem.message_id.is_(None)))


def tell_danger_again(session: Session, now: datetime) -> None:
    """Tell again of a danger that was told some time ago, and whose task nobody has claimed or acted on."""
    untouched = exists().where(
        CallbackTask.id == AlertItem.task_id,
        CallbackTask.danger.is_not(None),
        CallbackTask.danger_lowered_at.is_(None),
        CallbackTask.danger_acted_at.is_(None),
        CallbackTask.state == TaskState.OPEN,
    )
    told = AlertMessage.created_at.between(now - _DANGER_LONGEST, now - _DANGER_AGAIN)
    again = update(AlertItem).where(
        AlertItem.kind == AlertEvent.DANGER,
        AlertItem.at > now - _DANGER_LONGEST,
        AlertItem.message_id.in_(select(AlertMessage.id).where(told)),
        untouched,
    )
    session.execute(again.values(message_id=None).execution_options(synchronize_session=False))
