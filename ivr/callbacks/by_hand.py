"""Opens a callback task for what did not come by a call to the hotline: a visit, a letter, an e-mail, another line."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ivr.callbacks import collaboration, events, intake
from ivr.callbacks.refused import Refused
from ivr.callbacks.request import Request
from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.domain.enums import CallEnding, CallRowState, Concern, ContactSource, Refusal, TaskKind
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call

#: How a request may have come that a member writes down.
SOURCES = tuple(source for source in ContactSource if source != ContactSource.CALL)


@dataclass(frozen=True)
class Entry:
    """What a member has written down. Empty: not known."""

    source: ContactSource
    concern: Concern
    language: str
    #: As somebody has written it.
    number: str = ""
    name: str = ""
    text: str = ""


def open_task(session: Session, entry: Entry, user: User, now: datetime) -> CallbackTask:
    """The task of an entry, with the promises of a call that came now, and a receipt code of its own.

    Raises:
        Refused: `no_number` where the number is none that can be called, or the hotline's own; `note_needed` where
            neither a number nor a word tells whom to call about what.
    """
    number = phone_numbers.dialable(entry.number) if entry.number.strip() else None
    if entry.number.strip() and (number is None or settings().is_house_number(number)):
        raise Refused(Refusal.NO_NUMBER)
    if number is None and not entry.text.strip():
        raise Refused(Refusal.NOTE_NEEDED)
    call = Call(
        call_sid=f"hand-{secrets.token_hex(16)}",
        source=entry.source,
        language=entry.language,
        concern=entry.concern,
        state=CallRowState.ENDED,
        ending=CallEnding.PROMISED,
        started_at=now,
        ended_at=now,
    )
    session.add(call)
    session.flush()
    kind = TaskKind.APPOINTMENT if entry.concern == Concern.APPOINTMENT else TaskKind.CALLBACK
    contact = intake.contact_for(session, call, Request(kind=kind, concern=entry.concern), now)
    intake.give_number(session, contact, number, now)  # no telephone has shown it: it identifies nobody
    task = contact.task
    if entry.name.strip():
        collaboration.name_caller(session, task, user, entry.name, now)
    events.note(session, task, user, entry.text, now)
    return task
