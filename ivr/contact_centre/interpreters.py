"""Interpreters (Sprachmittler*innen) and companions (Vertrauenspersonen): brought into a conversation by telephone.

Source: "Sprachmittler*innen können dazugeschaltet werden", "Familienmitglieder, Freunde, Vertrauenspersonen". The pool
is tried in its order until one presses the key; how long that took, how long they stayed, and that nobody could be had
is recorded.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.accounts import staff_telephones
from ivr.config.sections import InterpreterSettings
from ivr.config.settings import settings
from ivr.contact_centre import conversations
from ivr.domain import opening_hours, phone_numbers
from ivr.domain.enums import ConversationKind, ConversationState, InterpreterRequestState, LegRole, LegState, WorkKind
from ivr.domain.languages import UNKNOWN_LANGUAGE
from ivr.models.accounts import User
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg, Presence, QueueEntry
from ivr.platform import outbox


class CannotBeRung(ValueError):
    """The number must not be dialled, or is none."""


def request(
    session: Session, conversation: Conversation, now: datetime, *, by: User | None = None, language: str = ""
) -> InterpreterRequest:
    """Request an interpreter of the caller's language, one at a time. Without `by`: no member has asked for one."""
    if language:
        _found_out(conversation, language)
    language = language or conversation.language
    open_already = select(InterpreterRequest).where(
        InterpreterRequest.conversation_id == conversation.id,
        InterpreterRequest.role == LegRole.INTERPRETER,
        InterpreterRequest.language == language,
        InterpreterRequest.state == InterpreterRequestState.LOOKING,
    )
    if known := session.scalar(open_already):
        return known
    wanted = InterpreterRequest(
        conversation_id=conversation.id,
        role=LegRole.INTERPRETER,
        language=language,
        state=InterpreterRequestState.LOOKING,
        requested_by_id=by.id if by else None,
        requested_at=now,
    )
    session.add(wanted)
    session.flush()
    try_next(session, wanted, now)
    return wanted


def _found_out(conversation: Conversation, language: str) -> None:
    """Note on the task which language the caller speaks, where nobody knew it until the call."""
    task = conversation.task
    if task is not None and task.language == UNKNOWN_LANGUAGE:
        task.language, task.unlisted_language = language, language not in settings().enabled_languages


def bring_companion(
    session: Session, conversation: Conversation, entered: str, by: User, now: datetime
) -> InterpreterRequest:
    """Ring the companion at the number that the caller has named.

    Raises:
        CannotBeRung: for what is no number, or one that is never dialled, as those of other countries; for a number
            of the house, or of a member's telephone.
    """
    number = phone_numbers.dialable(entered)
    if number is None or not settings().may_be_called(number) or _is_of_the_house(session, number):
        raise CannotBeRung(entered)
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
    conversations.add_leg(session, conversation, LegRole.COMPANION, number, now, request_id=wanted.id)
    return wanted


def _is_of_the_house(session: Session, number: str) -> bool:
    """Whether a number is the hotline's, one that telephone systems show for the house, or a member's telephone."""
    if settings().is_house_number(number):
        return True
    if session.scalar(select(Presence.user_id).where(Presence.number == number).limit(1)) is not None:
        return True
    return staff_telephones.is_one(session, number)


def pool(language: str, now: datetime) -> list[InterpreterSettings]:
    """The interpreters of a language who work now, in the order in which they are tried."""
    return [
        one for one in settings().interpreters if language in one.languages and opening_hours.is_open(one.hours, now)
    ]


def can_be_asked(language: str, now: datetime) -> bool:
    """Whether an interpreter can be looked for: not where nobody knows the language, unless somebody takes those too.

    Then the call itself has to tell which language it is.
    """
    return language != UNKNOWN_LANGUAGE or bool(pool(language, now))


