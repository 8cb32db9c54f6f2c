"""A telephone that follows a script by ear: it presses when it was asked, and speaks after the tone."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from ivr.audio.wav import RATE, Sound
from ivr.cli import hotline as command
from ivr.local_carrier.lines import KeyEntry, Line, RecordedSpeech
from ivr.local_carrier.sip.scripted_phone import Script
from tests.support.speech import human_speech
from tests.support.telephones import OURS, desk, likeness, phone, utterance

SPEECH = human_speech(3.0)
QUESTION = Sound(SPEECH.samples[:RATE], RATE)


def test_a_script_is_followed_by_ear() -> None:
    entries: list[KeyEntry] = []
    speech: list[RecordedSpeech] = []

    def asks(line: Line) -> None:
        for count in (1, 1, 4):
            line.drop_keys()
            line.hear(utterance(QUESTION), interruptible=True)
            entries.append(line.keys(count, "#", 8))
        speech.append(line.record(20, "#", 10, beep=True))
        line.hear(utterance(QUESTION), interruptible=False)

    events: list[dict[str, object]] = []
    script = Script(["!3", "1", "28195#"], [SPEECH], on_event=events.append)
    with desk(asks) as us, phone(us.address) as caller:
        ear = caller.follows(script, OURS)
    assert entries == [KeyEntry("3"), KeyEntry("1"), KeyEntry("2819")]
    assert speech[0].ended_by == "#"
    assert likeness(SPEECH.samples, speech[0].samples) >= 0.95
    assert ear.tones == 1
    told = [event["type"] for event in events]
    assert told == ["answered", "pressed", "pressed", "pressed", "spoke", "over", "report"]
    assert events[-1]["first_word"]


def test_a_call_that_nobody_answers_is_told() -> None:
    def refuses(line: Line) -> None:
        line.ends_as = "busy"

    events: list[dict[str, object]] = []
    with desk(refuses) as us, phone(us.address) as caller:
        caller.follows(Script(on_event=events.append), OURS)
    assert events == [{"type": "report", "errors": ["the call was not answered: busy"]}]


@pytest.mark.parametrize("words", [["--checked", "A"], ["--forwarded-from", "+4942112345"]])
def test_a_telephone_cannot_say_what_the_carrier_says(words: list[str]) -> None:
    answer = CliRunner().invoke(command, ["call", "--sip", *words])
    assert answer.exit_code == 2
    assert "which a telephone does not say" in answer.output
