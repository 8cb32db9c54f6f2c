"""Measures the error rates of an engine on the operator's own audio: WAV files with a text file beside each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jiwer
import numpy as np

from ivr.audio.wav import Sound, read_audio
from ivr.transcription import engines, whisper_engine
from ivr.transcription.result import NoModel, TranscriptionResult
from ivr.transcription.vosk_engine import Recognition

#: Number of bootstrap samples for the confidence interval.
_SAMPLES = 2000
#: Capitals, punctuation and spaces do not count as errors.
_WORDS = jiwer.Compose(
    [
        jiwer.ToLowerCase(), jiwer.RemovePunctuation(), jiwer.RemoveMultipleSpaces(), jiwer.Strip(),
        jiwer.ReduceToListOfListOfWords(),
    ]
)  # fmt: skip
_LETTERS = jiwer.Compose(
    [
        jiwer.ToLowerCase(), jiwer.RemovePunctuation(), jiwer.RemoveMultipleSpaces(), jiwer.Strip(),
        jiwer.ReduceToListOfListOfChars(),
    ]
)  # fmt: skip


class NothingToJudge(Exception):
    """The directory has no usable pair of audio and text."""


@dataclass(frozen=True)
class Rate:
    """An error rate with its confidence interval of 95 %."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.1%} [{self.low:.1%} to {self.high:.1%}]"


@dataclass
class EvaluatedFile:
    """The errors in one file."""

    name: str
    expected: str
    result: TranscriptionResult
    word_errors: int
    words: int
    letter_errors: int
    letters: int
    #: What the second engine of a pair has heard.
    second: TranscriptionResult | None = None


@dataclass
class Evaluation:
    """The results of all files of a directory. `left_out` holds file names and the reasons why they were unusable."""

    files: list[EvaluatedFile] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    #: Seconds of audio, and seconds that its transcription took.
    sound_seconds: float = 0.0
    spent_seconds: float = 0.0

    @property
    def word_error_rate(self) -> Rate:
        """Wrong, missing and additional words, divided by the words of the text."""
        return rate([(file.word_errors, file.words) for file in self.files])

    @property
    def character_error_rate(self) -> Rate:
        """Wrong, missing and additional letters, divided by the letters of the text."""
        return rate([(file.letter_errors, file.letters) for file in self.files])


def recogniser(language: str, engine: str | None, model: Path | None) -> Callable[[Sound], TranscriptionResult]:
    """The engine to evaluate: the product's choice, a named engine (vosk, whisper), or the model in a directory.

    Raises:
        NoModel: the model does not exist.
    """
    if model is not None and engine is None:
        engine = "whisper" if (model / "model.bin").is_file() else "vosk"
    if engine is None:
        if language not in engines.served_languages():
            raise NoModel(language)
        return lambda sound: engines.transcribe(sound, language)
    if engine == "whisper":
        path = whisper_engine.model_directory(model)
        return lambda sound: whisper_engine.transcribe(sound, language, path)
    own = Recognition()
    own.load(language, model)
    return lambda sound: own.transcribe(sound, language)


def evaluate(
    directory: Path,
    transcribe: Callable[[Sound], TranscriptionResult],
    limit: int | None = None,
    second: Callable[[Sound], TranscriptionResult] | None = None,
) -> Evaluation:
    """Transcribe every `NAME.wav` that has a text `NAME.txt` (UTF-8) beside it, at most `limit` files.

    With `second`, another engine hears each file as well; its time counts.

    Raises:
        NothingToJudge: the directory has no usable pair.
    """
    result = Evaluation()
    for sound_file, text_file in list(_pairs(directory))[:limit]:
        try:
            expected = " ".join(text_file.read_text(encoding="utf-8-sig").split())
            sound, _ = read_audio(sound_file.read_bytes())
        except (OSError, ValueError) as error:
            result.left_out.append((sound_file.name, str(error)))
            continue
        if not _LETTERS([expected])[0]:
            result.left_out.append((sound_file.name, "its text is empty"))
            continue
        began = time.monotonic()
        transcription = transcribe(sound)
        other = second(sound) if second is not None else None
        result.spent_seconds += time.monotonic() - began
        result.sound_seconds += sound.seconds
        result.files.append(count_errors(sound_file.name, expected, transcription, other))
    if not result.files:
        raise NothingToJudge(f"{directory} has no NAME.wav with a NAME.txt beside it that could be used")
    return result


def _pairs(directory: Path) -> Iterator[tuple[Path, Path]]:
    for sound in sorted(directory.rglob("*.wav")):
        if (text := sound.with_suffix(".txt")).is_file():
            yield sound, text


def count_errors(
    name: str, expected: str, result: TranscriptionResult, second: TranscriptionResult | None = None
) -> EvaluatedFile:
    """The errors in the transcript of a text that is known."""
    words = jiwer.process_words(expected, result.text, _WORDS, _WORDS)
    letters = jiwer.process_characters(expected, result.text, _LETTERS, _LETTERS)
    return EvaluatedFile(
        name,
        expected,
        result,
        words.substitutions + words.deletions + words.insertions,
        words.hits + words.substitutions + words.deletions,
        letters.substitutions + letters.deletions + letters.insertions,
        letters.hits + letters.substitutions + letters.deletions,
        second,
    )


def rate(counted: Sequence[tuple[int, int]]) -> Rate:
    """The share of wrong ones, of pairs of wrong ones and all, with its interval (bootstrap over the pairs)."""
    counts = np.array(counted, dtype=float)
    drawn = counts[np.random.default_rng(1).integers(0, len(counts), (_SAMPLES, len(counts)))].sum(axis=1)
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
    return Rate(float(counts[:, 0].sum() / counts[:, 1].sum()), float(low), float(high))
