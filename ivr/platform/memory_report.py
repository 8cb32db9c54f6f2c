"""Tells the other processes of this host how many entries each of them holds in its memory.

Each process has a file of eight bytes, made while there was room, and writes into it in place: that needs no room.
"""

from __future__ import annotations

import os
from contextlib import suppress

from ivr.platform import spool_files

_DIRECTORY = "memory"
_WIDTH = 8
#: This process's id, and its open file.
_mine: tuple[int, int] | None = None


def begin() -> None:
    """This process will tell. Files of processes that are gone are deleted."""
    global _mine
    directory = spool_files.path_of(_DIRECTORY)
    with suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in directory.iterdir():
            if not _lives(path.name):
                path.unlink(missing_ok=True)
        handle = os.open(directory / str(os.getpid()), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _mine = os.getpid(), handle
        tell(0)


def tell(count: int) -> None:
    """This process holds so many entries."""
    if _mine is not None and _mine[0] == os.getpid():
        with suppress(OSError):
            os.pwrite(_mine[1], f"{count:{_WIDTH}d}".encode(), 0)


def of_all(own: int) -> int:
    """How many entries the processes of this host hold, with this one's `own`."""
    found = own
    with suppress(OSError):
        for path in spool_files.path_of(_DIRECTORY).iterdir():
            if path.name != str(os.getpid()) and _lives(path.name):
                with suppress(OSError, ValueError):
                    found += int(path.read_bytes() or b"0")
    return found


def _lives(name: str) -> bool:
    try:
        os.kill(int(name), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True
