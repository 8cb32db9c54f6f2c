"""People who call for others (Vertretung): entered and ended on a task, and disclosures that were refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks import claims, events, search_index
from ivr.callbacks.refused import Refused, require_unrestricted
from ivr.config.settings import settings
from ivr.domain import representation
from ivr.domain.enums import Authority, Disclosure, Refusal, Relation, TaskEventKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.representatives import Representative


@dataclass(frozen=True)
class Entered:
    """What a member has found out: who calls, for whom, by what authority, and the last day on which it counts."""

    name: str
    represents: str
    relation: Relation
    authority: Authority
    proved: bool = False
    counts_until: date | None = None


def of_task(session: Session, task_id: int) -> Sequence[Representative]:
    """Who calls for others about a task, the latest first; those that were ended are left out."""
    query = select(Representative).where(Representative.task_id == task_id, Representative.ended_at.is_(None))
    return session.scalars(query.order_by(Representative.id.desc())).all()


def may_be_told(one: Representative, now: datetime) -> Disclosure:
    """What may be told to them now."""
    today = now.astimezone(settings().hours.zone).date()
    return representation.may_be_told(one.authority, one.counts_until, today, proved=one.proved)


def enter(session: Session, task: CallbackTask, entered: Entered, user: User, now: datetime) -> Representative:
    """Enter who calls about a task for another person.

    Raises:
        Refused: `names_needed` without one of the two names, or `restricted`.
    """
    require_unrestricted(task)
    if not entered.name or not entered.represents:
        raise Refused(Refusal.NAMES_NEEDED)
    found = Representative(
        task_id=task.id, name=entered.name, represents=entered.represents, relation=entered.relation,
        authority=entered.authority, proved=entered.proved and entered.authority != Authority.NONE,
        counts_until=entered.counts_until, recorded_at=now, entered_by_id=user.id,
    )  # fmt: skip
    session.add(found)
    events.record(session, task.id, TaskEventKind.REPRESENTED, now, user_id=user.id, text=entered.authority)
    claims.mark_used(session, task, user, now)
    session.flush()
    search_index.index(session, task)
    return found


def end(session: Session, task: CallbackTask, representative_id: int, user: User, now: datetime) -> None:
    """Note that somebody does not call for the person any more. Twice is once.

    Raises:
        Refused: `not_represented` where nobody of this task has that id.
    """
    found = session.get(Representative, representative_id)
    if found is None or found.task_id != task.id:
        raise Refused(Refusal.NOT_REPRESENTED)
    if found.ended_at is None:
        found.ended_at = now
        events.record(session, task.id, TaskEventKind.REPRESENTATION_ENDED, now, user_id=user.id)


def disclosure_refused(session: Session, task: CallbackTask, text: str, user: User, now: datetime) -> None:
    """Record that something was not told to who asked for it: to whom, what, and why.

    Raises:
        Refused: `reason_needed`.
    """
    if not text.strip():
        raise Refused(Refusal.REASON_NEEDED)
    events.record(session, task.id, TaskEventKind.DISCLOSURE_REFUSED, now, user_id=user.id, text=text.strip())
    claims.mark_used(session, task, user, now)
