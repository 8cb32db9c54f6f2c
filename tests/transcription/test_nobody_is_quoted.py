"""Clips in which nobody speaks, each another one: no engine's words are shown as a transcript that is done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ivr.audio.wav import RATE, Sound, write_wav
from ivr.domain.enums import TranscriptReason
from ivr.transcription import transcribe_job
from ivr.voicebox import audio_store
from tests.support.sounds import NOBODY_SPEAKS, chords, melody, noise, shaped, sound, within
from tests.support.transcription import set_up
from tests.support.volume import volume

CLIPS = volume(test=10, ci=20, soak=200)


def clips() -> Iterator[Sound]:
    """Kinds of sounds in turn, with chance in loudness, length, pitch and in what lies behind them."""
    kinds = list(NOBODY_SPEAKS)
    for number in range(CLIPS):
        random = np.random.default_rng(number)
        kind = kinds[number * 7 % len(kinds)]  # few clips are of different sorts, too
        made = {"music": melody, "chords of music": chords}.get(kind)
        signal = made(10, number) if made else NOBODY_SPEAKS[kind]()
        signal = signal[: int(random.uniform(3, 10) * RATE)] * random.uniform(0.05, 1.2)
        if number % 3 == 0:  # an open window, a ventilator
            low = random.uniform(100, 800)
            signal = signal + shaped(noise(11, random.uniform(20, 600)), within(low, low * 4))[: len(signal)]
        yield sound(signal)


@pytest.mark.parametrize("engine", ["vosk", pytest.param("whisper", marks=pytest.mark.since("soak"))])
def test_no_words_are_shown_as_done(empty_database, korean_model: Path, request, monkeypatch, engine: str) -> None:
    if engine == "vosk":
        set_up(monkeypatch, VOSK_MODEL_DIR=str(korean_model))
        language = "ko"
    else:
        directory = request.getfixturevalue("whisper_directory")
        set_up(monkeypatch, WHISPER_MODEL=str(directory), WHISPER_LANGUAGES='["bg"]')
        language = "bg"
    shown = []
    for number, clip in enumerate(clips()):
        audio = write_wav(clip)
        monkeypatch.setattr(audio_store, "load", lambda sid, audio=audio: audio)
        heard = transcribe_job._heard(1, "RE", language)
        if not isinstance(heard, TranscriptReason) and heard[1] is None:
            shown.append((number, heard[0].text))
    assert shown == []
