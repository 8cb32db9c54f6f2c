"""What a caller adds in the very call that has opened a task, while members may work on it already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import events, intake, workflow
from ivr.callbacks.request import Request
from ivr.domain.enums import TaskEventKind, TaskState
from ivr.models.contacts import Contact


def take(session: Session, contact: Contact, request: Request, now: datetime) -> None:
    """Take over further answers; who works on the task learns of them before they can close it."""
    before = _answers(contact)
    with task_kept_open(session, contact, now):
        intake.complete(session, contact, request)
    if contact.task.state == TaskState.CLAIMED and _answers(contact) != before:
        events.record(session, contact.task_id, TaskEventKind.ANSWERED, now)


@contextmanager
def task_kept_open(session: Session, contact: Contact, now: datetime) -> Iterator[None]:
    """Open a task again that was closed in the meantime, if the body of a `with` adds something to its contact.

    Its caller is promised an answer to what they say now.
    """
    before = _answers(contact), contact.callback_number
    yield
    if contact.task.state == TaskState.CLOSED and (_answers(contact), contact.callback_number) != before:
        workflow.reopen_for_caller(session, contact.task, now)


def _answers(contact: Contact) -> dict[str, str]:
    """What was answered that a member has to know."""
    return {name: value for name, value in contact.about.items() if name != "called_before"}
