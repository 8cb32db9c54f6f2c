"""How often a model understands one of a few words on the telephone: `1 2 3`, and yes or no.

    python -m benchmarks.spoken_answers LANGUAGE [DIRECTORY] [--model MODEL]

DIRECTORY holds recordings, each NAME.wav beside a NAME.txt with the one word that is said in it. Without one, espeak-ng
says the words: 10 times each at several speeds and loudnesses, at telephone quality, alone and in noise of 20 and of
10 dB. Each question has a grammar of its own words. An answer counts as understood where exactly one word is heard with
a confidence of 0.8; anything else is "unsure", and the caller would be asked again for a key.

The status is 1 where fewer than 95 % are understood, more than 1 % are taken for another answer, or an answer takes
more than 1.5 s.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import vosk

from benchmarks.report import Report
from ivr.audio.synthesis import speak
from ivr.audio.wav import RATE, Samples, at_telephone_rate, read_wav
from ivr.prompts import catalogue
from ivr.transcription.vosk_engine import model_path

RIGHT, WRONG, SECONDS = 95.0, 1.0, 1.5
CONFIDENCE = 0.8
#: The length of the recording, in seconds.
LENGTH = 2
TIMES = 10
NOISES = {"quiet": None, "noise of 20 dB": 20, "noise of 10 dB": 10}
YES_NO = {
    "de": ("ja", "nein"), "en": ("yes", "no"), "tr": ("evet", "hayır"), "ar": ("نعم", "لا"), "ru": ("да", "нет"),
    "uk": ("так", "ні"), "fa": ("بله", "نه"), "kmr": ("erê", "na"), "pl": ("tak", "nie"), "bg": ("да", "не"),
    "ro": ("da", "nu"), "fr": ("oui", "non"), "ko": ("네", "아니요"),
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


def understood(model: vosk.Model, words: tuple[str, ...], samples: Samples) -> str | None:
    """The one word that is heard; None where the recogniser is unsure."""
    recogniser = vosk.KaldiRecognizer(model, RATE, json.dumps([*words, "[unk]"], ensure_ascii=False))
    recogniser.SetWords(True)
    recogniser.AcceptWaveform(samples.astype("<i2").tobytes())
    heard = json.loads(recogniser.FinalResult()).get("result", [])
    sure = {word["word"] for word in heard if word["conf"] >= CONFIDENCE and word["word"] != "[unk]"}
    return sure.pop() if len(sure) == 1 else None


def main() -> None:
    """Print the shares of each question and each kind of sound."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("language", choices=sorted(YES_NO))
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
        ("yes or no", YES_NO[given.language]),
    ):
        sounds = {"recordings": recorded(given.directory, words)} if given.directory else {
            name: spoken(words, given.language, noise) for name, noise in NOISES.items()
        }  # fmt: skip
        for name, tries in sounds.items():
            _judge(report, f"{question}, {name}", model, words, tries)
    report.finish()


def _judge(
    report: Report, name: str, model: vosk.Model, words: tuple[str, ...], tries: Iterator[tuple[str, Samples]]
) -> None:
    counts, slowest = defaultdict[str, int](int), 0.0
    for word, samples in tries:
        began = time.perf_counter()
        answer = understood(model, words, samples)
        slowest = max(slowest, time.perf_counter() - began)
        counts["unsure" if answer is None else "right" if answer == word else "wrong"] += 1
    if not (total := sum(counts.values())):
        raise SystemExit(f"{name}: no recording of {', '.join(words)}")
    report.at_least(f"{name}: right of {total}", 100 * counts["right"] / total, RIGHT, "%", 1)
    report.at_most(f"{name}: taken for another", 100 * counts["wrong"] / total, WRONG, "%", 1)
    report.at_most(f"{name}: slowest", slowest, SECONDS, "s")


if __name__ == "__main__":
    main()
