"""Renders parts of prompts to audio with espeak-ng, or with Piper if a voice for the language is installed.

The audio has the telephone's sample rate and one loudness. The path is `var/prompts/<language>/<part>.<version>.wav`.
The version is a hash of text and voice, so audio that is older than its text is never played.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from ivr.audio import piper
from ivr.audio.synthesis import speak
from ivr.audio.wav import RATE, Samples, Sound, at_telephone_rate, read_wav, write_wav
from ivr.config.settings import settings
from ivr.prompts import audio_files
from ivr.prompts.parts import PAUSE, Part

#: Loudness of speech in dB below full scale, measured over 20 ms frames that are not silent.
TARGET_DBFS = -20.0
#: The accepted range of loudness. Quiet sounds with high peaks cannot be amplified further.
LOUDNESS = (-27.0, -15.0)
_PEAK = 0.89 * 32767
_FRAME = RATE // 50
_PAUSE_SECONDS = 0.35


class Unusable(ValueError):
    """Audio that cannot be used as a prompt.

    `reason` is format, clipped, quiet, length, or whole (the length of the whole prompt). `detail` is what was
    measured.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


def version(part: Part) -> str:
    """A version that changes whenever the part would sound different."""
    return hashlib.sha256(f"1|{_voice(part.language)}|{part.text}".encode()).hexdigest()[:12]


def path_of(part: Part) -> Path:
    """The path of a part's audio, whether it exists or not."""
    return settings().var_dir / "prompts" / part.language / f"{part.name}.{version(part)}.wav"


def outdated(part: Part) -> list[Path]:
    """Existing audio of the part that says an older text."""
    directory = settings().var_dir / "prompts" / part.language
    return [path for path in directory.glob(f"{part.name}.*.wav") if path != path_of(part)]


def is_there(part: Part) -> bool:
    """Whether a part's audio exists and is whole.

    Raises:
        OSError: it cannot be read.
    """
    return audio_files.is_whole(path_of(part))


def audio_of(part: Part) -> Path:
    """The path of a part's audio. It is rendered if it does not exist, or is damaged.

    Raises:
        OSError, subprocess.SubprocessError: the audio could not be rendered.
    """
    path = path_of(part)
    if not audio_files.is_whole(path):
        audio_files.keep(path, write_wav(_render(part)))
        for old in outdated(part):
            old.unlink(missing_ok=True)
    return path


@lru_cache(maxsize=256)
def unstored(part: Part) -> bytes:
    """A part's audio as a WAV file, where the disk takes none. It is kept in memory."""
    return write_wav(_render(part))


def _render(part: Part) -> Sound:
    if part.name == PAUSE:
        return Sound(np.zeros(int(_PAUSE_SECONDS * RATE), np.int16), RATE)
    return normalised(said(part.text, part.language))


def _voice(language: str) -> str:
    model = _piper_model(language)
    return f"piper {model.name} {model.stat().st_size}" if model else f"espeak-ng {language}"


def _piper_model(language: str) -> Path | None:
    return piper.voice_of(language, settings().piper_voice_dir)


def said(text: str, language: str) -> Sound:
    """A text as this machine says it, at the telephone's sample rate.

    Raises:
        OSError, subprocess.SubprocessError: Piper could not.
    """
    model = _piper_model(language)
    return at_telephone_rate(speak(text, language) if model is None else piper.speak(text, model))


def level(samples: Samples) -> float:
    """The loudness of the speech in dB below full scale; minus infinity for silence."""
    whole = len(samples) // _FRAME * _FRAME
    frames = samples[:whole].reshape(-1, _FRAME).astype(np.float64)
    power = (frames**2).mean(axis=1) if len(frames) else np.zeros(0)
    loud = power[power > max(power.max(initial=0.0) * 1e-3, 1.0)]
    return float(10 * np.log10(loud.mean() / 32768.0**2)) if len(loud) else float("-inf")


def is_clipped(samples: Samples) -> bool:
    """Whether three consecutive samples have full scale."""
    full = np.abs(samples.astype(np.int32)) >= 32700
    return bool(np.any(full[:-2] & full[1:-1] & full[2:])) if len(full) > 2 else False


def normalised(sound: Sound) -> Sound:
    """The sound with a loudness of TARGET_DBFS (less if peaks would clip), without silence at its ends."""
    loud = np.flatnonzero(np.abs(sound.samples.astype(np.int32)) > 150)
    if not len(loud):
        return sound
    margin = RATE // 20
    samples = sound.samples[max(0, loud[0] - margin) : loud[-1] + margin]
    gain = min(10 ** ((TARGET_DBFS - level(samples)) / 20), _PEAK / float(np.abs(samples.astype(np.int32)).max()))
    return Sound(np.asarray(np.round(samples * gain), dtype=np.int16), sound.rate)


def usable_recording(data: bytes, longest: float) -> Sound:
    """Convert a professional recording: 8 kHz, normalised. `longest` is in seconds.

    Raises:
        Unusable: the file is not WAV, too short, too long, too quiet or clipped.
    """
    try:
        original = read_wav(data)
    except ValueError as error:
        raise Unusable("format", str(error)) from error
    if original.rate < RATE:
        raise Unusable("format", f"{original.rate} Hz")
    if is_clipped(original.samples):
        raise Unusable("clipped")
    if level(original.samples) < -45:
        raise Unusable("quiet")
    sound = normalised(at_telephone_rate(original))
    if not 0.2 <= sound.seconds <= longest:
        raise Unusable("length", f"{sound.seconds:.1f}")
    return sound


@lru_cache(maxsize=8192)
def seconds_of(part: Part) -> float:
    """The duration of a part's audio in seconds. It is rendered if it does not exist."""
    return read_wav(audio_of(part).read_bytes()).seconds
