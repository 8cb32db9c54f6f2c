"""The scripted line: what the carrier makes of a caller's keys and words."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.audio.wav import RATE, Sound
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller


@pytest.mark.parametrize("hangs_up", [False, True])
@pytest.mark.parametrize(("spoken", "kept", "is_cut"), [(3, 3, False), (5, 5, False), (9, 5, True)])
def test_who_still_speaks_at_the_limit_has_pressed_no_key(hangs_up: bool, spoken: int, kept: int, is_cut: bool) -> None:
    sound = Sound(np.ones(spoken * RATE, np.int16), RATE)
    line = ScriptedLine(ScriptedCaller(sounds=[sound], hangs_up=hangs_up))
    speech = line.record(5, "#", 7, beep=True)
    assert len(speech.samples) == kept * RATE
    assert speech.ended_by == ("" if is_cut else "hangup" if hangs_up else "#")
