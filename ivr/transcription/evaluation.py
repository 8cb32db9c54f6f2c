"""How well an engine writes a language down: judged on the operator's own audio, a WAV file and its text beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jiwer
import numpy as np

from ivr.audio.wav import Sound, read_audio
from ivr.transcription import engines, whisper_engine
from ivr.transcription.result import Heard, NoModel
from ivr.transcription.vosk_engine import Recognition

#: Samples of the files, drawn with replacement, from which an interval is read.
_SAMPLES = 2000
#: Capitals, punctuation and the width of spaces are no mistakes.
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
    """The folder has no pair of audio and text that can be used."""


@dataclass(frozen=True)
class Rate:
    """Mistakes by what should have been written, and the interval that holds it with a probability of 95 %."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.1%} [{self.low:.1%} to {self.high:.1%}]"


@dataclass
class Judged:
    """One file."""

    name: str
    wanted: str
    heard: Heard
    word_errors: int
    words: int
    letter_errors: int
    letters: int


@dataclass
class Evaluation:
    """All files of a folder. `left_out`: name of a file and why it could not be judged."""

    files: list[Judged] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    #: Seconds of sound, and seconds it took.
    sound_seconds: float = 0.0
    spent_seconds: float = 0.0

    @property
    def word_error_rate(self) -> Rate:
        """Words wrong, missing or made up, by the words of the text."""
        return _rate([(file.word_errors, file.words) for file in self.files])

    @property
    def character_error_rate(self) -> Rate:
        """The same of letters."""
        return _rate([(file.letter_errors, file.letters) for file in self.files])


def recogniser(language: str, engine: str | None, model: Path | None) -> Callable[[Sound], Heard]:
    """What would write a language down: as the house does, or a named engine (vosk, whisper), or the model in a
    directory.

    Raises:
        NoModel: there is none.
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


def evaluate(directory: Path, transcribe: Callable[[Sound], Heard], limit: int | None = None) -> Evaluation:
    """Write down every `NAME.wav` beside which stands `NAME.txt` (UTF-8).

    Raises:
        NothingToJudge: there is no such pair.
    """
    result = Evaluation()
    for sound_file, text_file in list(_pairs(directory))[:limit]:
        try:
            wanted = " ".join(text_file.read_text(encoding="utf-8-sig").split())
            sound, _ = read_audio(sound_file.read_bytes())
        except (OSError, ValueError) as error:
            result.left_out.append((sound_file.name, str(error)))
            continue
        if not _LETTERS([wanted])[0]:
            result.left_out.append((sound_file.name, "its text is empty"))
            continue
        began = time.monotonic()
        heard = transcribe(sound)
        result.spent_seconds += time.monotonic() - began
        result.sound_seconds += sound.seconds
        result.files.append(_judge(sound_file.name, wanted, heard))
    if not result.files:
        raise NothingToJudge(f"{directory} has no NAME.wav with a NAME.txt beside it that could be used")
    return result


def _pairs(directory: Path) -> Iterator[tuple[Path, Path]]:
    for sound in sorted(directory.rglob("*.wav")):
        if (text := sound.with_suffix(".txt")).is_file():
            yield sound, text


def _judge(name: str, wanted: str, heard: Heard) -> Judged:
    words = jiwer.process_words(wanted, heard.text, _WORDS, _WORDS)
    letters = jiwer.process_characters(wanted, heard.text, _LETTERS, _LETTERS)
    return Judged(
        name,
        wanted,
        heard,
        words.substitutions + words.deletions + words.insertions,
        words.hits + words.substitutions + words.deletions,
        letters.substitutions + letters.deletions + letters.insertions,
        letters.hits + letters.substitutions + letters.deletions,
    )


def _rate(counted: list[tuple[int, int]]) -> Rate:
    counts = np.array(counted, dtype=float)
    drawn = counts[np.random.default_rng(1).integers(0, len(counts), (_SAMPLES, len(counts)))].sum(axis=1)
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
    return Rate(float(counts[:, 0].sum() / counts[:, 1].sum()), float(low), float(high))
