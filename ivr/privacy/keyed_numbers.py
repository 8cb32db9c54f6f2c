"""Requests that only name a number: whoever keyed it in may be somebody else than the person who asks for their data.

No call that showed the number has led to them. They are the person's where the person has said what they were about.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contacts import CALLS_OF_TASKS, Contact
from ivr.privacy import erasure
from ivr.privacy.erasure import Subject

_CALLS = CALLS_OF_TASKS.c


def subject_of(session: Session, named: str, *, named_too: bool) -> Subject:
    """All data about a number (E.164), with or without the tasks that only name it, or about a receipt code."""
    if not named.startswith("+"):
        return erasure.of_code(session, named)
    found = erasure.of_number(session, named)
    return found if named_too else without(session, found, only_named(session, found))


def only_named(session: Session, subject: Subject) -> Sequence[int]:
    """Ids of the tasks of a number's subject to which no call has led that showed the number."""
    shown = select(Call.id).where(Call.from_number == subject.number)
    led_to = select(Contact.task_id).where(Contact.call_id.in_(shown))
    theirs = or_(CallbackTask.call_id.in_(shown), CallbackTask.id.in_(led_to))
    named = select(CallbackTask.id).where(CallbackTask.id.in_(subject.task_ids), ~theirs)
    return session.scalars(named.order_by(CallbackTask.id)).all() if subject.number else ()


def without(session: Session, subject: Subject, named: Collection[int]) -> Subject:
    """The subject without these tasks, and without the withheld calls that belong to them alone."""
    if not named:
        return subject
    kept = tuple(task_id for task_id in subject.task_ids if task_id not in named)
    of_kept = select(_CALLS.call_id).where(_CALLS.task_id.in_(kept))
    calls = select(Call.id).where(
        Call.id.in_(subject.call_ids), or_(Call.from_number == subject.number, Call.id.in_(of_kept))
    )
    return replace(subject, task_ids=kept, call_ids=tuple(session.scalars(calls.order_by(Call.id))))
