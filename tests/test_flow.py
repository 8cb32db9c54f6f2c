"""The script itself: it is data, so it can be proved."""

from __future__ import annotations

import random

import pytest

from ivr import prompts
from ivr.flows import engine
from ivr.flows.hotline import hotline
from ivr.flows.steps import Announce, Branch, End, Promise
from ivr.flows.verbs import (
    Connect,
    Dialled,
    HangUp,
    Keys,
    Listen,
    PlayTake,
    Recorded,
    RecordSpeech,
    Resumed,
    State,
    Wait,
)
from ivr.languages import LANGUAGES

FLOW = hotline(("de", "en", "ko"))


class Answers:
    """A house that answers questions as the test says."""

    def __init__(self, is_open: bool = False, ready: bool = True) -> None:
        self.is_open, self.ready = is_open, ready

    def team_is_open(self, state: State) -> bool:
        return self.is_open

    def team_number(self, state: State) -> str:
        return "+4942117826671"

    def recording_is_ready(self, state: State) -> bool:
        return self.ready


def at(step: str, **facts: str) -> State:
    return State(step, "de", facts=facts)


def test_every_step_exists_and_is_reachable() -> None:
    reached, waiting = set(), [FLOW.start, FLOW.fallback, FLOW.exhausted]
    while waiting:
        step = waiting.pop()
        if step not in reached:
            reached.add(step)
            waiting += FLOW.ways(step)
    assert reached == set(FLOW.steps)


def test_no_circle_without_an_answer_from_the_caller() -> None:
    silent = {name for name, step in FLOW.steps.items() if isinstance(step, Announce | Branch | Promise)}

    def walk(step: str, path: tuple[str, ...]) -> None:
        assert step not in path, f"circle: {path}"
        if step in silent:
            for way in FLOW.ways(step):
                walk(way, (*path, step))

    for step in silent:
        walk(step, ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prompt_is_there_in_every_language(language: str) -> None:
    catalogue = prompts.catalogue(language)
    assert FLOW.prompts() <= set(catalogue)
    assert set(catalogue) <= FLOW.prompts() | {"welcome", "choose_language"}, "a prompt nobody speaks"
    for prompt in FLOW.prompts():
        spoken = prompts.text(
            prompt,
            language,
            {
                "key": "1",
                "callback_number": "+4915112345678",
                "receipt_code": "12345674",
                "opens": "8",
                "closes": "18",
                "minutes": "3",
            },
        )
        assert "{" not in spoken


@pytest.mark.parametrize("is_open", [True, False])
def test_a_caller_who_never_does_anything_is_sent_off_well(is_open: bool) -> None:
    house = Answers(is_open)
    turn = engine.begin(FLOW, State(FLOW.start, "de"), house)
    for _ in range(30):
        if isinstance(turn.verbs[-1], HangUp):
            break
        given = Dialled(answered=False) if isinstance(turn.verbs[-1], Connect) else Keys()
        turn = engine.answer(FLOW, turn.state, given, house)
    assert isinstance(turn.verbs[-1], HangUp)
    assert FLOW.steps[turn.state.step] == End("unserved", ("call_again", "goodbye"))


def test_silence_in_the_language_menu_ends_in_german() -> None:
    turn = engine.begin(FLOW, State(FLOW.start, "de"), Answers())
    for _ in range(3):
        turn = engine.answer(FLOW, turn.state, Keys(), Answers())
    assert (turn.state.step, turn.state.language) == ("concern", "de")


def test_nothing_is_recorded_before_consent() -> None:
    """§ 201 StGB: on every way to a tone the caller has pressed 1 at the question for consent."""
    before = {name for name in FLOW.steps if "record" in FLOW.ways(name)}
    assert before == {"consent", "review"}  # review is reached through a recording only
    assert {name for name in FLOW.steps if "review" in FLOW.ways(name)} <= {"record", "listen", "cannot_play"}
    consent = FLOW.steps["consent"]
    assert [key for key, choice in consent.choices.items() if choice.to == "record"] == ["1"]
    assert consent.otherwise != "record"


def test_wrong_keys_are_asked_again_twice() -> None:
    house = Answers()
    turn = engine.answer(FLOW, at("consent"), Keys("7"), house)
    assert turn.verbs[0].lines[0].prompt == "not_understood"
    turn = engine.answer(FLOW, turn.state, Keys(), house)
    assert turn.verbs[0].lines[0].prompt == "nothing_heard"
    turn = engine.answer(FLOW, turn.state, Keys("0"), house)
    assert turn.state.step == "goodbye_unserved"


def test_each_take_has_its_number() -> None:
    house = Answers()
    turn = engine.answer(FLOW, at("consent"), Keys("1"), house)
    assert turn.state.take == 1
    assert [event.name for event in turn.events] == ["recording_begins"]
    assert isinstance(turn.verbs[-1], RecordSpeech)
    turn = engine.answer(FLOW, turn.state, Recorded("RE1", 4), house)
    assert [(event.name, event.recording_sid, event.seconds) for event in turn.events] == [("message_left", "RE1", 4)]
    turn = engine.answer(FLOW, turn.state, Keys("3"), house)
    assert turn.state.take == 2


def test_listening_waits_for_the_audio_and_then_goes_on_without_it() -> None:
    turn = engine.answer(FLOW, at("review", take="1"), Keys("2"), Answers(ready=False))
    for _ in range(6):
        assert turn.verbs == (Wait(1),)
        turn = engine.answer(FLOW, turn.state, Resumed(), Answers(ready=False))
    assert turn.verbs[0].lines[0].prompt == "cannot_play"
    assert isinstance(turn.verbs[-1], Listen)
    turn = engine.answer(FLOW, at("review", take="1"), Keys("2"), Answers(ready=True))
    assert isinstance(turn.verbs[0], PlayTake)
    assert isinstance(turn.verbs[1], Listen)


def test_a_storm_of_keys_ends_and_keeps_what_was_promised() -> None:
    storming = State(
        "review", "de", answers=FLOW.limit, facts={"receipt_code": "12345674", "callback_number": "+49421178"}
    )
    turn = engine.answer(FLOW, storming, Keys("3"), Answers())
    assert isinstance(turn.verbs[-1], HangUp)
    assert [event.name for event in turn.events] == ["number_given"]


def test_random_inputs_at_every_step_never_fail() -> None:
    dice = random.Random(7)
    inputs = [
        Keys(),
        Keys("1"),
        Keys("x"),
        Keys("9" * 50),
        Recorded("RE", 3),
        Recorded(),
        Dialled(True),
        Dialled(False),
        Resumed(),
    ]
    for name in FLOW.steps:
        for _ in range(20):
            state = at(name, take="1", callback_number="+4915112345678")
            for _ in range(10):
                turn = engine.answer(
                    FLOW, state, dice.choice(inputs), Answers(dice.random() < 0.5, dice.random() < 0.5)
                )
                assert turn.verbs, name
                state = turn.state
