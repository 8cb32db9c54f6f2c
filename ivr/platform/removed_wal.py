"""Finds out that SQLite's -wal file was removed or replaced while processes have it open (Linux only).

SQLite removes the file itself when the last connection is closed; then no process has it open. A file of changes that
is open and has no name any more was removed by somebody else: what it holds is not in the database's file, and a
connection that is opened now does not see it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ivr.domain.digits import is_digits

_PROCESSES = Path("/proc")
_DELETED = " (deleted)"


def is_held_without_name(database: Path, *, by_any: bool = False) -> bool:
    """Whether this process (or any that may be looked at) has a -wal file open that was removed from beside `database`.

    Not where the database's own file was replaced as well: then everything is opened anew. False where the system does
    not tell which files are open.
    """
    path = str(database.absolute())
    processes = [_PROCESSES / "self"]
    if by_any:
        processes = [one for one in _PROCESSES.iterdir() if is_digits(one.name)] if _PROCESSES.exists() else []
    for process in processes:
        names = set(_open_files(process))
        if f"{path}-wal{_DELETED}" in names and f"{path}{_DELETED}" not in names:
            return True
    return False


def _open_files(process: Path) -> Iterator[str]:
    with suppress(OSError), os.scandir(process / "fd") as entries:
        for entry in entries:
            with suppress(OSError):
                yield os.readlink(entry.path)  # noqa: PTH115 - a Path would drop nothing but time
