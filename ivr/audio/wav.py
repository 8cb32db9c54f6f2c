"""Reads, writes and resamples 16-bit PCM WAV files."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.int16]
#: Sample rate of the telephone network, in Hz.
RATE = 8000


@dataclass(frozen=True)
class Sound:
    """Mono samples and their sample rate in Hz."""

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.samples) / self.rate


def read_wav(data: bytes) -> Sound:
    """Decode a 16-bit PCM WAV file to mono samples. Channels are averaged.

    Raises:
        ValueError: the data is not such a file, or it is truncated.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            expected = file.getnframes() * width * channels
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"not a WAV file: {error}") from error
    if len(frames) < expected:
        raise ValueError(f"a truncated WAV file: {len(frames)} of {expected} bytes")
    if width != 2:
        raise ValueError(f"{8 * width}-bit samples, expected 16")
    if rate < 4000 or channels < 1:
        raise ValueError(f"{channels} channels at {rate} Hz")
    samples = np.frombuffer(frames[: len(frames) // (2 * channels) * 2 * channels], dtype="<i2")
    if channels > 1:
        samples = samples.reshape(-1, channels).mean(axis=1).astype(np.int16)
    return Sound(samples.astype(np.int16, copy=False), rate)


def read_audio(data: bytes) -> tuple[Sound, bool]:
    """Decode any audio that libsndfile knows (MP3, FLAC, Ogg, WAV) to mono samples, as far as it is readable.

    Returns the sound, and whether it is complete.

    Raises:
        ValueError: the data is not audio, or none of it is readable.
    """
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate, expected = file.samplerate, file.frames
            frames = file.read(dtype="int16", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, TypeError) as error:
        raise ValueError(f"no audio: {error}") from error
    samples = frames.mean(axis=1).astype(np.int16)
    if rate < 4000 or not len(samples):
        raise ValueError("no audio in it")
    return Sound(samples, rate), len(samples) >= expected and not _is_truncated(data)


def _is_truncated(data: bytes) -> bool:
    """Whether a WAV file is shorter than its header says. libsndfile reads such files without an error."""
    if data[:4] != b"RIFF":
        return False
    try:
        with wave.open(io.BytesIO(data)) as file:
            expected = file.getnframes() * file.getsampwidth() * file.getnchannels()
            return bool(len(file.readframes(file.getnframes())) < expected)
    except (wave.Error, EOFError):  # a format that `wave` does not support
        return False


def write_wav(sound: Sound) -> bytes:
    """Encode samples as a mono 16-bit PCM WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.rate)
        file.writeframes(sound.samples.astype("<i2").tobytes())
    return out.getvalue()


def at_rate(sound: Sound, rate: int) -> Sound:
    """Resample a sound to another rate in Hz."""
    if sound.rate == rate:
        return sound
    return Sound(np.asarray(soxr.resample(sound.samples, sound.rate, rate), dtype=np.int16), rate)


def at_telephone_rate(sound: Sound) -> Sound:
    """Resample a sound to 8 kHz."""
    return at_rate(sound, RATE)
