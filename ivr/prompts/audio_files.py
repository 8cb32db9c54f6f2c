"""Files of audio that can be made again: of prompts, and the music on hold.

One that was emptied or cut off (the power failed, somebody has copied to a full disk) counts as missing: callers would
hear nothing in its place, for as long as it is there.
"""

from __future__ import annotations

import os
from pathlib import Path

from ivr.platform import blob_storage

#: Bytes in front of the length, the length itself, and what the length does not count.
_MARK, _LENGTH, _UNCOUNTED = b"RIFF", 4, 8


def is_whole(path: Path) -> bool:
    """Whether a WAV file is there, and as long as it says.

    Raises:
        OSError: it is there, and cannot be read.
    """
    try:
        with path.open("rb") as file:
            begins, size = file.read(len(_MARK) + _LENGTH), os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return False
    return begins[: len(_MARK)] == _MARK and int.from_bytes(begins[len(_MARK) :], "little") + _UNCOUNTED == size


def keep(path: Path, audio: bytes) -> None:
    """Write a file durably: all of it or nothing. One that another process has written meanwhile stays as it is.

    Raises:
        OSError: the disk is full, or cannot be written.
    """
    if not is_whole(path):
        blob_storage.Directory(path.parent).put(path.name, audio)
