"""The second engine: Whisper, for languages Vosk has no model of (Bulgarian, Romanian). Off by default.

`pip install "jobcenter-hotline[whisper]"`, then `whisper_model` (a directory with a CTranslate2 model, never fetched by
itself) and `whisper_languages`. Its model is loaded in the process that decodes: loaded before a fork it hangs.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from ivr.audio_files import Sound, at_rate
from ivr.configuration import settings
from ivr.workers.heard import Heard

#: Whisper's own rate, Hz.
_RATE = 16000


def serves(language: str) -> bool:
    """Whether the operator wants Whisper for a language, and its model is there."""
    configured = settings()
    path = configured.whisper_model
    return language in configured.whisper_languages and path is not None and (path / "model.bin").is_file()


def transcribe(sound: Sound, language: str) -> Heard:
    """Write down what is said, each word with its times and probability."""
    path = settings().whisper_model
    assert path is not None  # noqa: S101 - `serves` was asked
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
