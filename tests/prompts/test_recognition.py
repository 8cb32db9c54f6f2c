"""A speech recogniser understands the rendered prompts."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soxr

from ivr import prompts
from ivr.audio.wav import RATE, Sound, read_wav
from ivr.prompts import catalogue, check, parts, rendering
from ivr.prompts.catalogue import BUILDING_BLOCKS, WRITTEN
from tests.support.volume import volume

if TYPE_CHECKING:
    from faster_whisper import WhisperModel


def heard(
    speech_recogniser: WhisperModel,
    sounds: list[Sound],
    language: str | None,
    gap: float = 0.8,
    beam_size: int = 5,
    expecting: str | None = None,
) -> tuple[str, str]:
    """What the recogniser makes of sounds one after the other, and in which language."""
    silence = np.zeros(int(gap * RATE), np.int16)
    samples = np.concatenate([piece for sound in sounds for piece in (sound.samples, silence)])
    audio = soxr.resample(samples.astype(np.float32) / 32768, RATE, 16000)
    segments, info = speech_recogniser.transcribe(
        audio, language=language, beam_size=beam_size, temperature=0.0, initial_prompt=expecting
    )
    return " ".join(segment.text for segment in segments).lower(), info.language


_NUMBERS = dict(
    zip(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], "0123456789", strict=True)
)


def words_of(text: str) -> list[str]:
    plain = "".join(" " if letter in string.punctuation else letter for letter in text.lower())
    return [_NUMBERS.get(word, word) for word in plain.split()]


@pytest.mark.since("ci")  # the recogniser hears a receipt code in `make test`
@pytest.mark.soak
def test_what_is_rendered_is_understood(studio, speech_recogniser: WhisperModel) -> None:
    """The renderer in a language the recogniser knows from a synthetic voice: it finds the language and most words
    of every prompt. (It makes out nothing of the synthesiser's Persian, and does not know Kurmanji: there the tests
    above look at the parts.)"""
    said = {prompt: parts.Part("en", prompt, prompts.text(prompt, "en", check.EXAMPLES))
            for prompt in sorted(catalogue("en").texts.keys() - WRITTEN - BUILDING_BLOCKS)}  # fmt: skip
    windows: list[list[str]] = [[]]
    length = 0.0
    for prompt, part in said.items():
        seconds = read_wav(rendering.audio_of(part).read_bytes()).seconds + 0.8
        if length + seconds > 28:
            windows.append([])
            length = 0.0
        windows[-1].append(prompt)
        length += seconds
    windows = windows[:: volume(test=5, soak=1)]
    missed = {}
    for window in windows:
        sounds = [read_wav(rendering.audio_of(said[prompt]).read_bytes()) for prompt in window]
        text, language = heard(speech_recogniser, sounds, None, beam_size=1)
        assert language == "en"
        for prompt, sound in zip(window, sounds, strict=True):
            if understood(said[prompt].text, text) < 0.5:  # lost among the others: listen to it alone
                alone, _ = heard(speech_recogniser, [sound], "en")
                if understood(said[prompt].text, alone) < 0.5:
                    missed[prompt] = (said[prompt].text, text, alone)
    assert len(missed) <= len(said) // 20, missed


def understood(said: str, text: str) -> float:
    """The share of words that were found."""
    wanted, found = words_of(said), set(words_of(text))
    return sum(word in found for word in wanted) / len(wanted)


#: The first two have every digit, in different places.
CODES = ("16273840", "52947163", "45362718", "19283746", "71625394")


@pytest.mark.since("ci")
@pytest.mark.soak
@pytest.mark.parametrize("code", CODES[: volume(test=1, soak=5)])
def test_every_digit_of_a_receipt_code_is_understood(studio, speech_recogniser: WhisperModel, code: str) -> None:
    sounds = [read_wav(rendering.audio_of(parts.digit("en", digit)).read_bytes()) for digit in code]
    # Callers hear a code twice; the recogniser gets it at three speeds and has to have it right once.
    texts: list[str] = []
    for gap in (0.15, 0.1, 0.25):
        texts.append(heard(speech_recogniser, sounds, "en", gap=gap, expecting="1 2 3 4 5 6 7 8 9 0")[0])
        digits = "".join(re.findall(r"\d", "".join(words_of(texts[-1]))))
        # The recogniser may repeat a digit for ever after the end of the speech; no code has one four times.
        if re.sub(r"(\d)\1{3,}$", "", digits) == code:
            return
    raise AssertionError(texts)
