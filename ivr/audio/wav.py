"""Reading and writing WAV files as telephones know them: 16-bit PCM."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.int16]
#: Rate of the telephone network, Hz.
RATE = 8000


@dataclass(frozen=True)
class Sound:
    """Mono samples and their rate in Hz."""

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.samples) / self.rate


def read_wav(data: bytes) -> Sound:
    """A 16-bit PCM WAV file as mono samples (channels are averaged).

    Raises:
        ValueError: not such a file.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            promised = file.getnframes() * width * channels
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"not a WAV file: {error}") from error
    if len(frames) < promised:
        raise ValueError(f"a truncated WAV file: {len(frames)} of {promised} bytes")
    if width != 2:
        raise ValueError(f"{8 * width}-bit samples, expected 16")
    if rate < 4000 or channels < 1:
        raise ValueError(f"{channels} channels at {rate} Hz")
    samples = np.frombuffer(frames[: len(frames) // (2 * channels) * 2 * channels], dtype="<i2")
    if channels > 1:
        samples = samples.reshape(-1, channels).mean(axis=1).astype(np.int16)
    return Sound(samples.astype(np.int16, copy=False), rate)


def read_audio(data: bytes) -> tuple[Sound, bool]:
    """Whatever libsndfile can decode (MP3, FLAC, Ogg, WAV of any kind), or the part of it that is there, as mono
    samples; and whether it is whole.

    Raises:
        ValueError: no audio, or none of it.
    """
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate, promised = file.samplerate, file.frames
            frames = file.read(dtype="int16", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, TypeError) as error:
        raise ValueError(f"no audio: {error}") from error
    samples = frames.mean(axis=1).astype(np.int16)
    if rate < 4000 or not len(samples):
        raise ValueError("no audio in it")
    return Sound(samples, rate), len(samples) >= promised and not _is_cut(data)


def _is_cut(data: bytes) -> bool:
    """Whether a WAV file's header promises more than there is (libsndfile reads what there is and says nothing)."""
    if data[:4] != b"RIFF":
        return False
    try:
        with wave.open(io.BytesIO(data)) as file:
            promised = file.getnframes() * file.getsampwidth() * file.getnchannels()
            return bool(len(file.readframes(file.getnframes())) < promised)
    except (wave.Error, EOFError):  # of a kind `wave` does not know
        return False


def write_wav(sound: Sound) -> bytes:
    """A mono 16-bit PCM WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.rate)
        file.writeframes(sound.samples.astype("<i2").tobytes())
    return out.getvalue()


def at_rate(sound: Sound, rate: int) -> Sound:
    """The sound at another rate, Hz."""
    if sound.rate == rate:
        return sound
    return Sound(np.asarray(soxr.resample(sound.samples, sound.rate, rate), dtype=np.int16), rate)


def at_telephone_rate(sound: Sound) -> Sound:
    """The sound at 8 kHz."""
    return at_rate(sound, RATE)
