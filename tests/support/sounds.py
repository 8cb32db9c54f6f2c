"""What voiceboxes record when nobody speaks: tones, machines, noise and music, at 8 kHz."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ivr.audio.wav import RATE, Sound

Signal = NDArray[np.float64]


def sound(signal: Signal) -> Sound:
    return Sound(np.clip(signal, -32768, 32767).astype(np.int16), RATE)


def times(seconds: float) -> Signal:
    return np.arange(int(seconds * RATE)) / RATE


def tone(*frequencies: float, seconds: float = 10, loudness: float = 6000) -> Signal:
    waves = [np.sin(2 * np.pi * frequency * times(seconds)) for frequency in frequencies]
    return loudness * np.mean(waves, axis=0)


def on_and_off(signal: Signal, on: float, off: float) -> Signal:
    return signal * ((np.arange(len(signal)) % int((on + off) * RATE)) < int(on * RATE))


def noise(seconds: float = 10, loudness: float = 3000) -> Signal:
    return np.random.default_rng(3).normal(0, loudness, int(seconds * RATE))


def shaped(signal: Signal, weight: Callable[[Signal], Signal]) -> Signal:
    """A signal whose spectrum is weighted by frequency."""
    shape = weight(np.fft.rfftfreq(len(signal), 1 / RATE))
    return np.fft.irfft(np.fft.rfft(signal) * shape, len(signal))


def within(low: float, high: float) -> Callable[[Signal], Signal]:
    return lambda frequency: ((frequency >= low) & (frequency <= high)).astype(np.float64)


def harmonics(frequency: float, count: int, seconds: float, wobble: float = 0) -> Signal:
    phase = 2 * np.pi * frequency * times(seconds) + wobble * np.sin(2 * np.pi * 5.5 * times(seconds))
    return np.sum([np.sin(number * phase) / number for number in range(1, count)], axis=0)


def melody(seconds: float = 12, seed: int = 1, wobble: float = 0) -> Signal:
    """A plucked melody above a bass; `wobble` is the vibrato of a singer or a violin."""
    random, notes = np.random.default_rng(seed), []
    scale = [261.6, 293.7, 329.6, 349.2, 392, 440, 493.9, 523.3]
    while sum(map(len, notes)) < seconds * RATE:
        lasts = random.choice([0.25, 0.5, 0.75])
        high = harmonics(random.choice(scale), 7, lasts, wobble) * np.exp(-3 * times(lasts)) * 3500
        notes.append(high + harmonics(random.choice(scale) / 2, 5, lasts) * 1500)
    return np.concatenate(notes)[: int(seconds * RATE)]


def chords(seconds: float = 10, seed: int = 83) -> Signal:
    """Three notes that are struck together, again and again; some sound like a voice for a moment."""
    random = np.random.default_rng(seed)
    notes = np.sum(
        [np.sin(2 * np.pi * 220 * 2 ** (step / 12) * times(seconds)) for step in random.choice(24, 3)], axis=0
    )
    return notes * np.exp(-4 * (times(seconds) % random.uniform(0.3, 0.6))) * random.uniform(300, 6000)


def modem() -> Signal:
    steps = np.random.default_rng(5).integers(0, 8, 24000)
    turns = np.repeat(steps * np.pi / 4, RATE // 2400 + 1)[: 10 * RATE]
    return 6000 * np.sin(2 * np.pi * 1800 * times(10) + turns)


def fax() -> Signal:
    bits = np.random.default_rng(7).integers(0, 2, 1200)
    data = np.repeat(np.where(bits, 1650, 1850), RATE // 300 + 1)[: 4 * RATE]
    calling = on_and_off(tone(1100, seconds=4), 0.5, 3)
    return np.concatenate([calling, tone(2100, seconds=3), 6000 * np.sin(2 * np.pi * np.cumsum(data) / RATE)])


def clicks() -> Signal:
    signal, random = np.zeros(10 * RATE), np.random.default_rng(11)
    for start in random.integers(0, len(signal) - 80, 40):
        signal[start : start + 40] += random.normal(0, 8000, 40)
    return signal


def breathing() -> Signal:
    wind = shaped(noise(10, 1), within(300, 2500))
    return wind / wind.std() * 900 * np.clip(np.sin(2 * np.pi * times(10) / 3.5), 0, None) ** 2


#: Every kind, by its name; each is computed when it is asked for.
NOBODY_SPEAKS: Mapping[str, Callable[[], Signal]] = {
    "silence": lambda: np.zeros(10 * RATE),
    "a dialling tone": lambda: tone(425),
    "two tones": lambda: tone(350, 440),
    "a busy tone": lambda: on_and_off(tone(425), 0.48, 0.48),
    "a foreign busy tone": lambda: on_and_off(tone(480, 620), 0.5, 0.5),
    "a fast busy tone": lambda: on_and_off(tone(425), 0.24, 0.24),
    "ringing": lambda: on_and_off(tone(425, seconds=12), 1, 4),
    "foreign ringing": lambda: on_and_off(tone(440, 480, seconds=12), 2, 4),
    "three rising tones": lambda: np.concatenate([tone(f, seconds=0.33) for f in (950, 1400, 1800)] * 4),
    "a fax machine": fax,
    "a fax machine that calls": lambda: on_and_off(tone(1100), 0.5, 3),
    "a modem": modem,
    "keys": lambda: on_and_off(tone(770, 1336), 0.1, 0.15),
    "a siren": lambda: 6000 * np.sin(2 * np.pi * 700 * times(10) + 625 * np.sin(2 * np.pi * 0.4 * times(10))),
    "music": melody,
    "music with vibrato": lambda: melody(15, 7, wobble=3),
    "other music": lambda: melody(15, 28, wobble=1),
    "chords of music": chords,
    "white noise": noise,
    "quiet white noise": lambda: noise(loudness=200),
    "noise in bursts": lambda: noise() * np.abs(np.sin(2 * np.pi * 3 * times(10))),
    "pink noise": lambda: shaped(noise(), lambda frequency: 3 / np.sqrt(np.maximum(frequency, 20) / 20)),
    "mains hum": lambda: tone(50, 100, 150),
    "loud hum": lambda: harmonics(50, 40, 10) * 6000,
    "an engine": lambda: harmonics(90, 20, 10, wobble=0.5) * 3000,
    "clicks": clicks,
    "breathing": breathing,
}
