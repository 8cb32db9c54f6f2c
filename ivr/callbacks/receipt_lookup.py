"""Looks up keyed-in receipt codes (Anfragenummern), as often as somebody may try."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import contacts, guessing
from ivr.callbacks.guessing import Guesser
from ivr.models.contacts import Contact


class Locked(Exception):
    """Too many wrong codes; a new call may try again."""


def find(session: Session, code: str, who: Guesser, now: datetime) -> Contact | None:
    """The contact of a receipt code; None, and one try counted, if there is none.

    Raises:
        Locked: there were too many wrong codes before.
    """
    if not guessing.may_try(session, who, now):
        raise Locked
    contact = contacts.answering(session, code, now)
    if contact is None:
        guessing.note(session, who, now)
    return contact
