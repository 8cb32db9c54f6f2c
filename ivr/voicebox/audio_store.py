"""Stored recordings: encrypted at rest, each with a key of its own, in :mod:`ivr.platform.blob_storage`.

    audio/<..>/<RecordingSid>.<random>   the audio, sealed with its key
    keys/<..>/<RecordingSid>.json        its key, wrapped by a master key; which audio it opens; and, sealed with it
                                         as well, what the recording is about

Destroying the key destroys the audio. What a recording is about is kept beside it, so that it finds its way back into
a database that was restored from before it came. Recordings bear the carrier's id here: the ids of a restored database
are given once more. See docs/decisions/013-keys-beside-the-audio.md.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.domain.enums import RecordingState
from ivr.models.voicebox import Recording
from ivr.platform import blob_storage, envelope_encryption
from ivr.platform.blob_storage import Missing
from ivr.platform.envelope_encryption import Unreadable

__all__ = [
    "Missing", "Stored", "Unreadable", "about", "delete", "described", "gone", "has", "load", "recordings", "rotate",
    "save",
]  # fmt: skip

_KEYS = "keys"


@dataclass(frozen=True)
class Stored:
    """What was stored: SHA-256 (hex) and size in bytes of the audio itself."""

    sha256: str
    size: int


def gone(session: Session) -> Path | None:
    """The directory of the keys, where recordings were kept in it and it is not there: its disk is not mounted.

    What is stored now would be under the disk when it is mounted again, and nobody could hear it.
    """
    directory = settings().audio_dir / _KEYS
    if settings().audio_store or directory.is_dir():
        return None
    kept = select(Recording.id).where(Recording.state == RecordingState.STORED).limit(1)
    return directory if session.scalar(kept) is not None else None


def save(recording_sid: str, audio: bytes, about: Mapping[str, Any]) -> Stored:
    """Store durably; `about` says of what call it is (JSON). Two may store the same at once: either is whole.

    Raises:
        OSError: disk full and the like.
    """
    key, name = envelope_encryption.new_key(), f"{_audio_prefix(recording_sid)}{os.urandom(6).hex()}"
    place = blob_storage.store()
    place.put(name, envelope_encryption.seal(key, audio, name))
    sealed = envelope_encryption.seal(key, json.dumps(dict(about)).encode(), f"about {recording_sid}")
    try:
        _put_key(recording_sid, key, name, sealed)
    except BaseException:
        place.delete(name)
        raise
    return described(audio)


def described(audio: bytes) -> Stored:
    """Checksum and size of audio."""
    return Stored(hashlib.sha256(audio).hexdigest(), len(audio))


def load(recording_sid: str) -> bytes:
    """The audio.

    Raises:
        Missing: there is none, or its key was destroyed.
        Unreadable: it was changed, or its master key is not here.
    """
    key, entry = _key(recording_sid)
    return envelope_encryption.unseal(key, blob_storage.store().get(entry["audio"]), entry["audio"])


def about(recording_sid: str) -> dict[str, Any]:
    """The description that was stored with a recording.

    Raises:
        Missing, Unreadable: as for :func:`load`.
    """
    key, entry = _key(recording_sid)
    try:
        sealed = bytes.fromhex(entry["about"])
    except ValueError as error:
        raise Unreadable(f"what {recording_sid} is about is damaged") from error
    found: dict[str, Any] = json.loads(envelope_encryption.unseal(key, sealed, f"about {recording_sid}"))
    return found


def has(recording_sid: str) -> bool:
    """Whether a recording is stored, complete and readable."""
    try:
        load(recording_sid)
    except (Missing, Unreadable):
        return False
    return True


def delete(recording_sid: str) -> None:
    """Destroy a recording: its key first, then its audio. Safe to repeat."""
    place = blob_storage.store()
    place.delete(_key_name(recording_sid))
    for name in list(place.names(_audio_prefix(recording_sid))):
        place.delete(name)


def recordings() -> Iterator[str]:
    """The carrier's ids of all stored recordings."""
    for name in blob_storage.store().names(f"{_KEYS}/"):
        yield name.rpartition("/")[2].removesuffix(".json")


def rotate(recording_sid: str) -> bool:
    """Wrap a recording's key with the present master key; False if it was so already.

    Raises:
        Missing, Unreadable: as for :func:`load`.
    """
    key, entry = _key(recording_sid)
    if entry["master"] == next(iter(envelope_encryption.masters())):
        return False
    _put_key(recording_sid, key, entry["audio"], bytes.fromhex(entry["about"]))
    try:
        blob_storage.store().get(entry["audio"])
    except Missing:  # it was deleted meanwhile: what was destroyed must not come back
        blob_storage.store().delete(_key_name(recording_sid))
        raise
    return True


def audio_of(entry: bytes) -> str:
    """The name of the audio object that a key's entry belongs to; empty where the entry is damaged."""
    try:
        return str(json.loads(entry)["audio"])
    except (ValueError, KeyError, TypeError):
        return ""


def _key_name(recording_sid: str) -> str:
    return f"{_KEYS}/{recording_sid[-2:]}/{recording_sid}.json"


def _audio_prefix(recording_sid: str) -> str:
    return f"audio/{recording_sid[-2:]}/{recording_sid}."


def _put_key(recording_sid: str, key: bytes, audio: str, sealed: bytes) -> None:
    master, wrapped = envelope_encryption.wrap(key, recording_sid)
    entry = {"master": master, "key": wrapped, "audio": audio, "about": sealed.hex()}
    blob_storage.store().put(_key_name(recording_sid), json.dumps(entry).encode())


def _key(recording_sid: str) -> tuple[bytes, dict[str, str]]:
    try:
        entry: dict[str, str] = json.loads(blob_storage.store().get(_key_name(recording_sid)))
        return envelope_encryption.unwrap(entry["master"], entry["key"], recording_sid), entry
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"the key of {recording_sid} is damaged") from error
