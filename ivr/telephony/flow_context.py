"""Answers the call script's questions for one webhook request, and recognises the number of a new call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.callbacks import receipt_lookup, request_status, silent_callers, sms
from ivr.callbacks.guessing import Guesser
from ivr.callbacks.request import Request
from ivr.calls import known_numbers, screening
from ivr.calls.recognition import KnownNumber
from ivr.config.settings import settings
from ivr.contact_centre import call_queue, queue_order
from ivr.domain import carrier_ids, opening_hours, phone_numbers
from ivr.domain.enums import (
    AnsweredQuestion,
    CallQueueState,
    Concern,
    RecordingState,
    RequestStatus,
    RoutingQuestion,
    Screening,
    SimulatedHours,
    TaskKind,
)
from ivr.flows.protocol import StatusAnswer
from ivr.flows.state import CallState, changed
from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.notices import present
from ivr.platform import database, write_behind
from ivr.telephony import spoken_words
from ivr.telephony.prompt_values import PromptValues

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FlowContext:
    """Implements :class:`ivr.flows.steps.Questions` for one request of one call."""

    call_sid: str
    #: Reads the caller's number (E.164, None where it is not shown). Few turns need it, and reading it takes long.
    from_number: Callable[[], str | None]
    now: datetime
    #: Identifies the carrier's request, which may be delivered again.
    request_identity: Callable[[], str] = lambda: ""

    def at(self, state: CallState) -> datetime:
        """The present instant.

        In local mode a caller may simulate another one for the begin of the call, from which the time goes on.
        """
        simulated = state.simulated_time if settings().local else None
        if not isinstance(simulated, datetime):
            return self.now
        return simulated + (self.now - (state.began_at or self.now))

    def team_is_open(self, state: CallState) -> bool:
        """Whether it is within opening hours; in local mode a caller may simulate that."""
        simulated = state.simulated_time if settings().local else None
        if isinstance(simulated, SimulatedHours):
            return simulated == SimulatedHours.OPEN
        return opening_hours.is_open(present.hours(), self.at(state))

    def announcement_runs(self, state: CallState) -> bool:
        """Whether callers are told something today."""
        return present.announcement(self.at(state)) is not None

    def has_answer(self, question: AnsweredQuestion, state: CallState) -> bool:
        """Whether the authority has answered a frequent question in the caller's language."""
        return present.answer(question, state.language) is not None

    def further_languages(self) -> Collection[str]:
        """The keys of languages beyond the menu that the authority has named."""
        return present.notices().languages.keys()

    def queue_state(self, state: CallState) -> CallQueueState:
        """Whether the caller can wait for the responsible team. While the database does not answer, nobody is there.

        Nor for a call whose id the carrier does not know: it could not be told to bring the caller to a member.
        """
        if carrier_ids.is_unknown_to_the_carrier(self.call_sid):
            return CallQueueState.NOBODY
        try:
            with database.reading() as session:
                if state.request.concern == Concern.EMERGENCY and self._holds_a_place(session):
                    return CallQueueState.TAKEN
                return CallQueueState(call_queue.state_for(session, Request.of(state.request).team, self.now))
        except SQLAlchemyError:
            return CallQueueState.NOBODY

    def place_is_kept(self, state: CallState) -> bool:
        """Whether a place in the team's queue is kept for the telephone. No, while the database does not answer."""
        number = self.from_number()
        if number is None or state.screened is not None:
            return False
        try:
            with database.reading() as session:
                return queue_order.kept_for(session, number, Request.of(state.request).team, self.now) is not None
        except SQLAlchemyError:
            return False

    def _holds_a_place(self, session: Session) -> bool:
        """Whether a screened number has an entry already. It may have one at most, even for emergencies."""
        number = self.from_number()
        if number is None or not call_queue.waits_already(session, number):
            return False
        return screening.is_held_off(number) or screening.is_blocked(session, number, self.now)

    def recording_is_ready(self, state: CallState) -> bool:
        """Whether all parts of the last message are stored here. No, while the database does not answer."""
        numbers = state.request.parts or (state.recording_number,)
        try:
            return all(stored_recording(self.call_sid, number) is not None for number in numbers)
        except SQLAlchemyError:
            return False

    def decides(self, question: RoutingQuestion, state: CallState) -> bool:
        """Whether the responsible team depends on the answer to a question."""
        request = Request.of(state.request)
        return settings().decides(question, request.concern, request.age_group or "", request.office)

    def office_of(self, postal_code: str) -> str | None:
        """The office responsible for a postal code, None outside Bremen."""
        return settings().office_of(postal_code)

    def shown_number(self) -> str:
        """The number (E.164) that the caller's telephone shows, to be compared with those of other calls; or empty."""
        return self.from_number() or ""

    def is_ours(self, number: str) -> bool:
        """Whether a number is the hotline's, or another of its own."""
        return number in settings().own_numbers

    def may_be_called(self, number: str) -> bool:
        """Whether a number (E.164) is in a country that is called."""
        return settings().may_be_called(number)

    def may_be_texted(self, number: str) -> bool:
        """Whether a number (E.164) is in a country to which text messages are sent."""
        return settings().may_be_texted(number)

    def texts_are_sent(self) -> bool:
        """Whether text messages are sent at all."""
        return settings().sends_texts

    def link_can_be_sent(self, number: str) -> bool:
        """Whether a text message with the link can be sent to a number now; not while the database does not answer."""
        try:
            with database.writing() as session:
                return sms.can_get_link(session, self.call_sid, number, self.now)
        except SQLAlchemyError:
            log.exception("it is not known whether a text message may be sent")
            return False

    def can_be_called_back(self, state: CallState) -> bool:
        """Whether the caller's telephone shows a number that may be called back; no screened one, none of ours."""
        number = self.from_number()
        if number is None or state.screened is not None or self.is_ours(number):
            return False
        return phone_numbers.dialable(number) is not None and settings().may_be_called(number)

    def silence_is_answered(self, state: CallState) -> bool:
        """Whether that number is called back though nothing was pressed. No, while the database does not answer."""
        if not self.can_be_called_back(state):
            return False
        try:
            with database.reading() as session:
                return silent_callers.may_be_called(session, self.call_sid, self.from_number() or "", self.now)
        except SQLAlchemyError:
            return False

    def understands(self, language: str) -> bool:
        """Whether a few spoken words of a language can be understood now."""
        return spoken_words.are_understood(language)

    def works_in_time(self, state: CallState) -> bool:
        """Whether members work within the time in which callers are usually called back."""
        return self.values(state).usual_deadline() is not None

    def request_status(self, state: CallState) -> StatusAnswer:
        """Status of the request with the entered receipt code. Wrong codes are counted."""
        code, present = state.asked_code, replace(state.request, changes="")
        try:
            with database.writing() as session:
                who = Guesser(self.from_number(), self.call_sid, self.request_identity())
                contact = receipt_lookup.find(session, code, who, self.now)
                if contact is None:
                    return StatusAnswer(RequestStatus.UNKNOWN, present)
                return self._status_of(contact, code, state)
        except receipt_lookup.Locked:
            return StatusAnswer(RequestStatus.LOCKED, present)
        except SQLAlchemyError:
            log.exception("a receipt code could not be looked up")
            return StatusAnswer(RequestStatus.LOCKED, present)

    def _status_of(self, contact: Contact, code: str, state: CallState) -> StatusAnswer:
        status, told = request_status.status_for_caller(contact, self.at(state))
        slots: dict[str, Any] = {"due_at": None, "tried_at": None, "appointment_at": None, **told}
        request = state.knowing(**slots).request
        if status not in request_status.OVER:
            lacks, uncallable = request_status.lacks_number(contact), not request_status.has_number(contact)
            found = replace(request, changes=code, receipt_code=code, lacks_number=lacks, uncallable=uncallable)
            return StatusAnswer(status, found)
        # What the caller wants now is something new, about the same.
        request = replace(request, kind=TaskKind(contact.kind), concern=Concern(contact.concern), changes="")
        return StatusAnswer(status, replace(request, receipt_code="", message_number=0, records_again=False))

    def values(self, state: CallState) -> PromptValues:
        """The values of the prompts' placeholders."""
        simulated = state.simulated_time if settings().local else None
        began_at = simulated if isinstance(simulated, datetime) else state.began_at
        return PromptValues(state, self.at(state), began_at)


