"""Recordings in place of the synthetic voice."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from ivr import prompts
from ivr.audio.wav import Sound, write_wav
from ivr.platform import database
from ivr.prompts import check, parts, preview, recordings, rendering, speaking
from ivr.prompts.speaking import Audio, Text


def tone(seconds: float, height: float = 8000, rate: int = 44100) -> bytes:
    samples = np.sin(np.arange(int(seconds * rate)) / rate * 2 * np.pi * 300) * height
    return write_wav(Sound(np.clip(samples, -32768, 32767).astype(np.int16), rate))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"RIFF, not really", "format"),
        (tone(2, 60), "quiet"),
        (tone(2, 90000), "clipped"),
        (tone(13), "length"),
        (tone(0.1), "length"),
    ],
)
def test_a_recording_that_cannot_be_used_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(rendering.Unusable) as unusable:
        rendering.usable_recording(data, check.LONGEST_QUESTION)
    assert unusable.value.reason == reason


def test_a_recording_is_played_until_its_text_changes_or_it_is_reverted(
    studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = parts.named("de", "goodbye")
    now = datetime(2026, 11, 22, tzinfo=UTC)
    sound = rendering.usable_recording(tone(3), check.LONGEST)
    with database.writing() as session:
        recording = recordings.add(session, part, sound, None, now)
    recordings._cache.clear()
    (piece,) = prompts.spoken("goodbye", "de", {})
    assert piece == Audio(part, f"r{recording.id}")
    assert preview.sound_of("goodbye", "de", {}).seconds == pytest.approx(3, abs=0.2)
    changed = parts.Part("de", "goodbye", "Bis bald.")
    with monkeypatch.context() as edited:
        edited.setattr(recordings.parts, "named", lambda *_: changed)
        recordings._cache.clear()
        assert isinstance(prompts.spoken("goodbye", "de", {})[0], Text), "what it says is not true any more"
        assert [f.problem.split(":")[0] for f in check._recorded("de")] == ["outdated recording"]
    with database.writing() as session:
        assert recordings.revert(session, part, recording.id, now)
    assert isinstance(prompts.spoken("goodbye", "de", {})[0], Text)


def test_a_recorded_part_stands_beside_what_the_voice_says(studio) -> None:
    part = parts.named("de", "receipt")
    with database.writing() as session:
        recordings.add(session, part, rendering.usable_recording(tone(3), 20), None, datetime.now(UTC))
    recordings._cache.clear()
    recorded, said = prompts.spoken("receipt", "de", {"receipt_code": "12345674"})
    assert isinstance(recorded, Audio)
    assert said.text == "eins zwei, drei vier, fünf sechs, sieben vier"


@pytest.mark.parametrize("language", ["tr", "fa", "de"])
def test_a_german_place_is_spoken_by_the_german_voice_in_every_language(studio, language: str) -> None:
    recordings._cache.clear()
    place = "Utbremer Straße 90"
    pieces = prompts.spoken("place_here", language, {"appointment_place": place})
    voices = [piece.tag if isinstance(piece, Text) else "played" for piece in pieces]
    assert voices == {"tr": ["tr-TR", "de-DE"], "fa": ["played", "de-DE"], "de": ["de-DE"]}[language]
    assert isinstance(pieces[-1], Text) and place in pieces[-1].text
    assert speaking.shared_values(prompts.catalogue(language)["place_here"]) is None, "it is of one caller"


def test_a_number_that_has_no_part_of_its_own_is_said_digit_by_digit(studio) -> None:
    recordings._cache.clear()
    said = speaking._parts_of_value("days", "fa", {"days": "365"})
    assert [part.name for part in said] == ["digit-3", "digit-6", "digit-5", "days-other"]
    assert [part.name for part in speaking._parts_of_value("days", "fa", {"days": "30"})] == ["number-30", "days-other"]
