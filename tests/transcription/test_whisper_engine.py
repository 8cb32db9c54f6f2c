"""The second recogniser, for languages without a Vosk model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ivr.audio.wav import RATE, Sound, at_telephone_rate, read_wav
from ivr.transcription import engines, transcribe_job
from ivr.transcription.result import NoModel
from tests.support.speech import human_speech
from tests.support.transcription import VOICES, a_message, set_up, store, transcript_of


def test_the_second_engine_is_off_by_default(empty_database) -> None:
    with pytest.raises(NoModel):
        engines.transcribe(human_speech(1), "bg")


@pytest.mark.since("ci")
def test_a_language_without_a_vosk_model_is_written_down_by_the_second_engine(
    empty_database, whisper_directory: Path, monkeypatch
) -> None:
    """English stands for Bulgarian here: of it there is human speech."""
    set_up(monkeypatch, WHISPER_MODEL=str(whisper_directory), WHISPER_LANGUAGES='["en", "bg", "ro"]')
    assert engines.served_languages() == ("bg", "en", "ro")
    recording_id = a_message("en")
    store(recording_id, at_telephone_rate(read_wav((VOICES / "vm-instructions.wav").read_bytes())))
    transcribe_job.transcribe(recording_id)
    written = transcript_of(recording_id)
    assert (written.state, written.engine) == ("done", f"whisper {whisper_directory.name}")
    assert {"press", "key"} <= {word["word"].strip(".,").lower() for word in written.words}
    assert all(0 <= word["start"] <= word["end"] for word in written.words)


@pytest.mark.since("ci")
def test_the_second_engine_makes_nothing_up_over_silence(empty_database, whisper_directory: Path, monkeypatch) -> None:
    set_up(monkeypatch, WHISPER_MODEL=str(whisper_directory), WHISPER_LANGUAGES='["en"]')
    assert engines.transcribe(Sound(np.zeros(RATE * 4, np.int16), RATE), "en").words == []
