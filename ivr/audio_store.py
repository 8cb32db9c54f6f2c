"""Stored recordings: one WAV file each under `var/audio`, written whole or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ivr.configuration import settings


def path_of(recording_id: int) -> Path:
    """Where a recording's file is (or would be); absolute."""
    return (settings().audio_dir / f"{recording_id % 100:02d}" / f"{recording_id}.wav").absolute()


def save(recording_id: int, audio: bytes) -> str:
    """Store durably (write beside, fsync, rename, fsync the directory); returns the SHA-256 in hex.

    Raises:
        OSError: disk full and the like; then nothing is left behind.
    """
    path = path_of(recording_id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            file.write(audio)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    for directory in (path.parent, path.parent.parent):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    return hashlib.sha256(audio).hexdigest()


def delete(recording_id: int) -> None:
    """Delete a recording's file; nothing happens when it is gone already."""
    path_of(recording_id).unlink(missing_ok=True)
