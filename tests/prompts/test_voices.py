"""Who speaks what is not recorded: the studio, `prompts check` and `doctor` say it, and warn of the built-in voice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.audio import piper
from ivr.audio.synthesis import speak
from ivr.audio.wav import write_wav
from ivr.cli import hotline as command_line
from ivr.config.carrier import Carrier
from ivr.config.installation import Installation
from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.operations import host_checks
from ivr.platform import database
from ivr.prompts import catalogue, parts, recordings, voices
from tests.support.environment import forget_settings
from tests.support.production_secrets import MASTER_KEY, SECRET


@pytest.fixture
def house(empty_database: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A production house without a carrier that offers three languages, and its directory for Piper's voices."""
    secrets = {"SECRET_KEY": SECRET, "AUDIO_MASTER_KEYS": MASTER_KEY, "REQUIRE_SECOND_FACTOR": "[]"}
    for name, value in {**secrets, "LANGUAGES": '["de", "en", "fa"]'}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIPER_VOICE_DIR", str(tmp_path / "voices"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (tmp_path / "voices").mkdir()
    piper._installed.cache_clear()
    forget_settings()
    settings()  # which are those of local mode; production would need many more
    monkeypatch.setattr(Installation, "local", property(lambda _: False))
    monkeypatch.setattr(Carrier, "has_carrier", property(lambda _: False))
    recordings._cache.clear()
    yield tmp_path
    recordings._cache.clear()
    piper._installed.cache_clear()


def installs(house: Path, language: str, name: str) -> None:
    """Piper's command, and a voice under the language's name."""
    (house / "voice.wav").write_bytes(write_wav(speak("Piper", "en")))
    (house / "piper").write_text(f'#!/bin/sh\ncat > {house}/said && cp {house}/voice.wav "$4"\n')
    (house / "piper").chmod(0o755)
    (house / f"{name}.onnx").write_bytes(b"voice")
    (house / "voices" / f"{language}.onnx").symlink_to(house / f"{name}.onnx")
    piper._installed.cache_clear()


def records_everything(language: str) -> None:
    with database.writing() as session:
        user = User(username="lena", name="Lena", role="supervisor", password_hash="x")
        session.add(user)
        session.flush()
        for part in {part.name: part for part in parts.texts_of(catalogue(language))}.values():
            recordings.add(session, part, speak("Ja", "de"), user, utc_now())
    recordings._cache.clear()


def checked(*languages: str) -> str:
    done = CliRunner().invoke(command_line, ["prompts", "check", *languages])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.output


def test_a_house_that_would_speak_in_the_built_in_voice_is_warned(house: Path, desk) -> None:
    assert [one.language for one in voices.synthetic()] == ["de", "en", "fa"]
    assert "all else is spoken by the built-in synthetic voice (espeak-ng)" in checked("en")
    assert "callers hear the built-in synthetic voice in en. Install the command `piper`" in checked("en")
    (part,) = host_checks.voices()
    assert part.is_wrong and part.state.endswith("in de, en, fa") and "PIPER_VOICE_DIR" in part.remedy
    page = desk("lena").get("/studio/").text
    assert "Anrufende hören die eingebaute synthetische Stimme" in page
    assert "Deutsch, Englisch, Persisch" in page
    assert "eingebaute synthetische Stimme" in desk("lena").get("/studio/de").text


def test_a_voice_that_is_installed_is_named_and_heard_in_the_studio(house: Path, desk) -> None:
    installs(house, "de", "de_DE-thorsten-high")
    assert voices.voice_of("de") == voices.Voice("piper", "de_DE-thorsten-high")
    assert [one.language for one in voices.synthetic()] == ["en", "fa"]
    assert "all else is spoken by Piper, voice de_DE-thorsten-high" in checked("de")
    assert "callers hear" not in checked("de")
    lena = desk("lena")
    assert "Piper auf diesem Rechner: de_DE-thorsten-high" in lena.get("/studio/").text
    assert "eingebaute synthetische Stimme" not in lena.get("/studio/de").text
    assert lena.get("/studio/de/goodbye.wav").status_code == 200
    assert (house / "said").exists()


def test_a_language_that_is_recorded_is_not_warned_of(house: Path) -> None:
    records_everything("de")
    spoken = voices.spoken_in("de")
    assert spoken.recorded == spoken.parts > 100
    assert [one.language for one in voices.synthetic()] == ["en", "fa"]


def test_with_a_carrier_its_voice_is_named_and_the_others_only_have_to_be_known(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Carrier, "has_carrier", property(lambda _: True))
    assert voices.voice_of("de") == voices.Voice("carrier", "Polly.Vicki")
    assert "all else is spoken by the carrier's voice Polly.Vicki" in checked("de")
    (part,) = host_checks.voices()
    assert not part.is_wrong and part.state.endswith("in fa")


def test_local_mode_warns_nobody(empty_database: object, desk) -> None:
    assert list(host_checks.voices()) == []
    assert "eingebaute synthetische Stimme, die" not in desk("lena").get("/studio/").text
