"""Recordings at rest: encrypted, whole or not at all, in a directory or a bucket, with keys that can be changed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from ivr.audio.wav import RATE, Sound, write_wav
from ivr.cli import hotline as command_line
from ivr.config import sections, settings
from ivr.domain import master_keys
from ivr.platform import blob_storage
from ivr.voicebox import audio_store

AUDIO = write_wav(Sound((np.sin(np.arange(8000) / 5) * 9000).astype(np.int16), RATE))
ABOUT = {"call_sid": "CA1", "from_number": "+4942112345", "language": "fa"}


@pytest.fixture(params=["directory", "bucket"])
def place(request: pytest.FixtureRequest, empty_database) -> blob_storage.Objects:
    if request.param == "bucket":
        request.getfixturevalue("in_bucket")
    return blob_storage.store()


def test_what_is_stored_comes_back_and_lies_there_encrypted(place: blob_storage.Objects) -> None:
    stored = audio_store.save("REab", AUDIO, ABOUT)
    assert (stored.size, len(stored.sha256)) == (len(AUDIO), 64)
    assert audio_store.load("REab") == AUDIO
    assert audio_store.about("REab") == ABOUT
    assert list(audio_store.recordings()) == ["REab"]
    names = list(place.names(""))
    assert len(names) == 2
    for name in names:
        content = place.get(name)
        assert AUDIO[100:140] not in content, "no sound in the clear"
        assert b"42112345" not in content, "no number in the clear"


def test_a_single_changed_bit_is_noticed(place: blob_storage.Objects) -> None:
    audio_store.save("REab", AUDIO, ABOUT)
    for name in list(place.names("")):
        content = place.get(name)
        for at in (0, len(content) // 2, len(content) - 1):
            place.put(name, content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
            with pytest.raises((audio_store.Unreadable, audio_store.Missing)):
                audio_store.load("REab")
                audio_store.about("REab")
        place.put(name, content)
    assert audio_store.has("REab")


def test_a_recording_is_not_taken_for_another(place: blob_storage.Objects) -> None:
    audio_store.save("REab", AUDIO, ABOUT)
    audio_store.save("REbb", AUDIO, ABOUT)
    one, other = sorted(name for name in place.names("keys/"))
    place.put(other, place.get(one))
    with pytest.raises(audio_store.Unreadable):
        audio_store.load("REbb")


def test_destroying_the_key_destroys_the_audio(place: blob_storage.Objects) -> None:
    audio_store.save("REab", AUDIO, ABOUT)
    for name in list(place.names("keys/")):
        place.delete(name)
    with pytest.raises(audio_store.Missing):
        audio_store.load("REab")
    audio_store.delete("REab")
    audio_store.delete("REab")
    assert list(place.names("")) == []


def test_two_who_store_the_same_recording_leave_one_that_can_be_read(place: blob_storage.Objects) -> None:
    audio_store.save("REab", AUDIO, ABOUT)
    audio_store.save("REab", AUDIO, ABOUT)
    assert audio_store.load("REab") == AUDIO
    audio_store.delete("REab")
    assert list(place.names("")) == []


def test_a_master_key_is_rotated(place: blob_storage.Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = master_keys.new("2025"), master_keys.new("2026")
    monkeypatch.setenv("AUDIO_MASTER_KEYS", old)
    settings.settings.cache_clear()
    for sid in ("REab", "REcd"):
        audio_store.save(sid, AUDIO, ABOUT)
    monkeypatch.setenv("AUDIO_MASTER_KEYS", f"{new},{old}")
    settings.settings.cache_clear()
    for expected in ("2 keys are wrapped with '2026' now, 0 were already", "0 keys are wrapped"):
        answer = CliRunner().invoke(command_line, ["keys", "rotate"])
        assert answer.exit_code == 0, answer.output
        assert expected in answer.output
    assert {json.loads(place.get(name))["master"] for name in place.names("keys/")} == {"2026"}
    monkeypatch.setenv("AUDIO_MASTER_KEYS", new)
    settings.settings.cache_clear()
    assert audio_store.load("REab") == AUDIO
    monkeypatch.setenv("AUDIO_MASTER_KEYS", old)
    settings.settings.cache_clear()
    with pytest.raises(audio_store.Unreadable, match="2026"):
        audio_store.load("REab")
    answer = CliRunner().invoke(command_line, ["keys", "rotate"])
    assert answer.exit_code == 1
    assert "2 recordings cannot be opened" in answer.output


@pytest.mark.parametrize(
    "text", ["x", "one:short", "one:" + "A" * 43 + "=,one:" + "B" * 43 + "=", "a b:" + "A" * 43 + "="]
)
def test_a_wrong_master_key_is_refused_at_the_start(empty_database, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("AUDIO_MASTER_KEYS", text)
    settings.settings.cache_clear()
    with pytest.raises(sections.ConfigurationError, match="audio_master_keys"):
        settings.settings()


def test_a_bucket_that_is_away_is_an_error_that_is_tried_again(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_STORE", "s3://nowhere")
    monkeypatch.setenv("AUDIO_S3_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    settings.settings.cache_clear()
    with pytest.raises(OSError, match="bucket"):
        audio_store.save("REab", AUDIO, ABOUT)


def test_a_key_that_is_destroyed_during_a_rotation_does_not_come_back(
    empty_database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = master_keys.new("2025"), master_keys.new("2026")
    monkeypatch.setenv("AUDIO_MASTER_KEYS", old)
    settings.settings.cache_clear()
    audio_store.save("REab", AUDIO, ABOUT)
    monkeypatch.setenv("AUDIO_MASTER_KEYS", f"{new},{old}")
    settings.settings.cache_clear()
    put = audio_store._put_key

    def deleted_first(sid: str, *rest: object) -> None:
        audio_store.delete(sid)
        put(sid, *rest)

    monkeypatch.setattr(audio_store, "_put_key", deleted_first)
    with pytest.raises(audio_store.Missing):
        audio_store.rotate("REab")
    assert list(blob_storage.store().names("")) == []
