"""Speech by Piper, where its command and a voice for the language are installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from ivr.audio.wav import Sound, read_wav

#: Seconds that Piper may take for one text.
_TIMEOUT = 60


def voice_of(language: str, directory: Path) -> Path | None:
    """The voice of a language (`de`) among those of a directory; None where there is none, or no Piper."""
    return _installed(directory / f"{language}.onnx")


@lru_cache(maxsize=64)
def _installed(voice: Path) -> Path | None:
    # This is asked for everything that is said. An operator who installs a voice restarts the product.
    return voice if shutil.which("piper") and voice.is_file() else None


def speak(text: str, voice: Path) -> Sound:
    """Say a text.

    Raises:
        OSError, subprocess.SubprocessError: Piper could not.
    """
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "out.wav"
        command = ["piper", "--model", str(voice), "--output_file", str(out)]
        subprocess.run(command, input=text.encode(), check=True, capture_output=True, timeout=_TIMEOUT)
        return read_wav(out.read_bytes())
