"""Models of speech recognisers; each is fetched or put together once, whatever number of processes want it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.environment import ROOT, environment_kept, use_environment
from tests.support.locks import one_at_a_time


@pytest.fixture(scope="session")
def korean_model() -> Path:
    """The directory of the real Korean model, fetched once into the repository's own model directory."""
    directory = ROOT / "var" / "models"
    with one_at_a_time(directory.parent / "models.lock"):
        if not (directory / "ko" / "am" / "final.mdl").is_file():
            with environment_kept():
                use_environment({"VOSK_MODEL_DIR": str(directory)})
                from ivr.transcription.model_download import fetch

                fetch("ko")
    return directory


@pytest.fixture(scope="session")
def whisper_directory() -> Path:
    """The directory of a real multilingual model."""
    from tests.support.speech_recogniser import whisper_model

    return whisper_model(ROOT / "var" / "whisper")


@pytest.fixture(scope="session")
def speech_recogniser(whisper_directory: Path):
    """A multilingual recogniser that hears rendered prompts."""
    from faster_whisper import WhisperModel

    return WhisperModel(str(whisper_directory), device="cpu", compute_type="int8", cpu_threads=2)
