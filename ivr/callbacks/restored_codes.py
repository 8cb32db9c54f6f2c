"""Receipt codes of requests that a restored database has lost, and whose recordings are there: they answer again."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.callbacks import contacts, search_index
from ivr.domain import receipt_codes
from ivr.models.callbacks import CallbackTask
from ivr.models.contacts import Contact


def give_back(session: Session, contact: Contact, code: str | None) -> None:
    """Give a contact that has just been made anew the code that its caller was told, unless it is another one's now."""
    if not code or not receipt_codes.is_code(code) or contacts.by_code(session, code) is not None:
        return
    if session.scalar(select(CallbackTask.id).where(CallbackTask.receipt_code == code)) is not None:
        return
    task = contact.task
    if contacts.is_first(contact, task):
        task.receipt_code = code
    contact.receipt_code = code
    search_index.index(session, task)
