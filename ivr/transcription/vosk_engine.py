"""Vosk: models loaded once a process (before it forks), one recogniser per language and rate, reused.

Measured: a small model composes its graph lazily and the cache lives in the recogniser, so reusing it takes
about half the time of a fresh one per message; its memory grows, so it is dropped above a cap.
"""

from __future__ import annotations

import ctypes
import gc
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import vosk

from ivr.audio.wav import RATE, Sound
from ivr.config.settings import settings
from ivr.transcription.result import Heard, NoModel

log = logging.getLogger(__name__)
vosk.SetLogLevel(-1)

#: Seconds of speech fed at once: a job's time-out can only fire in between.
_CHUNK = 0.5


def model_path(language: str) -> Path:
    """Where the model of a language is expected."""
    return settings().model_dir / language


def installed_languages() -> tuple[str, ...]:
    """Languages with a complete model (it is moved into place when it is)."""
    directory = settings().model_dir
    if not directory.is_dir():
        return ()
    return tuple(sorted(path.name for path in directory.iterdir() if _is_complete(path)))


def _is_complete(model: Path) -> bool:
    return (model / "am" / "final.mdl").is_file()


@dataclass
class _Recogniser:
    vosk: Any
    #: Seconds of audio it has heard since it was made.
    seconds_fed: float = 0.0


#: Seconds of sound a new recogniser is warmed with.
_WARM_SECONDS = 8


class Recognition:
    """The models and recognisers of this process."""

    def __init__(self) -> None:
        #: The one used last stands last.
        self._models: dict[str, Any] = {}
        #: Languages whose model was in memory before this process was forked: shared, and never dropped.
        self.inherited: frozenset[str] = frozenset()
        #: Whether not all models fit into memory: then this process holds at most one more than it inherited.
        self.cramped = False
        self._recognisers: dict[tuple[str, int], _Recogniser] = {}
        self._memory_at_start = 0

    def load(self, language: str, path: Path | None = None) -> None:
        """Load the model of a language (1 to 2 s, some 500 MB) unless it is there; `path`: another one.

        Raises:
            NoModel: it is not installed.
        """
        if language in self._models:
            self._models[language] = self._models.pop(language)
            return
        path = path or model_path(language)
        if not _is_complete(path):
            raise NoModel(language)
        if self.cramped:
            for other in self.loaded - self.inherited:
                self._drop(other)
        self._models[language] = vosk.Model(str(path.absolute()))
        self.measure_anew()

    def measure_anew(self) -> None:
        """What is in memory now is no growth of recognisers: models, or what was inherited."""
        self._memory_at_start = 0

    def warm(self, language: str) -> None:
        """Have the recogniser of telephone speech hear something, so that who is forked inherits what it has worked
        out (a small model composes its graph while it listens)."""
        noise = np.random.default_rng(1).normal(0, 800, RATE * _WARM_SECONDS)
        swell = np.abs(np.sin(np.arange(len(noise)) * 2 * np.pi * 3 / RATE))  # as syllables come and go
        self.transcribe(Sound((noise * swell).astype(np.int16), RATE), language)

    @property
    def loaded(self) -> frozenset[str]:
        """Languages whose model is in memory."""
        return frozenset(self._models)

    def transcribe(self, sound: Sound, language: str) -> Heard:
        """Write down what is said.

        Raises:
            NoModel: no model of the language is installed.
        """
        self.load(language)
        recogniser = self._recogniser(language, sound.rate)
        begun_at, results = recogniser.seconds_fed, []
        try:
            data, step = sound.samples.astype("<i2").tobytes(), int(sound.rate * _CHUNK) * 2
            for start in range(0, len(data), step):
                if recogniser.vosk.AcceptWaveform(data[start : start + step]):
                    results.append(json.loads(recogniser.vosk.Result()))
            results.append(json.loads(recogniser.vosk.FinalResult()))
            recogniser.seconds_fed += sound.seconds
        except BaseException:  # interrupted in mid-utterance (a time-out): its state is of no use to the next
            self._recognisers.pop((language, sound.rate), None)
            raise
        self._limit_memory()
        words = [
            {
                "word": word["word"],
                # A recogniser's clock runs on through all it has heard.
                "start": round(max(0.0, word["start"] - begun_at), 2),
                "end": round(word["end"] - begun_at, 2),
                "confidence": round(word["conf"], 3),
            }
            for result in results
            for word in result.get("result", ())
        ]
        confidence = round(sum(word["confidence"] for word in words) / len(words), 3) if words else None
        text = " ".join(result["text"] for result in results if result.get("text"))
        return Heard(text, confidence, words, f"vosk {language}")

    def _drop(self, language: str) -> None:
        for key in [key for key in self._recognisers if key[0] == language]:
            del self._recognisers[key]
        del self._models[language]
        _give_memory_back()
        self.measure_anew()

    def _recogniser(self, language: str, rate: int) -> _Recogniser:
        if not self._memory_at_start:  # what the models take is shared with the parent and not counted
            self._memory_at_start = psutil.Process().memory_info().rss
        key = (language, rate)
        if key not in self._recognisers:
            recogniser = vosk.KaldiRecognizer(self._models[language], rate)
            recogniser.SetWords(True)
            self._recognisers[key] = _Recogniser(recogniser)
        return self._recognisers[key]

    def _limit_memory(self) -> None:
        grown = psutil.Process().memory_info().rss - self._memory_at_start
        if grown > settings().recogniser_memory_mb * 1024 * 1024:
            log.info("dropping recognisers that have grown by %d MiB", grown // 1024 // 1024)
            self._recognisers.clear()
            _give_memory_back()


def _give_memory_back() -> None:
    gc.collect()
    if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


#: Filled by the pool's parent before it forks.
recognition = Recognition()
