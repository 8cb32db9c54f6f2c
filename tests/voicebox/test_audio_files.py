"""Audio is stored whole or not at all."""

from __future__ import annotations

import os

import numpy as np
import pytest

from ivr.audio.wav import RATE, Sound, write_wav
from ivr.voicebox import audio_store


def test_audio_is_written_whole_or_not_at_all(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    audio = write_wav(Sound(np.arange(100, dtype=np.int16), RATE))
    assert len(audio_store.save("REaa", audio, {}).sha256) == 64
    assert audio_store.load("REaa") == audio
    before = sorted(empty_database.audio_dir.rglob("*"))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        audio_store.save("REbaa", audio, {})
    assert sorted(empty_database.audio_dir.rglob("*")) == before
