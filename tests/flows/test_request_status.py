"""What a caller is told of an earlier request: only what is true at that hour."""

from __future__ import annotations

import pytest

from ivr.domain import receipt_codes
from ivr.domain.enums import AppointmentMode, RequestStatus
from ivr.flows import engine
from ivr.flows.protocol import Keys, Listen, Speak
from tests.flows.test_engine import Answers, at
from tests.support.flows import FLOW


def told(outcome: RequestStatus, *, is_open: bool = False, **slots: object) -> list[str]:
    """The prompts that follow the receipt code."""
    answers = Answers(is_open=is_open, outcome=outcome)
    turn = engine.answer(FLOW, at("enter_code", **slots), Keys(receipt_codes.draw()), answers)
    return [line.prompt for verb in turn.verbs if isinstance(verb, Speak | Listen) for line in verb.lines]


@pytest.mark.parametrize(
    ("outcome", "said"), [(RequestStatus.REFUSED, "request_refused"), (RequestStatus.LOCKED, "code_locked")]
)
def test_who_needs_a_person_is_told_the_key_only_while_somebody_answers(outcome: RequestStatus, said: str) -> None:
    assert told(outcome, is_open=True) == [said, "speak_to_us", "anything_else"]
    assert told(outcome, is_open=False) == [said, "anything_else"]


@pytest.mark.parametrize(
    ("mode", "place", "said"),
    [
        (AppointmentMode.IN_PERSON, "Zimmer 3", ["place_here"]),
        (AppointmentMode.IN_PERSON, "", []),
        (AppointmentMode.TELEPHONE, "", ["place_telephone"]),
        (AppointmentMode.VIDEO, "", ["place_video"]),
        (None, "", []),
    ],
)
def test_a_granted_appointment_is_told_with_its_place(
    mode: AppointmentMode | None, place: str, said: list[str]
) -> None:
    heard = told(RequestStatus.GRANTED, appointment_mode=mode, appointment_place=place)
    assert heard == ["request_granted", *said, "anything_else"]
