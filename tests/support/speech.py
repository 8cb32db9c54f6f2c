"""Speech for tests: real telephone prompts, spoken by a person."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ivr.audio.wav import RATE, Sound, at_telephone_rate, read_wav

VOICES = Path("/usr/share/asterisk/sounds/en_US_f_Allison")


def human_speech(seconds: float) -> Sound:
    """A real person's telephone prompts, one after the other."""
    parts, length = [], 0
    for path in sorted(VOICES.glob("vm-*.wav")):
        sound = at_telephone_rate(read_wav(path.read_bytes()))
        parts.append(sound.samples)
        length += len(sound.samples)
        if length >= seconds * RATE:
            break
    return Sound(np.concatenate(parts)[: int(seconds * RATE)], RATE)