def recognised(
    state: CallState, call_sid: str, number: str | None, shown: str | None, dialled: str, now: datetime
) -> CallState:
    """The state of a call that begins, with what is known of its number.

    The language to greet the caller in, that of the dialled number or the one of their last call; and whether the
    number is screened.

    Blocked: by a supervisor. Held off: for minutes, because it calls without end. Untraced: so many calls arrive that
    only requests are written down. `shown`: what the telephone shows, though it may be no number.
    """
    was_counted = screening.was_counted(call_sid)
    often = screening.too_often(shown, call_sid)
    if often and not was_counted:
        write_behind.write_soon(lambda connection: screening.note(connection, shown or screening.WITHHELD, now))
    known = known_numbers.look_up(number, shown, now) if shown else KnownNumber()
    if language := settings().dialled_languages.get(dialled) or known.language:
        state = changed(state, language=language, greeted=True)
    held_off = Screening.HELD_OFF if often and shown else None
    return changed(state, screened=Screening.BLOCKED if known.blocked else held_off, untraced=often)


def stored_recording(call_sid: str, number: int) -> Recording | None:
    """The stored recording of a call with its number in the call, if it is there."""
    with database.reading() as session:
        return session.scalar(
            select(Recording)
            .join(VoiceboxMessage)
            .join(Call)
            .where(
                Call.call_sid == call_sid,
                VoiceboxMessage.recording_number == number,
                Recording.state == RecordingState.STORED,
            )
        )