def try_next(session: Session, wanted: InterpreterRequest, now: datetime) -> Leg | None:
    """Ring the next interpreter who has not been tried and is not talking. If there is none, the request is unmet."""
    if wanted.state != InterpreterRequestState.LOOKING:
        return None
    tried = {*session.scalars(select(Leg.name).where(Leg.request_id == wanted.id))}
    busy = {*session.scalars(select(Leg.number).where(Leg.role == LegRole.INTERPRETER, Leg.state != LegState.ENDED))}
    for one in pool(wanted.language, now) if wanted.role == LegRole.INTERPRETER else ():
        if one.name not in tried and one.number not in busy:
            conversation = session.get_one(Conversation, wanted.conversation_id)
            return conversations.add_leg(
                session, conversation, LegRole.INTERPRETER, one.number, now, request_id=wanted.id, name=one.name
            )
    wanted.state, wanted.ended_at = InterpreterRequestState.UNMET, now
    if wanted.role == LegRole.INTERPRETER:
        outbox.add(session, WorkKind.TELL_NO_INTERPRETER, wanted.conversation_id, urgent=True)
    return None


def joined(session: Session, leg: Leg, now: datetime) -> None:
    """Note that an interpreter or companion is connected."""
    wanted = session.get(InterpreterRequest, leg.request_id or 0)
    if wanted is not None and wanted.state in (InterpreterRequestState.LOOKING, InterpreterRequestState.UNMET):
        wanted.state, wanted.joined_at, wanted.ended_at = InterpreterRequestState.JOINED, now, None


def gone(session: Session, leg: Leg, now: datetime) -> None:
    """Note that the leg of an interpreter or companion has ended; before they joined, the next one is tried."""
    wanted = session.get(InterpreterRequest, leg.request_id or 0)
    if wanted is None:
        return
    if wanted.state == InterpreterRequestState.JOINED:
        wanted.ended_at = wanted.ended_at or now
        conversation = leg.conversation
        if (
            conversation.kind == ConversationKind.CALLBACK
            and conversation.state == ConversationState.PREPARING
            and wanted.role == LegRole.INTERPRETER
        ):
            request(session, conversation, now)  # gone while the caller's telephone rings: another one
    else:
        try_next(session, wanted, now)


def cancel(session: Session, conversation: Conversation, now: datetime) -> None:
    """Stop looking for interpreters, because the conversation is over."""
    looking = select(InterpreterRequest).where(
        InterpreterRequest.conversation_id == conversation.id,
        InterpreterRequest.state == InterpreterRequestState.LOOKING,
    )
    for wanted in session.scalars(looking).all():
        wanted.state, wanted.ended_at = InterpreterRequestState.CANCELED, now


def wanted_of(session: Session, call: Call) -> str | None:
    """The language for which an interpreter was last wanted in a call."""
    asked = (
        select(InterpreterRequest.language)
        .join(Conversation, Conversation.id == InterpreterRequest.conversation_id)
        .join(QueueEntry, QueueEntry.id == Conversation.entry_id)
        .where(QueueEntry.call_id == call.id, InterpreterRequest.role == LegRole.INTERPRETER)
    )
    return session.scalar(asked.order_by(InterpreterRequest.id.desc()).limit(1))


def latest_language(session: Session, conversation: Conversation) -> str | None:
    """The language of the latest request for an interpreter in a conversation."""
    asked = select(InterpreterRequest.language).where(
        InterpreterRequest.conversation_id == conversation.id, InterpreterRequest.role == LegRole.INTERPRETER
    )
    return session.scalar(asked.order_by(InterpreterRequest.id.desc()).limit(1))


def unmet(session: Session, conversation: Conversation) -> bool:
    """Whether an interpreter was wanted and could not be had."""
    found = select(InterpreterRequest.id).where(
        InterpreterRequest.conversation_id == conversation.id,
        InterpreterRequest.role == LegRole.INTERPRETER,
        InterpreterRequest.state == InterpreterRequestState.UNMET,
    )
    return session.scalar(found.limit(1)) is not None
