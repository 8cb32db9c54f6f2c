"""Proven identities: that a member has found out whose task it is, and which tasks are the same person's.

Nothing is concluded from a telephone number. A member proves the identity for one task; another task joins it when its
receipt code is named, or when it was proven by itself and a member says that it is the same person.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from ivr.callbacks import claims, contacts, events, judgements, queries
from ivr.callbacks.refused import Refused, require_unrestricted
from ivr.callbacks.task_locks import lock_tasks
from ivr.callbacks.view_conditions import visible_to
from ivr.domain.enums import IdentityProof, Refusal, TaskEventKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask, TaskEvent
from ivr.models.identities import ProvenIdentity

#: Proofs that a member gives for the task at hand; its receipt code is one as well.
PROOFS = tuple(IdentityProof)
#: Tasks of one person on one time line.
_MOST = 50


def of_task(session: Session, task_id: int) -> ProvenIdentity | None:
    """Whose task it is; None where nobody has found that out."""
    query = select(ProvenIdentity).where(ProvenIdentity.task_id == task_id)
    return session.scalar(query.options(joinedload(ProvenIdentity.proven_by)))


def prove(session: Session, task: CallbackTask, proof: str, user: User, now: datetime) -> ProvenIdentity:
    """Note that the identity of who asks is proven for a task. Proven again, the later proof counts.

    Raises:
        Refused: `proof_needed`, or `restricted`.
    """
    require_unrestricted(task)
    if proof not in PROOFS:
        raise Refused(Refusal.PROOF_NEEDED)
    lock_tasks(session, task)
    found = of_task(session, task.id) or ProvenIdentity(task_id=task.id, person=secrets.token_hex(16))
    found.proof, found.proven_at, found.proven_by_id = IdentityProof(proof), now, user.id
    session.add(found)
    events.record(session, task.id, TaskEventKind.IDENTITY_PROVEN, now, user_id=user.id, text=proof)
    claims.mark_used(session, task, user, now)
    session.flush()
    return found


def take_back(session: Session, task: CallbackTask, user: User, now: datetime) -> None:
    """Take a task out of what is known of a person: it was a mistake. Twice is once."""
    found = of_task(session, task.id)
    if found is not None:
        session.delete(found)
        events.record(session, task.id, TaskEventKind.IDENTITY_TAKEN_BACK, now, user_id=user.id)
        session.flush()


def join_by_code(session: Session, task: CallbackTask, code: str, user: User, now: datetime) -> CallbackTask:
    """Add another task of the person of a proven task, whose receipt code they have named. The other task.

    Raises:
        Refused: as :func:`join`; `no_such_code` where no task of the user's teams has that code.
    """
    contact = contacts.by_code(session, code)
    if contact is None or not queries.may_see(session, user, contact.task_id):
        raise Refused(Refusal.NO_SUCH_CODE)
    other = contact.task
    require_unrestricted(other)
    _check(session, task, other)
    if of_task(session, other.id) is None:
        prove(session, other, IdentityProof.CODE, user, now)
    join(session, task, other, user, now)
    return other


def join(session: Session, task: CallbackTask, other: CallbackTask, user: User, now: datetime) -> None:
    """Note that two proven tasks are the same person's. Twice is once.

    Raises:
        Refused: `not_proven` unless both are; `told_apart` where a member has judged otherwise; `other_task_needed`.
    """
    _check(session, task, other)
    mine, theirs = of_task(session, task.id), of_task(session, other.id)
    if mine is None or theirs is None:
        raise Refused(Refusal.NOT_PROVEN)
    if mine.person == theirs.person:
        return
    moved = update(ProvenIdentity).where(ProvenIdentity.person == theirs.person)
    session.execute(moved.values(person=mine.person).execution_options(synchronize_session=False))
    session.expire_all()
    for one in (task, other):  # without the other's receipt code: another team may read this
        events.record(session, one.id, TaskEventKind.SAME_PERSON, now, user_id=user.id)
    session.flush()


def _check(session: Session, task: CallbackTask, other: CallbackTask) -> None:
    if task.id == other.id:
        raise Refused(Refusal.OTHER_TASK_NEEDED)
    if of_task(session, task.id) is None:
        raise Refused(Refusal.NOT_PROVEN)
    if judgements.between(session, task.id, other.id):
        raise Refused(Refusal.TOLD_APART)
    lock_tasks(session, task, other)


def tasks_of_person(session: Session, user: User, task: CallbackTask) -> Sequence[CallbackTask]:
    """The tasks of the person of a task that the user may see, the latest first, with what their time line needs."""
    found = of_task(session, task.id)
    if found is None:
        return []
    theirs = select(ProvenIdentity.task_id).where(ProvenIdentity.person == found.person)
    query = select(CallbackTask).where(CallbackTask.id.in_(theirs), visible_to(user))
    query = query.order_by(CallbackTask.first_contact_at.desc(), CallbackTask.id.desc()).limit(_MOST)
    return session.scalars(
        query.options(
            joinedload(CallbackTask.team),
            joinedload(CallbackTask.claimed_by),
            selectinload(CallbackTask.contacts),
            selectinload(CallbackTask.events).joinedload(TaskEvent.user),
        )
    ).all()


def count_of_person(session: Session, task: CallbackTask) -> int:
    """How many tasks of any team are known to be of the person of a task."""
    found = of_task(session, task.id)
    if found is None:
        return 0
    count = select(func.count()).select_from(ProvenIdentity).where(ProvenIdentity.person == found.person)
    return session.scalar(count) or 0


def candidates(session: Session, user: User, task: CallbackTask) -> Sequence[CallbackTask]:
    """Other proven tasks with the same number, of the user's teams: a member may say that they are the same person."""
    mine = of_task(session, task.id)
    if mine is None or task.callback_number is None:
        return []
    others = select(ProvenIdentity.task_id).where(ProvenIdentity.person != mine.person)
    query = select(CallbackTask).where(
        CallbackTask.callback_number == task.callback_number,
        CallbackTask.id.in_(others),
        CallbackTask.id != task.id,
        CallbackTask.restricted_at.is_(None),
        visible_to(user),
    )
    found = session.scalars(query.order_by(CallbackTask.id.desc()).limit(10)).all()
    apart = judgements.others_of(session, [task.id])[task.id]
    return [one for one in found if one.id not in apart]
