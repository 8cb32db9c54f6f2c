"""The conditions of the hotline's branches, and how it reads what is keyed in. They answer; they never act."""

from __future__ import annotations

from ivr.domain import phone_numbers, receipt_codes
from ivr.domain.digits import is_digits
from ivr.domain.enums import (
    AnsweredQuestion,
    AppointmentMode,
    CallQueueState,
    Concern,
    Promised,
    ReplyBy,
    RoutingQuestion,
    Screening,
    TaskKind,
)
from ivr.flows.own_texts import NIGHT_QUESTIONS
from ivr.flows.questions import Condition, Questions
from ivr.flows.state import CallState

#: Recordings that one message may consist of.
MOST_PARTS = 3


def is_screened(state: CallState, _questions: Questions) -> bool:
    """Whether the number is blocked, or has called very often just now."""
    return state.screened is not None


def is_blocked(state: CallState, _questions: Questions) -> bool:
    """Whether a supervisor has blocked the number."""
    return state.screened == Screening.BLOCKED


def language_is_known(state: CallState, _questions: Questions) -> bool:
    """Whether the caller can be greeted in a language: their last one, or the one of the dialled number."""
    return state.greeted


def team_is_open(state: CallState, questions: Questions) -> bool:
    """Whether the team answers calls now."""
    return questions.team_is_open(state)


def announcement_runs(state: CallState, questions: Questions) -> bool:
    """Whether callers are told something today."""
    return questions.announcement_runs(state)


def answers_money(state: CallState, questions: Questions) -> bool:
    """Whether there is an answer to "Where is my money?" in the caller's language."""
    return questions.has_answer(AnsweredQuestion.MONEY, state)


def answers_application(state: CallState, questions: Questions) -> bool:
    """Whether there is an answer to "What do I need for an application?" in the caller's language."""
    return questions.has_answer(AnsweredQuestion.APPLICATION, state)


def answers_office(state: CallState, questions: Questions) -> bool:
    """Whether there is an answer to "Where is my office?" in the caller's language."""
    return questions.has_answer(AnsweredQuestion.OFFICE, state)


def nobody_answers(state: CallState, questions: Questions) -> bool:
    """Whether the team does not answer calls now."""
    return not team_is_open(state, questions)


def answers_are_known(state: CallState, questions: Questions) -> bool:
    """Whether there is at least one answer to a frequent question in the caller's language."""
    return any(questions.has_answer(one, state) for one in NIGHT_QUESTIONS)


def further_languages_are_named(state: CallState, questions: Questions) -> bool:
    """Whether there is a language beyond the menu to choose."""
    return bool(questions.further_languages())


def names_further(key: str) -> Condition:
    """Whether a key has a language beyond the menu."""
    return lambda _state, questions: key in questions.further_languages()


def speaks_further(key: str) -> Condition:
    """Whether the caller has chosen the language beyond the menu that a key has now."""
    return lambda state, questions: state.request.further_key == key and key in questions.further_languages()


def waits_for_interpreter(state: CallState, questions: Questions) -> bool:
    """Whether the caller speaks none of the languages and can be called back: nobody asks them for a recording."""
    return state.request.unlisted_language and questions.can_be_called_back(state)


def somebody_is_there(state: CallState, questions: Questions) -> bool:
    """Whether a member of the responsible team is at a telephone, though perhaps busy."""
    return questions.queue_state(state) != CallQueueState.NOBODY


def queue_has_room(state: CallState, questions: Questions) -> bool:
    """Whether a further caller may wait. A caller with an emergency always may, once."""
    queue = questions.queue_state(state)
    return queue != CallQueueState.TAKEN and (is_emergency(state, questions) or queue != CallQueueState.FULL)


def waits_anew(state: CallState, questions: Questions) -> bool:
    """Whether the caller need not be asked if the place is theirs that is kept for their telephone.

    They are asked where there is one, once a call; not in an emergency, which goes first anyway.
    """
    return is_emergency(state, questions) or state.queue_visit > 0 or not questions.place_is_kept(state)


