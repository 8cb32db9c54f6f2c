"""Recorded telephone prompts of people, as Debian's packages asterisk-core-sounds-{en,es,fr,it,ru}-wav hold them.

    prompts = of("/usr/share", "fr")        # [Prompt("vm-intro", Sound, "Veuillez laisser …"), …]

Their texts are in the packages without `-wav`. `on_the_telephone` gives them a telephone's band, coding and noise.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfilt

from ivr.audio.wav import RATE, Sound, at_telephone_rate, read_wav

#: Prompts that are longer say a sentence, not a digit.
_SHORTEST_WORDS = 4


@dataclass(frozen=True)
class Prompt:
    """A recorded prompt: its name, its sound at the telephone's rate, and what is said."""

    name: str
    sound: Sound
    text: str


def of(share: str, language: str, most: int | None = None) -> list[Prompt]:
    """The prompts of a language that say a sentence, by name; every n-th one where `most` is less."""
    root = Path(share)
    texts = _texts(root / "doc" / f"asterisk-core-sounds-{language}" / f"core-sounds-{language}.txt.gz")
    folder = next((root / "asterisk" / "sounds").glob(f"{language}_*"))
    found = [(name, path) for name in sorted(texts) if (path := folder / f"{name}.wav").is_file()]
    if most is not None:
        found = found[:: max(1, len(found) // most)][:most]
    return [Prompt(name, at_telephone_rate(read_wav(path.read_bytes())), texts[name]) for name, path in found]


def texts(share: str, language: str) -> dict[str, str]:
    """What the prompts of a language say, by their names."""
    return _texts(Path(share) / "doc" / f"asterisk-core-sounds-{language}" / f"core-sounds-{language}.txt.gz")


def _texts(path: Path) -> dict[str, str]:
    lines = gzip.decompress(path.read_bytes()).decode("utf-8", "replace").splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line and not line.startswith(";"))
    return {
        name.strip(): text.strip()
        for name, text in pairs
        if len(text.split()) >= _SHORTEST_WORDS and not re.search(r"[\[\](<]", text)
    }


def on_the_telephone(sound: Sound, decibels: float | None, dice: np.random.Generator) -> Sound:
    """A sound through a telephone's band and coding (A-law's steps), with noise so many decibels below the speech."""
    band = butter(4, (300, 3400), "bandpass", fs=RATE, output="sos")
    samples = sosfilt(band, sound.samples.astype(np.float64))
    if decibels is not None:
        noise = sosfilt(band, dice.normal(0, 1, len(samples)))
        loud = np.sqrt(np.mean(np.square(samples)))
        samples += noise * loud / max(np.sqrt(np.mean(np.square(noise))), 1e-9) / 10 ** (decibels / 20)
    scaled = np.clip(samples / 32768, -1, 1)
    coded = np.round(np.sign(scaled) * np.log1p(255 * np.abs(scaled)) / np.log(256) * 127) / 127
    back = np.sign(coded) * (np.power(256, np.abs(coded)) - 1) / 255
    return Sound((back * 32767).astype(np.int16), RATE)


def joined(prompts: list[Prompt], seconds: float, count: int) -> Iterator[Sound]:
    """Clips of so many seconds, of prompts that follow each other."""
    samples: list[np.ndarray] = []
    for prompt in prompts:
        samples.append(prompt.sound.samples)
        whole = np.concatenate(samples)
        if len(whole) >= seconds * RATE:
            yield Sound(whole[: int(seconds * RATE)], RATE)
            samples, count = [], count - 1
            if not count:
                return
