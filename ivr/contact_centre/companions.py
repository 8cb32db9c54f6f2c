"""Companions (Vertrauenspersonen), offices and partners: whom a member fetches into a conversation at a number.

Source: "Familienmitglieder, Freunde, Vertrauenspersonen".
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.accounts import staff_telephones
from ivr.callbacks.refused import Refused
from ivr.config.settings import settings
from ivr.contact_centre import conversations, directory
from ivr.domain import phone_numbers
from ivr.domain.enums import DirectoryKind, InterpreterRequestState, LegRole, Refusal
from ivr.models.accounts import User
from ivr.models.contact_centre import Conversation, InterpreterRequest, Presence


class CannotBeRung(ValueError):
    """The number must not be dialled, or is none."""


def number_of_companion(session: Session, entered: str) -> str:
    """The number of a companion, in E.164, as the caller has named it.

    Raises:
        CannotBeRung: for what is no number, or one that is never dialled, as those of other countries; for a number
            of the house, or of a member's telephone.
    """
    number = phone_numbers.dialable(entered)
    if number is None or not settings().may_be_called(number) or _is_of_the_house(session, number):
        raise CannotBeRung(entered)
    return number


def listed(session: Session, entry_id: int, now: datetime) -> tuple[str, str]:
    """Number and name of an office or a partner of the directory who answers now.

    Raises:
        Refused: `not_listed`; `not_open_now`: nobody answers there now.
        CannotBeRung: the number is not dialled any more, because the settings have changed.
    """
    entry = directory.one(session, entry_id)
    if entry.kind == DirectoryKind.INTERPRETER:
        raise Refused(Refusal.NOT_LISTED)
    if not directory.reach(entry, now).is_open:
        raise Refused(Refusal.NOT_OPEN_NOW)
    if not settings().may_be_called(entry.number) or settings().is_house_number(entry.number):
        raise CannotBeRung(entry.number)
    return entry.number, entry.name


def request_companion(
    session: Session, conversation: Conversation, number: str, by: User, now: datetime
) -> InterpreterRequest:
    """Write down that somebody is wanted besides caller and member, at a number that may be rung."""
    wanted = InterpreterRequest(
        conversation_id=conversation.id,
        role=LegRole.COMPANION,
        language=conversation.language,
        state=InterpreterRequestState.LOOKING,
        number=number,
        requested_by_id=by.id,
        requested_at=now,
    )
    session.add(wanted)
    session.flush()
    return wanted


def ring_companion(session: Session, conversation: Conversation, now: datetime) -> None:
    """Ring the companion who was wanted last."""
    asked = select(InterpreterRequest).where(
        InterpreterRequest.conversation_id == conversation.id, InterpreterRequest.role == LegRole.COMPANION
    )
    wanted = session.scalars(asked.order_by(InterpreterRequest.id.desc()).limit(1)).one()
    conversations.add_leg(session, conversation, LegRole.COMPANION, wanted.number, now, request_id=wanted.id)


def _is_of_the_house(session: Session, number: str) -> bool:
    """Whether a number is the hotline's, one that telephone systems show for the house, or a member's telephone."""
    if settings().is_house_number(number):
        return True
    if session.scalar(select(Presence.user_id).where(Presence.number == number).limit(1)) is not None:
        return True
    return staff_telephones.is_one(session, number)