def is_emergency(state: CallState, _questions: Questions) -> bool:
    """Whether the caller has reported an emergency."""
    return state.request.concern == Concern.EMERGENCY


def age_decides(state: CallState, questions: Questions) -> bool:
    """Whether the team depends on the caller's age and it is not known."""
    return state.request.age_group is None and questions.decides(RoutingQuestion.AGE_GROUP, state)


def office_decides(state: CallState, questions: Questions) -> bool:
    """Whether the team depends on the office and it is not known."""
    return not state.request.office and questions.decides(RoutingQuestion.OFFICE, state)


def office_is_wanted(state: CallState, _questions: Questions) -> bool:
    """Whether to ask for the postal code: not twice, not in an emergency, not after an address was given."""
    return not state.request.office and _has_time(state)


def times_are_wanted(state: CallState, questions: Questions) -> bool:
    """Whether to ask when to call: an emergency is called as soon as possible, forms come by post.

    Whose number cannot be called is asked for no time: no call could keep it.
    """
    return _has_time(state) and number_can_be_called(state, questions)


def writing_is_offered(state: CallState, questions: Questions) -> bool:
    """Whether to offer an answer in writing to who would be asked when to call, but cannot be called."""
    return _has_time(state) and not number_can_be_called(state, questions)


def nobody_can_call(state: CallState, _questions: Questions) -> bool:
    """Whether the request that the caller has looked up has no number that can be called (again)."""
    return state.request.uncallable


def _has_time(state: CallState) -> bool:
    return state.request.concern != Concern.EMERGENCY and state.request.kind != TaskKind.POSTAL_ORDER


def is_called_back_as_usual(state: CallState, questions: Questions) -> bool:
    """Whether the caller is called back within the usual time, at a number that is known."""
    usual = state.request.kind == TaskKind.CALLBACK and not is_emergency(state, questions)
    return usual and not wants_writing(state, questions) and number_can_be_called(state, questions)


def works_in_time(state: CallState, questions: Questions) -> bool:
    """Whether members work within the usual time; else a day is named."""
    return questions.works_in_time(state)


def is_called_within_hours(state: CallState, questions: Questions) -> bool:
    """Whether the caller is called back within the usual hours: no hours are named to anybody else."""
    return is_called_back_as_usual(state, questions) and works_in_time(state, questions)


def wants_writing(state: CallState, _questions: Questions) -> bool:
    """Whether the caller wants the answer by text message or letter, and no call."""
    return state.request.reply_by == ReplyBy.WRITING


def is_appointment(state: CallState, _questions: Questions) -> bool:
    """Whether the caller wishes an appointment, so that more has to be asked."""
    return state.request.kind == TaskKind.APPOINTMENT and not state.request.changes


def reason_is_known(state: CallState, _questions: Questions) -> bool:
    """Whether the questions about an appointment have been answered already."""
    return state.request.training is not None


def is_granted_in_person(state: CallState, _questions: Questions) -> bool:
    """Whether the granted appointment is in a place that is known."""
    return state.request.appointment_mode == AppointmentMode.IN_PERSON and bool(state.request.appointment_place)


def is_granted_by_telephone(state: CallState, _questions: Questions) -> bool:
    """Whether the granted appointment is by telephone."""
    return state.request.appointment_mode == AppointmentMode.TELEPHONE


def is_granted_by_video(state: CallState, _questions: Questions) -> bool:
    """Whether the granted appointment is by video."""
    return state.request.appointment_mode == AppointmentMode.VIDEO


def is_changing(state: CallState, _questions: Questions) -> bool:
    """Whether the caller has looked up a request and is changing it."""
    return bool(state.request.changes)


def lacks_number(state: CallState, _questions: Questions) -> bool:
    """Whether the request that the caller has looked up waits for a call, and nobody can call its number."""
    return state.request.lacks_number and not wants_writing(state, _questions)


def number_is_known(state: CallState, _questions: Questions) -> bool:
    """Whether there is a number to call back: shown by the carrier or keyed in."""
    return bool(state.callback_number)


