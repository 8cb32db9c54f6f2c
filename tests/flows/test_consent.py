"""The question whether the caller may be recorded, and the key that tells what happens to the recording."""

from __future__ import annotations

import pytest

from ivr.domain.languages import LANGUAGES
from ivr.flows import engine
from ivr.flows.protocol import Keys, Listen, RecordSpeech, Speak
from ivr.prompts import check
from tests.flows.test_engine import Answers, at
from tests.support.flows import FLOW

#: Seconds that the answer may take.
LONGEST_ANSWER = 15.0


@pytest.mark.parametrize("question", sorted(FLOW.consents & {"consent", "consent_emergency"}))
def test_who_asks_what_happens_to_the_recording_is_told_and_asked_again(question: str) -> None:
    told = engine.answer(FLOW, at(question), Keys("3"), Answers())
    assert told.state.step == question
    assert [line.prompt for verb in told.verbs if isinstance(verb, Speak | Listen) for line in verb.lines] == [
        "about_recording", question,
    ]  # fmt: skip
    assert not any(isinstance(verb, RecordSpeech) for verb in told.verbs), "to ask is not to agree"
    assert not told.events
    agreed = engine.answer(FLOW, told.state, Keys("1"), Answers())
    assert isinstance(agreed.verbs[-1], RecordSpeech)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_answer_is_short_and_names_the_period(language: str, empty_database) -> None:
    assert "{days}" in check.catalogue(language)["about_recording"]
    assert check.seconds_of("about_recording", language, {"days": "30"}) <= LONGEST_ANSWER
