"""Which tasks a view of the desk holds: conditions with values, or with the parameters of a statement that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, ColumnElement, Integer, Select, bindparam, literal, select, true
from sqlalchemy.orm import aliased

from ivr.callbacks import promises
from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.enums import Outcome, TaskKind, TaskState, Urgency
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.desk import Mention
from ivr.models.sla import SlaPause
from ivr.platform.column_types import Instant

#: Due soon.
SOON = timedelta(hours=4)
#: Not a parameter: a partial index is for the condition that it names.
IS_OPEN = CallbackTask.state != literal("closed", literal_execute=True)


def visible_to(user: User) -> ColumnElement[bool]:
    """The condition for tasks of the teams the user belongs to or supervises."""
    return CallbackTask.team_id.in_(user.scope_ids)


@dataclass(frozen=True)
class Asked:
    """Whose views are asked for, and when: values, or parameters."""

    team_ids: Sequence[int] | BindParameter[Sequence[int]]
    user_id: int | BindParameter[int]
    #: Until when a promise falls due soon, and when today has begun.
    soon: datetime | BindParameter[datetime]
    midnight: datetime | BindParameter[datetime]


def asked_by(user: User, now: datetime) -> Asked:
    """What somebody asks for now."""
    midnight = opening_hours.midnight(settings().hours, now)
    return Asked(user.scope_ids, user.id, now + SOON, midnight)


def parameters() -> Asked:
    """Parameters with the names of the fields."""
    teams: BindParameter[Sequence[int]] = bindparam("team_ids", expanding=True)
    user: BindParameter[int] = bindparam("user_id", type_=Integer)
    return Asked(teams, user, bindparam("soon", type_=Instant), bindparam("midnight", type_=Instant))


def condition(view: str, user: User, now: datetime) -> ColumnElement[bool]:
    """The condition for what a view holds of somebody now."""
    return holds(view, asked_by(user, now))


def holds(view: str, asked: Asked) -> ColumnElement[bool]:
    """The condition for what a view holds."""
    match view:
        case "open":
            return IS_OPEN
        case "mine":
            return IS_OPEN & (CallbackTask.state == TaskState.CLAIMED) & (CallbackTask.claimed_by_id == asked.user_id)
        case "mentions":
            theirs = select(Mention.task_id).where(Mention.user_id == asked.user_id, Mention.seen_at.is_(None))
            return CallbackTask.id.in_(theirs)
        case "resubmission":
            return IS_OPEN & CallbackTask.id.in_(_put_off())
        case "unclaimed":
            return IS_OPEN & (CallbackTask.state == TaskState.OPEN)
        case "due":  # soon, or missed: not tried, or not reached
            return IS_OPEN & promises.due_until(asked.soon) & CallbackTask.restricted_at.is_(None)
        case "emergencies":
            return IS_OPEN & (CallbackTask.urgency == Urgency.EMERGENCY)
        case "appointments":
            return IS_OPEN & (CallbackTask.kind == TaskKind.APPOINTMENT)
        case "forms":
            return IS_OPEN & (CallbackTask.kind == TaskKind.POSTAL_ORDER)
        case "interpreter":
            return IS_OPEN & CallbackTask.needs_interpreter.is_(True)
        case "done":
            today = (CallbackTask.state == TaskState.CLOSED) & (CallbackTask.closed_at >= asked.midnight)
            return today & (CallbackTask.outcome != Outcome.MERGED)
        case "closed":
            return CallbackTask.state == TaskState.CLOSED
        case _:
            return true()


def _put_off() -> Select[int]:
    """Tasks that were put off to a date, and have not been tried since: what waits for its day, or whose day it is."""
    waiting = aliased(CallbackTask)
    query = select(SlaPause.task_id).join(waiting, waiting.id == SlaPause.task_id)
    return query.where(SlaPause.until_at == waiting.next_attempt_at)