def number_can_be_called(state: CallState, questions: Questions) -> bool:
    """Whether the number to call back is known, and in a country that is called."""
    return bool(state.callback_number) and questions.may_be_called(state.callback_number)


def number_can_be_texted(state: CallState, questions: Questions) -> bool:
    """Whether a text message can reach the caller's number, and is sent to its country."""
    return phone_numbers.is_mobile(state.callback_number) and questions.may_be_texted(state.callback_number)


def texts_are_sent(_state: CallState, questions: Questions) -> bool:
    """Whether text messages are sent at all: a house without a carrier sends none."""
    return questions.texts_are_sent()


def link_can_be_sent(state: CallState, questions: Questions) -> bool:
    """Whether the link is sent to the caller's number, or was in this call: there are limits."""
    return questions.link_can_be_sent(state.callback_number)


def may_have_called_before(state: CallState, questions: Questions) -> bool:
    """Whether to ask if the caller has called about this before: once, of everybody whose telephone shows a number."""
    asked = state.request.called_before is not None or bool(state.request.changes)
    return not asked and bool(questions.shown_number())


def can_be_called_back(state: CallState, questions: Questions) -> bool:
    """Whether the caller's telephone shows a number that may be called back."""
    return questions.can_be_called_back(state)


def can_report_emergency(state: CallState, questions: Questions) -> bool:
    """Whether the caller has reported an emergency and can be called back about it."""
    return is_emergency(state, questions) and questions.can_be_called_back(state)


def emergency_is_told_at_last(state: CallState, questions: Questions) -> bool:
    """Whether a call back about an emergency is promised when a number has been keyed in: none was shown before."""
    late = is_emergency(state, questions) and not questions.can_be_called_back(state)
    return late and not wants_writing(state, questions) and number_can_be_called(state, questions)


def has_pressed_nothing(state: CallState, _questions: Questions) -> bool:
    """Whether the caller has done nothing in the whole call but hold the line, and perhaps choose a language."""
    return state.is_silent


def silence_is_answered(state: CallState, questions: Questions) -> bool:
    """Whether a caller who does not choose is called back; not after a conversation."""
    return not state.room and questions.silence_is_answered(state)


def is_promised(state: CallState, _questions: Questions) -> bool:
    """Whether a task holds the request."""
    return state.request.promised is not None or bool(state.request.receipt_code)


def is_settled(state: CallState, _questions: Questions) -> bool:
    """Whether the request has a receipt code and nothing more needs to be asked."""
    return bool(state.request.receipt_code) and state.request.promised != Promised.UNCONFIRMED


def receipt_is_known(state: CallState, _questions: Questions) -> bool:
    """Whether the request has a receipt code already."""
    return bool(state.request.receipt_code)


def may_go_on(state: CallState, _questions: Questions) -> bool:
    """Whether a message whose time was over may have a further part."""
    return len(state.request.parts) < MOST_PARTS


def entered_number(digits: str, questions: Questions) -> str | None:
    """A callback number in E.164."""
    number = phone_numbers.entered_number(digits)
    return None if number is None or questions.is_ours(number) else number


def entered_callable_number(digits: str, questions: Questions) -> str | None:
    """A callback number in E.164, in a country that is called."""
    number = entered_number(digits, questions)
    return number if number and questions.may_be_called(number) else None


def entered_code(digits: str, _questions: Questions) -> str | None:
    """A receipt code whose check digit is right. Of too many digits the last count: the first was a doubled key."""
    lasts = (digits[-length:] for length in receipt_codes.LENGTHS if len(digits) > length)
    return next((code for code in (digits, *lasts) if receipt_codes.is_code(code)), None)


def entered_customer_number(digits: str, _questions: Questions) -> str | None:
    """A customer number (Kundennummer) or the number of a household (Bedarfsgemeinschaft).

    A customer number has nine digits around a letter, which has no key of its own and may be keyed as the digit below
    it; the number of a household has up to thirteen digits.
    """
    return digits if is_digits(digits) and 9 <= len(digits) <= 13 else None


def entered_postal_code(digits: str, questions: Questions) -> str | None:
    """The office responsible for a postal code."""
    return questions.office_of(digits)
