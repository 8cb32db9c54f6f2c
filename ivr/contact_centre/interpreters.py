"""Wishes for interpreters (Sprachmittler*innen): that somebody is wanted in a conversation, and what came of it.

Source: "Sprachmittler*innen können dazugeschaltet werden". How long it took until one came, how long they stayed, and
that nobody could be had is recorded. Who is rung is decided in :mod:`ivr.contact_centre.interpreter_search`; when
somebody is looked for, in :mod:`ivr.contact_centre.conversation_control`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from ivr.callbacks import contacts
from ivr.config.settings import settings
from ivr.contact_centre import conversations, interpreter_bookings, interpreter_pool
from ivr.domain.enums import ConversationKind, InterpreterRequestState, LegRole
from ivr.domain.languages import UNKNOWN_LANGUAGE
from ivr.models.accounts import User
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg, QueueEntry
from ivr.models.contacts import Contact


def request(
    session: Session, conversation: Conversation, now: datetime, *, by: User | None = None, language: str = ""
) -> InterpreterRequest:
    """Write down that an interpreter is wanted. Without `by`: no member has asked for one."""
    if language:
        _found_out(conversation, language)
    conversation.caller_asked = False  # what they said when nobody came is about that search
    wanted = InterpreterRequest(
        conversation_id=conversation.id,
        role=LegRole.INTERPRETER,
        language=language or conversation.language,
        state=InterpreterRequestState.LOOKING,
        requested_by_id=by.id if by else None,
        requested_at=now,
    )
    session.add(wanted)
    session.flush()
    return wanted


def _wishes(conversation: Conversation) -> ColumnElement[bool]:
    """The condition for the wishes for an interpreter in a conversation."""
    return and_(InterpreterRequest.conversation_id == conversation.id, InterpreterRequest.role == LegRole.INTERPRETER)


def latest(session: Session, conversation: Conversation) -> InterpreterRequest | None:
    """The latest wish for an interpreter in a conversation."""
    asked = select(InterpreterRequest).where(_wishes(conversation))
    return session.scalar(asked.order_by(InterpreterRequest.id.desc()).limit(1))


def is_looking(session: Session, conversation: Conversation) -> bool:
    """Whether an interpreter is being looked for."""
    wanted = latest(session, conversation)
    return wanted is not None and wanted.state == InterpreterRequestState.LOOKING


@dataclass(frozen=True)
class Search:
    """What is known of a search that goes on: since when, how many were rung, how many of the pool can be rung."""

    language: str
    since: datetime
    rung: int
    on_duty: int


def search(session: Session, conversation: Conversation, now: datetime) -> Search | None:
    """The search that goes on in a conversation."""
    wanted = latest(session, conversation)
    if wanted is None or wanted.state != InterpreterRequestState.LOOKING:
        return None
    rung = select(func.count(Leg.id)).where(Leg.request_id == wanted.id, Leg.created_at <= now)
    on_duty = len(interpreter_pool.on_duty(session, wanted.language, now))
    return Search(wanted.language, wanted.requested_at, session.scalar(rung) or 0, on_duty)


def is_needless(session: Session, conversation: Conversation, wanted: InterpreterRequest) -> bool:
    """Whether who has the conversation now speaks the language, and it was a colleague who needed an interpreter."""
    by_member = wanted.requested_by_id in [leg.user_id for leg in conversations.members_of(conversation)]
    if wanted.language != conversation.language or (wanted.requested_by_id is not None and by_member):
        return False
    task = conversation.task if conversation.kind == ConversationKind.CALLBACK else None
    return (task is None or not task.needs_interpreter) and conversations.share_a_language(session, conversation)


def count(session: Session, wanted: InterpreterRequest) -> int:
    """How many times an interpreter of this language has been looked for in a conversation."""
    same = (InterpreterRequest.role == LegRole.INTERPRETER, InterpreterRequest.language == wanted.language)
    theirs = select(func.count(InterpreterRequest.id)).where(*same)
    return session.scalar(theirs.where(InterpreterRequest.conversation_id == wanted.conversation_id)) or 0


def is_interpreted(conversation: Conversation, language: str) -> bool:
    """Whether somebody who interprets a language is in a conversation, whatever was wanted after them."""
    there = conversations.with_role(conversation, LegRole.INTERPRETER, conversations.ON_THE_LINE)
    return any(leg.accepted_at is not None and leg.request and leg.request.language == language for leg in there)


def _found_out(conversation: Conversation, language: str) -> None:
    """Note on the task which language the caller speaks, where nobody knew it until the call."""
    task = conversation.task
    if task is not None and task.language == UNKNOWN_LANGUAGE:
        task.language, task.unlisted_language = language, language not in settings().enabled_languages


def accepted(session: Session, leg: Leg, now: datetime) -> bool:
    """Note that an interpreter or companion has pressed the key; False if somebody else was quicker, or it is over."""
    wanted = session.get(InterpreterRequest, leg.request_id or 0)
    if wanted is None or leg.accepted_at is not None:
        return True
    if wanted.state not in (InterpreterRequestState.LOOKING, InterpreterRequestState.UNMET):
        return False
    wanted.state, wanted.joined_at, wanted.ended_at = InterpreterRequestState.JOINED, now, None
    if wanted.role == LegRole.INTERPRETER:
        interpreter_bookings.came(session, leg, wanted, now)
    return True


def gone(session: Session, leg: Leg, now: datetime) -> None:
    """Note that the leg of an interpreter or companion has ended."""
    wanted = session.get(InterpreterRequest, leg.request_id or 0)
    if wanted is None:
        return
    if wanted.state == InterpreterRequestState.JOINED and leg.accepted_at is not None:
        wanted.ended_at = wanted.ended_at or now
    elif wanted.role == LegRole.COMPANION and wanted.state == InterpreterRequestState.LOOKING:
        wanted.state, wanted.ended_at = InterpreterRequestState.UNMET, now


def cancel(session: Session, conversation: Conversation, roles: Sequence[LegRole], now: datetime) -> None:
    """Stop looking for interpreters or companions: the conversation is over, or somebody else is wanted."""
    looking = select(InterpreterRequest).where(
        InterpreterRequest.conversation_id == conversation.id,
        InterpreterRequest.role.in_(roles),
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


def note_wanted(session: Session, call: Call, contact: Contact) -> None:
    """Note that a contact needs an interpreter, for the language that was wanted in the call."""
    contact.task.needs_interpreter = True
    if wanted := wanted_of(session, call):
        contact.language = wanted
        if contacts.is_first(contact, contact.task):
            contact.task.language = wanted


def caller_is_asked(session: Session, call_sid: str) -> None:
    """Note that a caller hears the question what to do without an interpreter. After this search nobody asks again."""
    if leg := conversations.leg_of(session, call_sid):
        leg.conversation.caller_asked = True


def unmet(session: Session, conversation: Conversation) -> bool:
    """Whether an interpreter was wanted and could not be had."""
    unmet = InterpreterRequest.state == InterpreterRequestState.UNMET
    return session.scalar(select(InterpreterRequest.id).where(_wishes(conversation), unmet).limit(1)) is not None
