"""Vosk: models are loaded once a process, before it forks. There is one recogniser per language and sample rate.

A small model composes its graph lazily, and the recogniser caches it. A reused recogniser takes about half the time of
a new one for each message (measured). Its memory grows, so it is dropped above a limit.
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
from ivr.transcription.result import NoModel, TranscriptionResult

log = logging.getLogger(__name__)
vosk.SetLogLevel(-1)

#: Seconds of speech fed at once. The time-out of a job can only take effect in between.
_CHUNK = 0.5


def model_path(language: str) -> Path:
    """The directory of a language's model."""
    return settings().model_dir / language


def installed_languages() -> tuple[str, ...]:
    """The languages with a complete model. A model is moved into its directory when it is complete."""
    directory = settings().model_dir
    if not directory.is_dir():
        return ()
    return tuple(sorted(path.name for path in directory.iterdir() if _is_complete(path)))


def serves(language: str) -> bool:
    """Whether the model of a language is installed."""
    return _is_complete(model_path(language))


def _is_complete(model: Path) -> bool:
    return (model / "am" / "final.mdl").is_file()


def files_of(language: str) -> int:
    """A number that changes with the files of a language's model; 0 where one of them goes at this moment."""
    try:
        found = [(str(path), path.stat()) for path in sorted(model_path(language).resolve().rglob("*"))]
    except OSError:
        return 0
    return hash(tuple((path, known.st_size, known.st_mtime_ns, known.st_ino) for path, known in found))


@dataclass
class _Recogniser:
    vosk: Any
    #: Seconds of audio that it has processed since it was made.
    seconds_fed: float = 0.0


#: Seconds of sound with which a new recogniser is warmed up.
_WARM_SECONDS = 8


class Recognition:
    """The models and recognisers of a process."""

    def __init__(self) -> None:
        #: Models by language, the most recently used last.
        self._models: dict[str, Any] = {}
        #: Languages whose model was loaded before this process was forked. These are shared, and never dropped.
        self.inherited: frozenset[str] = frozenset()
        #: Whether not all models fit into memory. Then this process loads at most one model beside the inherited ones.
        self.memory_limited = False
        self._recognisers: dict[tuple[str, int], _Recogniser] = {}
        self._memory_at_start = 0

    def load(self, language: str, path: Path | None = None) -> None:
        """Load the model of a language (1 to 2 s, some 500 MB) unless it is loaded. `path` names another model.

        Raises:
            NoModel: the model is not installed.
        """
        if language in self._models:
            self._models[language] = self._models.pop(language)
            return
        path = path or model_path(language)
        if not _is_complete(path):
            raise NoModel(language)
        if self.memory_limited:
            for other in self.loaded - self.inherited:
                self._drop(other)
        self._models[language] = vosk.Model(str(path.absolute()))
        self.reset_memory_baseline()

    def reset_memory_baseline(self) -> None:
        """Measure the growth of recognisers from now on: models, and what was inherited, do not count."""
        self._memory_at_start = 0

    def warm(self, language: str) -> None:
        """Let the recogniser of telephone speech process noise before the process forks.

        A small model composes its graph while it listens. Forked processes inherit the composed part.
        """
        noise = np.random.default_rng(1).normal(0, 800, RATE * _WARM_SECONDS)
        swell = np.abs(np.sin(np.arange(len(noise)) * 2 * np.pi * 3 / RATE))  # the rhythm of syllables
        self.transcribe(Sound((noise * swell).astype(np.int16), RATE), language)

    @property
    def loaded(self) -> frozenset[str]:
        """The languages whose model is in memory."""
        return frozenset(self._models)

    def model(self, language: str) -> Any:
        """The loaded model of a language.

        Raises:
            KeyError: it is not loaded.
        """
        return self._models[language]

    def transcribe(self, sound: Sound, language: str) -> TranscriptionResult:
        """Transcribe speech in a language.

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
        except BaseException:  # a time-out within an utterance: the recogniser's state is unusable
            self._recognisers.pop((language, sound.rate), None)
            raise
        self._limit_memory()
        words = [
            {
                "word": word["word"],
                # The recogniser's clock includes all earlier audio.
                "start": round(max(0.0, word["start"] - begun_at), 2),
                "end": round(word["end"] - begun_at, 2),
                "confidence": round(word["conf"], 3),
            }
            for result in results
            for word in result.get("result", ())
        ]
        confidence = round(sum(word["confidence"] for word in words) / len(words), 3) if words else None
        text = " ".join(result["text"] for result in results if result.get("text"))
        return TranscriptionResult(text, confidence, words, f"vosk {language}")

    def _drop(self, language: str) -> None:
        for key in [key for key in self._recognisers if key[0] == language]:
            del self._recognisers[key]
        del self._models[language]
        _return_memory()
        self.reset_memory_baseline()

    def _recogniser(self, language: str, rate: int) -> _Recogniser:
        if not self._memory_at_start:  # the models are shared with the parent, so they are not counted
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
            log.info("dropping the recognisers, which have grown by %d MiB", grown // 1024 // 1024)
            self._recognisers.clear()
            _return_memory()


def _return_memory() -> None:
    gc.collect()
    if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


#: The models of this process. The parent of the worker pool loads them before it forks.
recognition = Recognition()
