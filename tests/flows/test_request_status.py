"""What a caller is told of an earlier request: only what is true at that hour."""

from __future__ import annotations

import pytest

from ivr.domain import receipt_codes
from ivr.domain.enums import RequestStatus
from ivr.flows import engine
from ivr.flows.protocol import Keys, Listen, Speak
from tests.flows.test_engine import Answers, at
from tests.support.flows import FLOW


def told(outcome: RequestStatus, *, is_open: bool) -> list[str]:
    """The prompts that follow the receipt code."""
    answers = Answers(is_open=is_open, outcome=outcome)
    turn = engine.answer(FLOW, at("enter_code"), Keys(receipt_codes.draw()), answers)
    return [line.prompt for verb in turn.verbs if isinstance(verb, Speak | Listen) for line in verb.lines]


@pytest.mark.parametrize(
    ("outcome", "said"), [(RequestStatus.REFUSED, "request_refused"), (RequestStatus.LOCKED, "code_locked")]
)
def test_who_needs_a_person_is_told_the_key_only_while_somebody_answers(outcome: RequestStatus, said: str) -> None:
    assert told(outcome, is_open=True) == [said, "speak_to_us", "anything_else"]
    assert told(outcome, is_open=False) == [said, "anything_else"]
