"""The engine Whisper, for languages that Vosk has no model of, or beside it. It is off by default.

It needs `pip install "jobcenter-hotline[whisper]"`, `whisper_model` (a directory with a CTranslate2 model, which is
never downloaded), and `whisper_languages` or `transcription_engines`. The process that decodes loads the model: loaded
before a fork, it hangs.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ivr.audio.wav import Sound, at_rate
from ivr.config.settings import settings
from ivr.transcription.result import NoModel, TranscriptionResult

#: Whisper's sample rate in Hz.
_RATE = 16000


def serves(language: str) -> bool:
    """Whether Whisper is configured for a language, and its model is installed."""
    if "whisper" not in settings().engine_order(language):
        return False
    try:
        return bool(model_directory())
    except NoModel:
        return False


def model_directory(path: Path | None = None) -> Path:
    """The directory of the model: the given one, or that of the settings.

    Raises:
        NoModel: there is no model, or the package is not installed.
    """
    path = path or settings().whisper_model
    if path is None or not (path / "model.bin").is_file() or importlib.util.find_spec("faster_whisper") is None:
        raise NoModel("whisper")
    return path


def transcribe(
    sound: Sound, language: str, path: Path | None = None, phrases: Sequence[str] = ()
) -> TranscriptionResult:
    """Transcribe speech in a language; each word has its times and probability. `phrases` are words to expect.

    Raises:
        NoModel: see :func:`model_directory`.
    """
    path = model_directory(path)
    samples = at_rate(sound, _RATE).samples.astype(np.float32) / 32768
    segments, _ = _model(str(path)).transcribe(
        samples,
        language=language,
        beam_size=1,
        word_timestamps=True,
        condition_on_previous_text=False,
        vad_filter=False,
        hotwords=", ".join(phrases) or None,
    )
    words, text = [], []
    for segment in segments:
        if segment.no_speech_prob > 0.8 and math.exp(segment.avg_logprob) < 0.5:
            continue  # Whisper invents text over silence
        text.append(segment.text.strip())
        words += [
            {
                "word": word.word.strip(),
                "start": round(word.start, 2),
                "end": round(word.end, 2),
                "confidence": round(float(word.probability), 3),
            }
            for word in segment.words or ()
        ]
    confidence = round(sum(word["confidence"] for word in words) / len(words), 3) if words else None
    return TranscriptionResult(" ".join(text), confidence, words, f"whisper {path.name}")


def model(path: Path | None = None) -> Any:
    """The multilingual model, loaded when it is first asked for (some 500 MB).

    Raises:
        NoModel: see :func:`model_directory`.
    """
    return _model(str(model_directory(path)))


@lru_cache(maxsize=1)
def _model(path: str) -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(path, device="cpu", compute_type="int8", cpu_threads=1)
