"""The questions the hotline's branches ask, and how it reads what is keyed in. They answer; they never act."""

from __future__ import annotations

from ivr.domain import phone_numbers, receipt_codes
from ivr.domain.digits import is_digits
from ivr.flows.protocol import State
from ivr.flows.steps import Questions


def is_kept_away(state: State, _questions: Questions) -> bool:
    """Whether the number is blocked, or has rung very often just now."""
    return bool(state.facts.get("kept_away"))


def is_blocked(state: State, _questions: Questions) -> bool:
    """Whether a supervisor has blocked the number."""
    return state.facts.get("kept_away") == "blocked"


def language_is_known(state: State, _questions: Questions) -> bool:
    """Whether the caller can be greeted in a language: their last one, or the one of the dialled number."""
    return bool(state.facts.get("greeted"))


def team_is_open(state: State, questions: Questions) -> bool:
    """Whether people answer now."""
    return questions.team_is_open(state)


def somebody_is_there(state: State, questions: Questions) -> bool:
    """Whether a member of the responsible team is at a telephone, though perhaps busy."""
    return questions.line_state(state) != "nobody"


def line_has_room(state: State, questions: Questions) -> bool:
    """Whether a further caller may wait; an emergency always may, once."""
    place = questions.line_state(state)
    return place != "taken" and (is_emergency(state, questions) or place != "full")


def is_emergency(state: State, _questions: Questions) -> bool:
    """Whether the caller has reported an emergency."""
    return state.facts.get("concern") == "emergency"


def age_decides(state: State, questions: Questions) -> bool:
    """Whether the team depends on the caller's age and it is not known."""
    return not state.facts.get("age_group") and questions.decides("age_group", state)


def office_decides(state: State, questions: Questions) -> bool:
    """Whether the team depends on the office and it is not known."""
    return not state.facts.get("office") and questions.decides("office", state)


def office_is_wanted(state: State, _questions: Questions) -> bool:
    """Whether to ask for the postal code: not twice, not in an emergency, not of who has given an address."""
    return not state.facts.get("office") and _has_time(state)


def times_are_wanted(state: State, _questions: Questions) -> bool:
    """Whether to ask when to call: an emergency is called as soon as possible, forms come by post."""
    return _has_time(state)


def _has_time(state: State) -> bool:
    return state.facts.get("concern") != "emergency" and state.facts.get("kind") != "postal_order"


def is_appointment(state: State, _questions: Questions) -> bool:
    """Whether the caller wishes an appointment, so that more has to be asked."""
    return state.facts.get("kind") == "appointment" and not state.facts.get("request")


def reason_is_known(state: State, _questions: Questions) -> bool:
    """Whether the questions about an appointment have been answered already."""
    return bool(state.facts.get("training"))


def is_changing(state: State, _questions: Questions) -> bool:
    """Whether the caller has looked up a request and is changing it."""
    return bool(state.facts.get("request"))


def number_is_known(state: State, _questions: Questions) -> bool:
    """Whether there is a number to call back: shown by the carrier or keyed in."""
    return bool(state.facts.get("callback_number"))


def number_is_mobile(state: State, _questions: Questions) -> bool:
    """Whether a text message can reach the caller's number."""
    return phone_numbers.is_mobile(state.facts.get("callback_number", ""))


def receipt_is_known(state: State, _questions: Questions) -> bool:
    """Whether the house could give a receipt code already."""
    return bool(state.facts.get("receipt_code"))


def entered_number(digits: str, questions: Questions) -> str | None:
    """A callback number in E.164."""
    number = phone_numbers.entered_number(digits)
    return None if number is None or questions.is_ours(number) else number


def entered_code(digits: str, _questions: Questions) -> str | None:
    """A receipt code whose check digit is right."""
    return digits if receipt_codes.is_code(digits) else None


def entered_customer_number(digits: str, _questions: Questions) -> str | None:
    """A customer number (Kundennummer, nine digits around a letter that has no key of its own, which may be
    keyed as the digit below it) or that of a household (Bedarfsgemeinschaft, up to thirteen digits)."""
    return digits if is_digits(digits) and 9 <= len(digits) <= 13 else None


def entered_postal_code(digits: str, questions: Questions) -> str | None:
    """The office responsible for a postal code."""
    return questions.office_of(digits)
