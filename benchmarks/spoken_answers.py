"""How often a model understands one of a few words on the telephone: `1 2 3`, and yes or no.

    python -m benchmarks.spoken_answers LANGUAGE [DIRECTORY] [--model MODEL]

DIRECTORY holds recordings, each NAME.wav beside a NAME.txt with the one word that is said in it. Without one, espeak-ng
says the words: 10 times each at several speeds and loudnesses, at telephone quality, alone and in noise of 20 and of
10 dB. Each question is judged as in a call: of all digits, yes and no, one word has to be heard, with a confidence
of 0.8, and it has to be one of the question's; anything else is "unsure", and the caller is asked for a key. Beside
the words some sentences are said that are no answers: they should be none.

The status is 1 where fewer than 95 % are understood, more than 1 % are taken for another answer, or an answer takes
more than 1.5 s.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import vosk

from benchmarks.report import Report
from ivr.audio.synthesis import speak
from ivr.audio.wav import RATE, Samples, Sound, at_telephone_rate, read_wav
from ivr.domain.languages import LANGUAGES
from ivr.prompts import catalogue
from ivr.transcription.vosk_engine import model_path
from ivr.transcription.word_recogniser import understood

RIGHT, WRONG, SECONDS = 95.0, 1.0, 1.5
#: The length of the recording, in seconds.
LENGTH = 2
TIMES = 10
NOISES = {"quiet": None, "noise of 20 dB": 20, "noise of 10 dB": 10}
#: Sentences that answer nothing, in the languages that were measured; elsewhere the German ones are said.
NOTHING_SAID = {
    "de": ("Einen Moment bitte, ich suche meine Brille", "Hallo, wer ist da", "Das weiß ich nicht"),
    "ko": (
        "잠깐만요 안경을 찾고 있어요", "여보세요 거기 누구세요", "모르겠어요", "다시 한번 말씀해 주세요",
        "아이고 어떡하지",
    ),
}  # fmt: skip


def spoken(words: tuple[str, ...], language: str, noise: int | None) -> Iterator[tuple[str, Samples]]:
    """Each word several times, with what is said in it. `noise` in dB below the speech."""
    drawn = np.random.default_rng(1)
    for word in words:
        voice = at_telephone_rate(speak(word, language)).samples.astype(np.float64)
        for _ in range(TIMES):
            at = np.arange(0, len(voice), drawn.uniform(0.85, 1.15))
            said = np.interp(at, np.arange(len(voice)), voice) * drawn.uniform(0.4, 1.2)
            sound, begins = np.zeros(LENGTH * RATE), int(drawn.uniform(0.2, 0.6) * RATE)
            sound[begins : begins + len(said)] = said[: len(sound) - begins]
            if noise is not None:
                sound += drawn.normal(0, np.sqrt((said**2).mean()) * 10 ** (-noise / 20), len(sound))
            yield word, np.clip(sound, -32000, 32000).astype(np.int16)


def recorded(directory: Path, words: tuple[str, ...]) -> Iterator[tuple[str, Samples]]:
    """The recordings of these words."""
    for file in sorted(directory.rglob("*.wav")):
        text = file.with_suffix(".txt")
        if text.is_file() and (word := text.read_text(encoding="utf-8").strip().lower()) in words:
            yield word, at_telephone_rate(read_wav(file.read_bytes())).samples


def main() -> None:
    """Print the shares of each question and each kind of sound."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("language", choices=sorted(LANGUAGES))
    arguments.add_argument("directory", nargs="?", type=Path)
    arguments.add_argument("--model", type=Path, help="A model's directory. Default: the language's own.")
    given = arguments.parse_args()
    vosk.SetLogLevel(-2)
    path = given.model or model_path(given.language)
    if not path.is_dir():
        arguments.error(f"there is no model at {path}: python -m ivr models fetch {given.language}")
    model, report = vosk.Model(str(path.absolute())), Report("spoken_answers")
    for question, words in (
        ("1 2 3", catalogue(given.language).digits[1:4]),
        ("yes or no", catalogue(given.language).yes_no),
    ):
        sounds = {"recordings": recorded(given.directory, words)} if given.directory else {
            name: spoken(words, given.language, noise) for name, noise in NOISES.items()
        }  # fmt: skip
        for name, tries in sounds.items():
            _judge(report, f"{question}, {name}", model, words, tries, given.language)
        for name, noise in NOISES.items():
            _judge_nothing(report, f"{question}, no answer, {name}", model, words, given.language, noise)
    report.finish()


def _answer(model: vosk.Model, words: tuple[str, ...], samples: Samples, language: str) -> str | None:
    said = catalogue(language)
    heard = understood(model, Sound(samples, RATE), tuple(dict.fromkeys((*words, *said.digits, *said.yes_no))))
    return heard if heard in words else None


def _judge(
    report: Report,
    name: str,
    model: vosk.Model,
    words: tuple[str, ...],
    tries: Iterator[tuple[str, Samples]],
    language: str,
) -> None:
    counts, slowest = defaultdict[str, int](int), 0.0
    for word, samples in tries:
        began = time.perf_counter()
        answer = _answer(model, words, samples, language)
        slowest = max(slowest, time.perf_counter() - began)
        counts["unsure" if answer is None else "right" if answer == word else "wrong"] += 1
    if not (total := sum(counts.values())):
        raise SystemExit(f"{name}: no recording of {', '.join(words)}")
    report.at_least(f"{name}: right of {total}", 100 * counts["right"] / total, RIGHT, "%", 1)
    report.at_most(f"{name}: taken for another", 100 * counts["wrong"] / total, WRONG, "%", 1)
    report.at_most(f"{name}: slowest", slowest, SECONDS, "s")


def _judge_nothing(
    report: Report, name: str, model: vosk.Model, words: tuple[str, ...], language: str, noise: int | None
) -> None:
    sentences = NOTHING_SAID.get(language, NOTHING_SAID["de"])
    sounds = [samples for _, samples in spoken(sentences, language, noise)]
    taken = sum(_answer(model, words, samples, language) is not None for samples in sounds)
    report.at_most(f"{name}: taken for an answer, of {len(sounds)}", 100 * taken / len(sounds), WRONG, "%", 1)


if __name__ == "__main__":
    main()
