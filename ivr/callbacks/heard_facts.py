"""Takes a key fact of a message over into its task, after a member has said so. Nothing is taken over by itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import claims, collaboration, contacts, events, search_index
from ivr.callbacks.refused import Refused, require_workable
from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.domain.enums import FactKind, Refusal, TaskEventKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contacts import Contact
from ivr.models.voicebox import Recording

#: Facts that a member can take over; the others are lit in the text.
TAKEN = (FactKind.PHONE, FactKind.DATE, FactKind.FILE, FactKind.NAME)


def take(
    session: Session, task: CallbackTask, recording: Recording, user: User, kind: FactKind, value: str, note: str,
    now: datetime,
) -> None:  # fmt: skip
    """Take a fact over: a number becomes the one to call back, a name the caller's, anything else the `note`.

    Raises:
        Refused: `claimed`, `closed` or `restricted`; `no_number` for one that cannot be called, or the hotline's own;
            `unconfirmed` where a change by receipt code waits for its confirmation.
    """
    require_workable(task, user)
    if kind == FactKind.PHONE:
        _take_number(session, task, recording.message.contact, user, value, now)
    elif kind == FactKind.NAME:
        collaboration.name_caller(session, task, user, value, now)
    else:
        events.note(session, task, user, note, now)
    claims.mark_used(session, task, user, now)


def _take_number(
    session: Session, task: CallbackTask, contact: Contact | None, user: User, value: str, now: datetime
) -> None:
    number = phone_numbers.dialable(value)
    if number is None or number in settings().own_numbers:  # many name the number that they have called
        raise Refused(Refusal.NO_NUMBER)
    if contact is not None:
        if contact.is_unconfirmed:
            raise Refused(Refusal.UNCONFIRMED)
        contact.callback_number = number
        contacts.note_agreement(session, contact)
    if contact is None or contacts.is_first(contact, task) or task.callback_number is None:
        task.callback_number = number
    events.record(session, task.id, TaskEventKind.NUMBER_GIVEN, now, user_id=user.id)
    session.flush()
    search_index.index(session, task)
