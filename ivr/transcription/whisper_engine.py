"""The second engine: Whisper, for languages Vosk has no model of (Bulgarian, Romanian). Off by default.

`pip install "jobcenter-hotline[whisper]"`, then `whisper_model` (a directory with a CTranslate2 model, never fetched by
itself) and `whisper_languages`. Its model is loaded in the process that decodes: loaded before a fork it hangs.
"""

from __future__ import annotations

import importlib.util
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ivr.audio.wav import Sound, at_rate
from ivr.config.settings import settings
from ivr.transcription.result import Heard, NoModel

#: Whisper's own rate, Hz.
_RATE = 16000


def serves(language: str) -> bool:
    """Whether the operator wants Whisper for a language, and its model is there."""
    if language not in settings().whisper_languages:
        return False
    try:
        return bool(model_directory())
    except NoModel:
        return False


def model_directory(path: Path | None = None) -> Path:
    """Where the model is: the named directory, or the one of the settings.

    Raises:
        NoModel: there is none, or the package is not installed.
    """
    path = path or settings().whisper_model
    if path is None or not (path / "model.bin").is_file() or importlib.util.find_spec("faster_whisper") is None:
        raise NoModel("whisper")
    return path


def transcribe(sound: Sound, language: str, path: Path | None = None) -> Heard:
    """Write down what is said, each word with its times and probability.

    Raises:
        NoModel: as :func:`model_directory`.
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
    )
    words, text = [], []
    for segment in segments:
        if segment.no_speech_prob > 0.8 and math.exp(segment.avg_logprob) < 0.5:
            continue  # it hallucinates over silence
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
    return Heard(" ".join(text), confidence, words, f"whisper {path.name}")


@lru_cache(maxsize=1)
def _model(path: str) -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(path, device="cpu", compute_type="int8", cpu_threads=1)
