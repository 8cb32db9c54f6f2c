"""The scripted line: what the carrier makes of a caller's keys and words."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.audio.wav import RATE, Sound
from ivr.local_carrier import scripted_caller
from ivr.local_carrier.lines import KeyEntry, ScriptedLine, Utterance
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.local_carrier.softphone_line import SoftphoneLine


@pytest.mark.parametrize("hangs_up", [False, True])
@pytest.mark.parametrize(("spoken", "kept", "is_cut"), [(3, 3, False), (5, 5, False), (9, 5, True)])
def test_who_still_speaks_at_the_limit_has_pressed_no_key(hangs_up: bool, spoken: int, kept: int, is_cut: bool) -> None:
    sound = Sound(np.ones(spoken * RATE, np.int16), RATE)
    line = ScriptedLine(ScriptedCaller(sounds=[sound], hangs_up=hangs_up))
    speech = line.record(5, "#", 7, beep=True)
    assert len(speech.samples) == kept * RATE
    assert speech.ended_by == ("" if is_cut else "hangup" if hangs_up else "#")


def test_the_softphone_keeps_a_key_of_a_prompt_and_forgets_those_before_it() -> None:
    line = SoftphoneLine()
    prompt = Utterance("Guten Tag.", "de", lambda: Sound(np.zeros(RATE * 30, np.int16), RATE))
    line.press("1")
    line.drop_keys()  # a question begins
    line.press("2")
    assert line.hear(prompt, interruptible=True), "the prompt stops"
    assert line.keys(1, "", 5) == KeyEntry("2")


def test_a_scripted_caller_needs_longer_than_a_second_for_a_key() -> None:
    line = ScriptedLine(ScriptedCaller(keys=["1"]))
    assert line.keys(1, "", timeout=1) == KeyEntry("")
    assert line.keys(1, "", timeout=5) == KeyEntry("1")


@pytest.mark.parametrize("keys", [["1", "!1"], ["1", "1"]], ids=["during the prompt", "after it"])
def test_a_scripted_caller_does_not_press_the_same_key_twice_by_mistake(
    keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second press comes later than that of a finger that slips, however long the hotline takes to ask."""
    now, pauses = [100.0], list[float]()
    monkeypatch.setattr(scripted_caller.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(scripted_caller.time, "sleep", pauses.append)
    caller = ScriptedCaller(keys=keys)
    assert caller.presses(1, "") == "1"
    now[0] += 3
    assert "1" in (caller.hears("Guten Tag.", "de"), caller.presses(1, ""))
    assert pauses == [0.5]
