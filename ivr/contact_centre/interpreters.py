"""Interpreters (Sprachmittler*innen) and companions (Vertrauenspersonen): brought into a conversation by telephone.

Source: "Sprachmittler*innen können dazugeschaltet werden", "Familienmitglieder, Freunde, Vertrauenspersonen". The pool
(:mod:`ivr.contact_centre.interpreter_pool`) is tried in its order, two at a time, until one presses the key; how long
that took, how long they stayed, and that nobody could be had is recorded. When somebody is looked for is decided in
:mod:`ivr.contact_centre.conversation_control`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from ivr.accounts import staff_telephones
from ivr.callbacks import contacts
from ivr.callbacks.refused import Refused
from ivr.calls import going_on
from ivr.config.settings import settings
from ivr.contact_centre import conversations, directory, interpreter_bookings, interpreter_pool
from ivr.contact_centre.interpreter_pool import Interpreter
from ivr.domain import phone_numbers
from ivr.domain.enums import (
    ConversationKind,
    DirectoryKind,
    InterpreterRequestState,
    LegRole,
    LegState,
    Refusal,
    WorkKind,
)
from ivr.domain.languages import UNKNOWN_LANGUAGE
from ivr.models.accounts import User
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, InterpreterRequest, Leg, Presence, QueueEntry
from ivr.models.contacts import Contact
from ivr.platform import outbox

#: Time after which the next interpreter is rung beside one who has not answered yet.
BESIDE_AFTER = timedelta(seconds=8)
#: Interpreters who are rung for the same wish at once.
_AT_ONCE = 2


class CannotBeRung(ValueError):
    """The number must not be dialled, or is none."""


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


def can_be_asked(session: Session, language: str, now: datetime) -> bool:
    """Whether an interpreter can be looked for: not where nobody knows the language, unless somebody takes those too.

    Then the call itself has to tell which language it is.
    """
    return language != UNKNOWN_LANGUAGE or bool(interpreter_pool.on_duty(session, language, now))


def ring_next(session: Session, wanted: InterpreterRequest, now: datetime) -> bool:
    """Ring the next interpreter, and plan the one after for a while later. False if nobody is left who could come."""
    if wanted.state != InterpreterRequestState.LOOKING:
        return True
    legs = session.scalars(select(Leg).where(Leg.request_id == wanted.id).order_by(Leg.id)).all()
    active = [leg for leg in legs if leg.state != LegState.ENDED]
    planned = [leg for leg in active if is_planned(leg, now)]
    if planned:
        planned[0].created_at = now
        outbox.add(session, WorkKind.RING_LEG, planned[0].id, urgent=True)
    elif leg := _add_next(session, wanted, now, now):
        active.append(leg)
    elif not active:
        wanted.state, wanted.ended_at = InterpreterRequestState.UNMET, now
        return False
    if len(active) < _AT_ONCE:
        _add_next(session, wanted, now + BESIDE_AFTER, now)
    return True


def _add_next(session: Session, wanted: InterpreterRequest, at: datetime, now: datetime) -> Leg | None:
    """Add the leg of the next interpreter who has not been tried and is in no call, to be rung at an instant."""
    conversation = session.get_one(Conversation, wanted.conversation_id)
    left_out = {*session.scalars(select(Leg.number).where(Leg.request_id == wanted.id)), *_busy(session, now)}
    left_out |= interpreter_bookings.reserved(session, conversation, now)
    if conversation.task is not None:  # an interpreter has a request of their own
        left_out.add(conversation.task.callback_number)
    for one in _in_order(session, conversation, wanted, now):
        if one.number not in left_out and not going_on.is_calling(session, one.number, now):
            interpreter_bookings.rung(session, conversation, one.number, wanted.language, now)
            leg = conversations.add_leg(
                session, conversation, LegRole.INTERPRETER, one.number, at, ring=False, request_id=wanted.id,
                name=one.name,
            )  # fmt: skip
            outbox.add(session, WorkKind.RING_LEG, leg.id, urgent=True, run_after=at if at > now else None)
            return leg
    return None


def _in_order(
    session: Session, conversation: Conversation, wanted: InterpreterRequest, now: datetime
) -> list[Interpreter]:
    """Who may be rung for a wish: the one who is booked for it, then those on duty."""
    if wanted.role != LegRole.INTERPRETER:
        return []
    booking = interpreter_bookings.due(session, conversation, wanted.language, now)
    everybody = interpreter_pool.everybody(session) if booking is not None else []
    booked = [one for one in everybody if booking is not None and one.number == booking.number]
    return [*booked, *interpreter_pool.on_duty(session, wanted.language, now)]


def _busy(session: Session, now: datetime) -> set[str | None]:
    """The numbers that are rung or talk, in whatever role: an interpreter may be in a call as somebody's companion."""
    engaged = select(Leg.number).where(Leg.number.is_not(None), Leg.state != LegState.ENDED, Leg.created_at <= now)
    return {*session.scalars(engaged)}


def is_planned(leg: Leg, now: datetime) -> bool:
    """Whether a telephone is to be rung later, beside one that rings now."""
    return leg.state == LegState.WANTED and leg.call_sid is None and leg.created_at > now


def may_be_rung(session: Session, leg: Leg, now: datetime) -> bool:
    """Whether an interpreter who was planned is still wanted, and is in no other call meanwhile."""
    wanted = leg.request
    looking = wanted is not None and wanted.state == InterpreterRequestState.LOOKING
    return looking and not is_in_another_call(session, leg, now)


def is_in_another_call(session: Session, leg: Leg, now: datetime) -> bool:
    """Whether a person is in another call with us, or is rung for one. A listed number has lines enough for several."""
    if leg.role == LegRole.COMPANION and leg.name is not None:
        return False
    engaged = Leg.state.in_((LegState.RINGING, LegState.ANSWERED, LegState.JOINED))
    dialled = and_(Leg.state == LegState.WANTED, Leg.call_sid.is_not(None))  # it will ring in a moment
    elsewhere = select(Leg.id).where(Leg.number == leg.number, Leg.id != leg.id, or_(engaged, dialled))
    return session.scalar(elsewhere.limit(1)) is not None or going_on.is_calling(session, leg.number, now)


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


def unmet(session: Session, conversation: Conversation) -> bool:
    """Whether an interpreter was wanted and could not be had."""
    unmet = InterpreterRequest.state == InterpreterRequestState.UNMET
    return session.scalar(select(InterpreterRequest.id).where(_wishes(conversation), unmet).limit(1)) is not None
