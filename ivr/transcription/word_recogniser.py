"""Understands one of a few words in a short recording, by a grammar of these words alone."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import vosk

from ivr.audio.wav import Sound

#: How sure the recogniser has to be of a word, from 0 to 1.
CONFIDENCE = 0.8
#: What the recogniser hears where somebody says anything else.
_OTHER = "[unk]"


def understood(model: Any, sound: Sound, words: Collection[str]) -> str | None:
    """The one word that is heard; None where the recogniser is unsure, or hears several or something else.

    `model` is a :class:`vosk.Model` that builds its graph while it listens, as the small models do.
    """
    recogniser = vosk.KaldiRecognizer(model, sound.rate, json.dumps([*words, _OTHER], ensure_ascii=False))
    recogniser.SetWords(True)
    recogniser.AcceptWaveform(sound.samples.astype("<i2").tobytes())
    heard = json.loads(recogniser.FinalResult()).get("result", [])
    said = {word["word"] for word in heard}
    sure = {word["word"] for word in heard if word["conf"] >= CONFIDENCE}
    return said.pop() if len(said) == 1 and said == sure and said != {_OTHER} else None
