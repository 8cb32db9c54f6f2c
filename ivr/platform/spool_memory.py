"""Lines that could be written neither into the database nor on the disk: kept in this process until one of them can.

At most :data:`MOST` lines are kept. Then nothing more is taken, because what is kept has been promised to somebody.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable

from ivr.platform import memory_report

#: The most lines that are kept, some ten megabytes.
MOST = 10_000

_lock = threading.Lock()
_lines: dict[str, list[bytes]] = {}
_count = 0


class NoRoom(OSError):
    """As many lines are kept as may be."""


def append(name: str, line: bytes) -> None:
    """Keep a line of a group.

    Raises:
        NoRoom: it is not kept.
    """
    global _count
    with _lock:
        if _count >= MOST:
            raise NoRoom(errno.ENOSPC, f"{MOST} entries are in memory")
        _lines.setdefault(name, []).append(line)
        _count += 1
        memory_report.tell(_count)


def names() -> list[str]:
    """The groups that have lines, the oldest first."""
    with _lock:
        return list(_lines)


def lines(name: str) -> list[bytes]:
    """The lines of a group, the oldest first."""
    with _lock:
        return list(_lines.get(name, ()))


def remove(name: str, is_done: Callable[[bytes], bool]) -> None:
    """Forget lines."""
    global _count
    with _lock:
        before = _lines.pop(name, [])
        after = [line for line in before if not is_done(line)]
        if after:
            _lines[name] = after
        _count -= len(before) - len(after)
        if len(before) != len(after):
            memory_report.tell(_count)


def forget() -> None:
    """Forget everything; for tests."""
    global _count
    with _lock:
        _lines.clear()
        _count = 0


def has(name: str) -> bool:
    """Whether a group has lines."""
    return name in _lines


def count() -> int:
    """How many lines are kept."""
    return _count
