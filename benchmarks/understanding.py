"""Which language is heard in recorded telephone prompts, how surely, and what it takes.

    python -m benchmarks.understanding MODEL DIRECTORY:LANGUAGE…

MODEL is a directory with a Whisper model (CTranslate2); each DIRECTORY holds WAV files in which people speak LANGUAGE,
such as those of Debian's packages asterisk-core-sounds-{en,es,fr,it,ru}-wav. Short files are put together to clips of
the seconds in SECONDS. `python -m benchmarks` leaves it out, because no machine has the files of itself.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil

from benchmarks.report import Report
from ivr.audio.wav import RATE, Sound, at_telephone_rate, read_wav

#: Seconds of the clips, and clips of each length and language.
SECONDS, CLIPS = (4.0, 8.0), 8
#: Of the clips so many must be sure, and of these so many right.
SURE, RIGHT = 0.85, 0.97
#: The language that a caller has pressed, who speaks another one; of German clips: English.
PRESSED = {"de": "en"}


def clips(directory: Path, seconds: float, count: int) -> Iterator[Sound]:
    """Clips of so many seconds, of files that follow each other."""
    samples: list[np.ndarray] = []
    for path in sorted(directory.rglob("*.wav")):
        if "silence" in path.parts or not path.stem.startswith(("vm-", "conf-", "agent-", "demo-", "pbx-", "queue-")):
            continue
        samples.append(at_telephone_rate(read_wav(path.read_bytes())).samples)
        joined = np.concatenate(samples)
        if len(joined) >= seconds * RATE:
            yield Sound(joined[: int(seconds * RATE)], RATE)
            samples, count = [], count - 1
            if not count:
                return


def main(model: str, *sources: str) -> None:
    """Print the confusion matrix, the shares of sure and right answers, and the cost."""
    os.environ["WHISPER_MODEL"] = model
    from ivr.transcription import language_check

    process, before = psutil.Process(), psutil.Process().memory_info().rss
    heard: Counter[tuple[float, str, str]] = Counter()
    sure: Counter[tuple[float, bool]] = Counter()
    spent, number = 0.0, 0
    for source in sources:
        directory, _, language = source.rpartition(":")
        for seconds in SECONDS:
            for clip in clips(Path(directory), seconds, CLIPS):
                began = time.process_time()
                guess = language_check.spoken(clip)
                spent, number = spent + time.process_time() - began, number + 1
                heard[seconds, language, guess.language or "–"] += 1
                if guess.contradicts(PRESSED.get(language, "de")):
                    sure[seconds, guess.language == language] += 1
    for (seconds, language, guessed), count in sorted(heard.items()):
        print(f"{seconds:g} s  {language} heard as {guessed}: {count}")
    report = Report("understanding")
    for seconds in SECONDS:
        total = sum(count for (length, *_), count in heard.items() if length == seconds)
        right, wrong = sure[seconds, True], sure[seconds, False]
        report.at_least(f"{seconds:g} s: sure, of all clips", (right + wrong) / max(total, 1), SURE)
        report.at_least(f"{seconds:g} s: right, of the sure ones", right / max(right + wrong, 1), RIGHT)
    report.shown("processor time of a clip", spent / max(number, 1), "s")
    report.shown("memory of the model", (process.memory_info().rss - before) / 2**20, "MiB", 0)
    report.finish()


if __name__ == "__main__":
    main(*sys.argv[1:])
