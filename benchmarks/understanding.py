"""What machines understand of recorded telephone prompts, how surely, and what it takes.

    python -m benchmarks.understanding MODEL SHARE [PART[:COUNT]…]

MODEL is a directory with a Whisper model (CTranslate2), SHARE one that holds `asterisk/sounds` and `doc` of Debian's
packages asterisk-core-sounds-{en,es,fr,it,ru} and -wav (`/usr/share`). PART: languages, words, gist, noise, pair, cost;
all of them without. COUNT: clips or prompts of each kind. `python -m benchmarks` leaves it out, because no machine has
the files of itself.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import psutil

from benchmarks import recorded_prompts
from benchmarks.report import Report
from ivr.audio.wav import RATE, Sound, at_telephone_rate
from ivr.transcription.result import TranscriptionResult

LANGUAGES = ("en", "fr", "es", "it", "ru")
#: Languages of which there is only a synthetic voice.
SYNTHETIC = ("de", "ar", "tr", "fa", "uk", "pl", "ro", "bg", "kmr")
#: Seconds of the clips, and synthetic clips of each language.
SECONDS, SYNTHETIC_CLIPS = (4.0, 8.0), 2
#: Of the clips so many must be sure, and of these so many right.
SURE, RIGHT = 0.85, 0.97
#: Decibels of noise below the speech.
NOISE = (None, 20, 10, 5)
#: The language that a caller has pressed, who speaks another one; of German clips: English.
PRESSED = {"de": "en"}


def languages(share: str, count: int) -> None:
    """Which language is heard: human voices of five languages, a synthetic one of the others."""
    from ivr.transcription import language_check

    heard: Counter[tuple[float, str, str]] = Counter()
    sure: Counter[tuple[float, bool]] = Counter()
    spent, number = 0.0, 0
    for seconds, language, clip in _clips(share, count):
        began = time.process_time()
        guess = language_check.spoken(clip)
        spent, number = spent + time.process_time() - began, number + 1
        contradicts = guess.contradicts(PRESSED.get(language, "de"))
        heard[seconds, language, f"{guess.language or '–'}{'' if contradicts else ' (unsure)'}"] += 1
        if contradicts and language in LANGUAGES:
            sure[seconds, guess.language == language] += 1
    for (seconds, language, guessed), count in sorted(heard.items()):
        print(f"{seconds:g} s  {language} heard as {guessed}: {count}")
    report = Report("understanding: languages")
    for seconds in SECONDS:
        total = sum(count for (length, code, _), count in heard.items() if length == seconds and code in LANGUAGES)
        right, wrong = sure[seconds, True], sure[seconds, False]
        report.at_least(f"{seconds:g} s: sure, of all human clips", (right + wrong) / max(total, 1), SURE)
        report.at_least(f"{seconds:g} s: right, of the sure ones", right / max(right + wrong, 1), RIGHT)
    report.shown("processor time of a clip", spent / max(number, 1), "s")
    report.finish()


def _clips(share: str, count: int) -> Iterator[tuple[float, str, Sound]]:
    for language in LANGUAGES:
        prompts = recorded_prompts.of(share, language)
        for seconds in SECONDS:
            for clip in recorded_prompts.joined(prompts, seconds, count):
                yield seconds, language, clip
    for language in SYNTHETIC:
        for number in range(SYNTHETIC_CLIPS):
            yield SECONDS[-1], language, _spoken(language, number)


def _spoken(language: str, number: int) -> Sound:
    """Texts of the hotline in a language, by the synthetic voice."""
    from ivr.audio.synthesis import speak
    from ivr.prompts.catalogue import catalogue

    said = [text for text in catalogue(language).texts.values() if len(text.split()) > 6 and "{" not in text]
    samples = at_telephone_rate(speak(" ".join(said[number * 3 : number * 3 + 3]), language)).samples
    return Sound(samples[: int(SECONDS[-1] * RATE)], RATE)


def words(share: str, count: int) -> None:
    """Word error rate, AUC, reliability and speed of Whisper, on the telephone and with noise."""
    from ivr.transcription import calibration, evaluation, whisper_engine

    dice = np.random.default_rng(1)
    report, marks = Report("understanding: words"), []
    for language in LANGUAGES:
        prompts = recorded_prompts.of(share, language, count)
        for decibels in NOISE:
            files, spent, length, some = [], 0.0, 0.0, []
            for prompt in prompts:
                sound = recorded_prompts.on_the_telephone(prompt.sound, decibels, dice)
                began = time.process_time()
                result = whisper_engine.transcribe(sound, language)
                spent, length = spent + time.process_time() - began, length + sound.seconds
                files.append(evaluation.count_errors(prompt.name, prompt.text, result))
                some += calibration.marks(prompt.text, result.words)
            rate = evaluation.rate([(file.word_errors, file.words) for file in files])
            marks += some
            noise = "no noise" if decibels is None else f"{decibels} dB"
            area = calibration.auc(some)
            print(f"{language}  {noise:<8}  {rate}  AUC {area or 0:.2f}  {spent / length:.2f} of real time")
    for line in calibration.reliability(marks):
        print(
            f"{line.low:.1f} to {line.high:.1f}: {line.words} words, {line.right:.0%} right, {line.confidence:.0%} sure"
        )
    report.shown("AUC of all words", calibration.auc(marks) or 0, "")
    report.finish()


def gist(share: str, count: int) -> None:
    """How near the English gist comes to the English original of the same prompt (chrF)."""
    from sacrebleu.metrics.chrf import CHRF

    from ivr.transcription import gist as rendering

    original, report = recorded_prompts.texts(share, "en"), Report("understanding: gist")
    for language in LANGUAGES[1:]:
        wanted = [one for one in recorded_prompts.of(share, language) if one.name in original]
        prompts, made, meant = wanted[:: max(1, len(wanted) // count)][:count], list[str](), list[str]()
        began = time.process_time()
        for prompt in prompts:
            found = rendering.english(prompt.sound, language)
            print(f"{language} | {prompt.text} | {original[prompt.name]} | {found.text or '(refused)'}")
            if found.text:
                made.append(found.text)
                meant.append(original[prompt.name])
        spent = time.process_time() - began
        report.shown(f"{language}: chrF", CHRF().corpus_score(made, [meant]).score, "", 1)
        report.shown(f"{language}: refused", 1 - len(made) / max(len(prompts), 1), "", 2)
        report.shown(f"{language}: processor time of a prompt", spent / max(len(prompts), 1), "s")
    report.finish()


def _nobody_speaks(dice: np.random.Generator, count: int) -> Iterator[tuple[str, Sound]]:
    """Silence, noise, tones, music and breath, of three to eight seconds."""
    for number in range(count):
        length = int(dice.uniform(3, 8) * RATE)
        time_of = np.arange(length) / RATE
        loud = dice.uniform(300, 6000)
        noise = dice.normal(0, 1, length)
        brown = np.cumsum(noise) / 40
        chord = [220 * 2 ** (step / 12) for step in dice.choice(24, 3, replace=False)]
        beat = np.exp(-4 * (time_of % dice.uniform(0.3, 0.6)))
        kinds = {
            "silence": dice.normal(0, dice.uniform(0, 12), length),
            "noise": (noise if number % 2 else np.clip(brown, -3, 3)) * loud,
            "tones": np.sin(2 * np.pi * (425, 440, 950)[number % 3] * time_of) * ((time_of % 0.96) < 0.48) * loud * 2,
            "music": sum(np.sin(2 * np.pi * pitch * time_of) for pitch in chord) * beat * loud,
            "breath": np.convolve(noise, np.ones(6) / 3, "same")
            * np.clip(np.sin(2 * np.pi * time_of / 3), 0, 1)
            * loud,
        }
        for kind, samples in kinds.items():
            yield kind, Sound(np.clip(samples, -32768, 32767).astype(np.int16), RATE)


def noise(_share: str, count: int) -> None:
    """In clips where nobody speaks no word counts as done; per engine."""
    from ivr.transcription import transcribe_job, vosk_engine, whisper_engine

    listeners: dict[str, Callable[[Sound], TranscriptionResult]] = {
        "whisper": lambda sound: whisper_engine.transcribe(sound, "de")
    }
    if installed := vosk_engine.installed_languages():
        listeners[f"vosk {installed[0]}"] = lambda sound: vosk_engine.recognition.transcribe(sound, installed[0])
    report = Report("understanding: nobody speaks")
    for name, listen in listeners.items():
        outcomes: Counter[tuple[str, str]] = Counter()
        done = 0
        for kind, sound in _nobody_speaks(np.random.default_rng(1), count):
            judged = transcribe_job.judged(sound, listen)
            reason = judged if not isinstance(judged, tuple) else judged[1]
            outcomes[kind, str(reason or "done")] += 1
            done += len(judged[0].words) if isinstance(judged, tuple) and reason is None else 0
        for (kind, outcome), times in sorted(outcomes.items()):
            print(f"{name}: {kind}: {outcome} {times}")
        report.at_most(f"{name}: words done", done, 0)
    report.finish()


def pair(_share: str, count: int) -> None:
    """Whether words that two engines agree on are right more often: Vosk and Whisper, on a synthetic Korean voice."""
    from ivr.audio.synthesis import speak
    from ivr.prompts.catalogue import catalogue
    from ivr.transcription import calibration, evaluation, vosk_engine, whisper_engine

    said = [text for text in catalogue("ko").texts.values() if len(text.split()) > 3 and "{" not in text]
    marks = list[tuple[bool, bool]]()
    files: tuple[list[evaluation.EvaluatedFile], list[evaluation.EvaluatedFile]] = ([], [])
    for number, text in enumerate(said[:count]):
        sound = at_telephone_rate(speak(text, "ko"))
        sound = recorded_prompts.on_the_telephone(sound, 20, np.random.default_rng(number))
        first, second = vosk_engine.recognition.transcribe(sound, "ko"), whisper_engine.transcribe(sound, "ko")
        marks += calibration.agreement_marks("ko", text, first.words, second.words)
        for counted, result in zip(files, (first, second), strict=True):
            counted.append(evaluation.count_errors(str(number), text, result))
    for name, counted in zip(("vosk", "whisper"), files, strict=True):
        print(f"{name}: word errors {evaluation.rate([(one.word_errors, one.words) for one in counted])}")
    report = Report("understanding: two engines")
    for both, name in ((True, "heard by both"), (False, "by the first alone")):
        right = [is_right for alike, is_right in marks if alike is both]
        report.shown(f"{name}: words", len(right), "", 0)
        report.shown(f"{name}: right", sum(right) / max(len(right), 1), "")
    report.finish()


def cost(share: str, count: int) -> None:
    """Processor time of a ten-second message: detector, Vosk, and what follows the transcript; and memory."""
    from ivr.transcription import gist as rendering
    from ivr.transcription import language_check, transcribe_job, vosk_engine, whisper_engine

    clips = list(recorded_prompts.joined(recorded_prompts.of(share, "en"), 10, count))
    process, report = psutil.Process(), Report("understanding: cost of a message of 10 s")
    before = process.memory_info().rss
    parts: dict[str, Callable[[Sound], object]] = {}
    if installed := vosk_engine.installed_languages():
        code = installed[0]

        def bare(sound: Sound) -> TranscriptionResult:
            return vosk_engine.recognition.transcribe(sound, code)

        parts["vosk, bare"] = bare
        parts["vosk with detector"] = lambda sound: transcribe_job.judged(sound, bare)
    parts |= {
        "second engine (Whisper)": lambda sound: whisper_engine.transcribe(sound, "en"),
        "language check": language_check.spoken,
        "English gist": lambda sound: rendering.english(sound, "en"),
    }
    spent = dict.fromkeys(parts, 0.0)
    for one in parts.values():
        one(clips[0])  # models are loaded
    for clip in clips:
        for name, one in parts.items():
            began = time.process_time()
            one(clip)
            spent[name] += time.process_time() - began
    for name, seconds in spent.items():
        report.shown(name, seconds / len(clips), "s")
    if installed:
        report.at_least(
            "throughput with the detector, of bare", spent["vosk, bare"] / spent["vosk with detector"], 0.97
        )
    report.shown("memory of all models", (process.memory_info().rss - before) / 2**20, "MiB", 0)
    report.finish()


#: Each part, and the clips or prompts of each kind that it takes.
_PARTS = {
    "languages": (languages, 20), "words": (words, 16), "gist": (gist, 40), "noise": (noise, 40), "pair": (pair, 32),
    "cost": (cost, 12),
}  # fmt: skip


def main(model: str, share: str, *wanted: str) -> None:
    """Print the tables of the parts."""
    os.environ["WHISPER_MODEL"] = model
    for asked in wanted or _PARTS:
        name, _, count = asked.partition(":")
        part, usual = _PARTS[name]
        part(share, int(count or usual))


if __name__ == "__main__":
    main(*sys.argv[1:])
