"""In whose voice the local carrier speaks a text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.audio import piper
from ivr.audio.synthesis import speak
from ivr.audio.wav import RATE, write_wav
from ivr.config import settings
from ivr.local_carrier.verbs import prompts

TEXT = "Willkommen beim Jobcenter."


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Piper with voices for German and Arabic; it says the same whatever it is asked."""
    (tmp_path / "voice.wav").write_bytes(write_wav(speak("Piper", "en")))
    for language in ("de", "ar"):
        (tmp_path / f"{language}.onnx").write_bytes(b"voice")
    command = tmp_path / "piper"
    command.write_text(f'#!/bin/sh\ncat > {tmp_path}/said && cp {tmp_path}/voice.wav "$4"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("PIPER_VOICE_DIR", str(tmp_path))
    settings.settings.cache_clear()
    for cache in (piper._installed, prompts._spoken):
        cache.cache_clear()
    yield tmp_path
    for cache in (piper._installed, prompts._spoken):
        cache.cache_clear()


@pytest.mark.parametrize(("tag", "by_piper"), [("de-DE", True), ("arb", True), ("en-GB", False)])
def test_a_text_is_spoken_by_piper_where_its_voice_is_installed(installed: Path, tag: str, by_piper: bool) -> None:
    """Without a carrier every text is spoken here: a voice that the house has installed is the one that is heard."""
    sound = prompts._spoken(TEXT, tag)
    assert sound.rate == RATE
    assert (sound.seconds == pytest.approx(speak("Piper", "en").seconds, abs=0.1)) == by_piper
    assert (installed / "said").exists() == by_piper


def test_a_piper_that_fails_leaves_nobody_without_a_voice(installed: Path) -> None:
    (installed / "piper").write_text("#!/bin/sh\nexit 1\n")
    assert prompts._spoken(TEXT, "de-DE").seconds == speak(TEXT, "de-DE").seconds
