"""Words in place of keys: offered after consent and a first silence, read back, and never in the way of keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.domain.enums import EventName, SpokenWords
from ivr.flows.engine import answer
from ivr.flows.protocol import Input, Keys, Listen, Recorded, RecordSpeech, Speak, Spoken, Turn, Words
from ivr.flows.steps import EnterDigits, Menu
from tests.flows.test_engine import Answers, at
from tests.support.flows import FLOW

HEARS = Answers(hears=True, shown=True)


def after(turn: Turn, *given: Input, questions: Answers = HEARS) -> Turn:
    for one in given:
        turn = answer(FLOW, turn.state, one, questions)
    return turn


def at_review(**slots: object) -> Turn:
    """A message has been left after consent by key."""
    asked = answer(FLOW, at("consent", callback_number="+4915112345678", **slots), Keys("1"), HEARS)
    assert isinstance(asked.verbs[-1], RecordSpeech)
    turn = after(asked, Recorded("RE1", 5.0))
    assert turn.state.step == "review"
    return turn


def said(turn: Turn) -> list[str]:
    return [line.prompt for verb in turn.verbs if isinstance(verb, Speak | Listen) for line in verb.lines]


def words(turn: Turn) -> Words | None:
    listening = turn.verbs[-1]
    assert isinstance(listening, Listen)
    return listening.words


def test_a_caller_with_keys_notices_nothing() -> None:
    turn = at_review()
    assert words(turn) is None
    assert words(after(turn, Keys("1"))) is None
    without = after(turn, Keys("1"), questions=Answers(shown=True))
    assert after(turn, Keys("1")).verbs == without.verbs


def test_after_a_first_silence_it_is_told_once_and_every_further_question_takes_a_word() -> None:
    turn = after(at_review(), Keys())
    assert said(turn) == ["nothing_heard", "speak_instead", "review", "say_the_number"]
    assert words(turn) == Words(SpokenWords.NUMBERS, ("1", "2", "3"))
    assert turn.verbs[-1].timeout == 1
    turn = after(turn, Spoken("1"))  # as silence would: it counts at once
    assert said(turn) == ["called_before", "say_yes_or_no"]
    turn = after(turn, Spoken("2"))
    assert turn.state.step == "confirm_number"
    assert words(turn) == Words(SpokenWords.YES_NO, ("1", "2"))
    turn = after(turn, Spoken("1"))
    assert EventName.NUMBER_GIVEN in [event.name for event in turn.events]


@pytest.mark.parametrize("agrees", [Spoken("1"), Keys("1")])
def test_a_word_that_does_more_than_silence_is_read_back_and_counts_when_it_is_confirmed(agrees: Input) -> None:
    turn = after(at_review(), Keys(), Spoken("3"))
    assert turn.state.step == "review"
    assert said(turn) == ["understood_number", "say_yes_or_no"]
    assert turn.verbs[-1].lines[0].values == {"key": "3"}
    assert words(turn) == Words(SpokenWords.YES_NO, ("1", "2"))
    assert isinstance(after(turn, agrees).verbs[-1], RecordSpeech)
    assert after(turn, agrees).state.request.records_again


@pytest.mark.parametrize("refuses", [Spoken("2"), Spoken(), Keys(), Keys("2"), Keys("3")])
def test_a_word_that_is_not_confirmed_counts_for_nothing_and_the_question_waits_for_a_key(refuses: Input) -> None:
    turn = after(at_review(), Keys(), Spoken("3"), refuses)
    assert turn.state.step == "review"
    assert said(turn) == ["word_not_understood", "review"]
    assert words(turn) is None
    assert not turn.state.heard_key


def test_keys_that_count_anywhere_count_while_a_word_is_read_back() -> None:
    turn = after(at_review(), Keys(), Spoken("3"), Keys("*"))
    assert turn.state.step == "review"
    assert words(turn) is None  # who presses keys is asked for keys
    assert after(at_review(), Keys(), Spoken("3"), Keys("9")).state.step == "emergency_reason"


def test_a_word_that_is_not_understood_is_followed_by_the_question_for_a_key_even_where_it_is_asked_once() -> None:
    turn = after(at_review(), Keys(), Spoken("1"), Spoken())
    assert (turn.state.step, said(turn)) == ("called_before", ["word_not_understood", "called_before"])
    assert words(turn) is None
    assert after(turn, Keys("1")).state.request.called_before is True
    turn = after(turn, Keys())
    assert turn.state.step == "confirm_number"
    assert words(after(turn, Keys())) is not None  # pressed nothing again


def test_yes_and_no_are_read_back_as_words() -> None:
    turn = after(at_review(), Keys(), Spoken("1"), Spoken("1"))
    assert said(turn) == ["understood_yes", "say_yes_or_no"]
    turn = after(turn, Spoken("1"), Spoken("2"))
    assert said(turn) == ["understood_no", "say_yes_or_no"]
    assert after(turn, Spoken("1")).state.step == "enter_number"


@pytest.mark.parametrize("questions", [Answers(shown=True)])
def test_where_no_word_can_be_understood_silence_leads_where_it_led_before(questions: Answers) -> None:
    turn = answer(FLOW, at_review().state, Keys(), questions)
    assert said(turn) == ["nothing_heard", "review"]
    assert words(turn) is None
    turn = answer(FLOW, replace(turn.state, speaks=True), Keys("*"), questions)
    assert words(turn) is None


def test_without_consent_by_key_no_question_takes_a_word() -> None:
    """Whatever the step: only `speech_agreed`, which a key sets, opens the microphone; refusing closes it."""
    for name, step in FLOW.steps.items():
        if isinstance(step, Menu | EnterDigits):
            turn = answer(FLOW, at(name, speaks=True), Keys(), HEARS)
            assert not any(isinstance(verb, Listen) and verb.words for verb in turn.verbs), name
    agreed = at("consent", speech_agreed=True, callback_number="+4915112345678")
    assert not after(answer(FLOW, agreed, Keys("2"), HEARS)).state.speech_agreed
    turn = answer(FLOW, agreed, Keys(), HEARS)
    assert words(turn) is None, "consent itself is never spoken"
    assert not after(turn, Keys(), Keys()).state.speech_agreed


def test_what_asks_for_consent_or_a_language_takes_no_word() -> None:
    asks = {"consent", "consent_emergency", "appointment_consent", "send_where", "change_request", "time_is_up"}
    for name, step in FLOW.steps.items():
        if isinstance(step, Menu) and step.spoken:
            assert name not in asks
            assert not any(choice.language for choice in step.choices.values())
            assert not any(choice.sets.get("speech_agreed") for choice in step.choices.values())


def test_every_way_to_a_tone_begins_with_a_key_that_agrees() -> None:
    """A menu whose key leads to a first recording notes that its caller has agreed, and its other ways that not."""
    for name in sorted(FLOW.consents - {"review", "review_address", "time_is_up", "time_is_up_address"}):
        step = FLOW.steps[name]
        assert isinstance(step, Menu)
        agreeing = [choice for choice in step.choices.values() if FLOW._records_next(choice.to)]
        assert agreeing, name
        assert all(choice.sets["speech_agreed"] for choice in agreeing), name


def test_a_storm_of_words_ends_like_a_storm_of_keys() -> None:
    turn = after(at_review(), Keys())
    for _ in range(FLOW.limit + 1):
        if not isinstance(turn.verbs[-1], Listen):
            break
        turn = answer(FLOW, turn.state, Spoken("3"), HEARS)
        if isinstance(turn.verbs[-1], Listen) and turn.verbs[-1].words is None:
            turn = answer(FLOW, turn.state, Keys(), HEARS)
    assert not isinstance(turn.verbs[-1], Listen)
