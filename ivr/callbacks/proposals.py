"""Finds tasks that are perhaps of the same person, for a member to decide: nothing is merged because of a number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import ColumnElement, CompoundSelect, and_, bindparam, case, or_, select, union, union_all
from sqlalchemy.orm import Session, aliased

from ivr.callbacks import judgements, queries
from ivr.callbacks.view_conditions import visible_to
from ivr.domain.enums import Likeness, Outcome, TaskState
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contacts import Contact, LaterCall
from ivr.models.merges import JudgedPair

#: Closed tasks are shown for information so long.
CLOSED_FOR = timedelta(days=14)
#: Most proposals on a page, and most rows that are looked at: a switchboard's number may have hundreds.
MOST, _MOST_ROWS = 10, 1000


@dataclass(frozen=True)
class Proposal:
    """Another task, and what speaks for its being of the same person."""

    task: CallbackTask
    signs: tuple[Likeness, ...]


def of_task(session: Session, user: User, task: CallbackTask, now: datetime) -> list[Proposal]:
    """Tasks of the user's teams that are perhaps of the same person: open ones first, then those closed lately."""
    lately = and_(CallbackTask.closed_at >= now - CLOSED_FOR, CallbackTask.outcome != Outcome.MERGED)
    signs = _signs(session, user, [task], or_(_is_open(), lately))[task.id]
    others = queries.some(session, user, list(signs))
    ordered = sorted(others, key=lambda other: (other.state == TaskState.CLOSED, -other.id))
    return [Proposal(other, tuple(sorted(signs[other.id]))) for other in ordered[:MOST]]


def of_shown_number(
    session: Session, user: User, number: str, *, closed_since: datetime | None = None
) -> Sequence[CallbackTask]:
    """Open tasks of the user's teams that a number has led to, or that are to be called back at it, the latest first.

    After them, where an instant is given, those that were closed since then.
    Whether one is the caller's, the member finds out: a number may be of several people, or false.
    """
    theirs = (
        select(Contact.task_id)
        .join(Call)
        .where(
            or_(Contact.callback_number == number, Contact.changed_number_from == number, Call.from_number == number)
        )
    )
    usable = (CallbackTask.restricted_at.is_(None), CallbackTask.erased_at.is_(None), visible_to(user))
    which = _is_open()
    if closed_since is not None:
        which = or_(which, and_(CallbackTask.closed_at >= closed_since, CallbackTask.outcome != Outcome.MERGED))
    found = select(CallbackTask).where(CallbackTask.id.in_(theirs), which, *usable)
    open_first = case((_is_open(), 0), else_=1)
    return session.scalars(found.order_by(open_first, CallbackTask.id.desc()).limit(MOST)).all()


def told_apart(session: Session, user: User, task: CallbackTask) -> list[tuple[CallbackTask, JudgedPair]]:
    """Tasks of the user's teams that were judged not to be of the same person as this one, the latest first."""
    judged = judgements.others_of(session, [task.id])[task.id]
    others = queries.some(session, user, list(judged))
    return sorted(((other, judged[other.id]) for other in others), key=lambda pair: -pair[1].id)


def with_others(session: Session, user: User, tasks: Sequence[CallbackTask]) -> set[int]:
    """Of the open tasks of a list, the ids of those with another open task that is perhaps of the same person."""
    shown = [task for task in tasks if task.state != TaskState.CLOSED and task.restricted_at is None]
    return {task_id for task_id, others in _signs(session, user, shown, _is_open()).items() if others}


def _is_open() -> ColumnElement[bool]:
    return CallbackTask.state != TaskState.CLOSED


def _signs(
    session: Session, user: User, tasks: Sequence[CallbackTask], which: ColumnElement[bool]
) -> dict[int, dict[int, set[Likeness]]]:
    """For each task the others that it shares something with, and what."""
    found: dict[int, dict[int, set[Likeness]]] = {task.id: defaultdict(set) for task in tasks}
    for sign, pairs in ((Likeness.NUMBER, _by_number(session, tasks)), (Likeness.CODE, _by_code(session, tasks))):
        for task_id, other_id in pairs:
            found[task_id][other_id].add(sign)
    others = {other_id for of_one in found.values() for other_id in of_one}
    usable = (CallbackTask.restricted_at.is_(None), CallbackTask.erased_at.is_(None), visible_to(user), which)
    known = set(session.scalars(select(CallbackTask.id).where(CallbackTask.id.in_(sorted(others)), *usable)))
    apart = judgements.others_of(session, [task_id for task_id, of_one in found.items() if of_one])
    return {
        task_id: {
            other_id: of
            for other_id, of in of_one.items()
            if other_id in known and other_id != task_id and other_id not in apart.get(task_id, ())
        }
        for task_id, of_one in found.items()
    }


def _numbers_of(contact: Contact) -> set[str]:
    """What a call has shown or given as its number, before a change by receipt code, too."""
    shown = (contact.callback_number, contact.changed_number_from, contact.call.from_number)
    return {number for number in shown if number}


def _by_number(session: Session, tasks: Sequence[CallbackTask]) -> Iterator[tuple[int, int]]:
    """Pairs of tasks with a common number. Two requests of one call need no telephone number to be one person's."""
    mine: dict[str | None, set[tuple[int, int]]] = defaultdict(set)
    for task in tasks:
        for contact in task.contacts:
            for number in _numbers_of(contact):
                mine[number].add((task.id, contact.call_id))
    if not mine:
        return
    numbers = list(mine)
    rows = union(
        *(
            select(Contact.task_id, Contact.call_id, number.label("number")).where(number.in_(numbers))
            for number in (Contact.callback_number, Contact.changed_number_from)
        ),
        select(Contact.task_id, Contact.call_id, Call.from_number).join(Call).where(Call.from_number.in_(numbers)),
    ).limit(_MOST_ROWS)
    for other_id, call_id, shown in session.execute(rows):
        for task_id, my_call in mine[shown]:
            if call_id != my_call:
                yield task_id, other_id


def _by_code(session: Session, tasks: Iterable[CallbackTask]) -> Iterator[tuple[int, int]]:
    """Pairs of tasks of which a call has keyed in the receipt code of one, and led to the other."""
    if ids := [task.id for task in tasks]:
        for pair in session.execute(_pairs_by_code(), {"task_ids": ids}):
            yield pair[0], pair[1]


@lru_cache(maxsize=1)
def _pairs_by_code() -> CompoundSelect[int, int]:
    named, led_to = aliased(Contact), aliased(Contact)
    pairs = (
        select(mine.task_id, other.task_id)
        .select_from(LaterCall)
        .join(named, named.id == LaterCall.contact_id)
        .join(led_to, led_to.call_id == LaterCall.call_id)
        .where(mine.task_id.in_(bindparam("task_ids", expanding=True)), other.task_id != mine.task_id)
        for mine, other in ((named, led_to), (led_to, named))
    )
    return union_all(*pairs).limit(2 * _MOST_ROWS)
