"""WAV files."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.audio.wav import Sound, read_wav, write_wav


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"<xml/>", b"\0" * 1000, write_wav(Sound(np.zeros(900, np.int16), 8000))[:900]]
)
def test_what_is_no_wav_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"WAV|samples|channels"):
        read_wav(data)


def test_stereo_is_mixed_down() -> None:
    import io
    import wave

    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(np.array([100, 300] * 50, dtype="<i2").tobytes())
    sound = read_wav(out.getvalue())
    assert (sound.rate, len(sound.samples), set(sound.samples)) == (16000, 50, {200})
