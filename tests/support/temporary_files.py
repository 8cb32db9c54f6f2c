"""Where the files of a run lie: in memory where there is room, so that no test waits for a disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")
#: What a whole run may need (bytes).
_ROOM = 6 << 30


def directory() -> str | None:
    """A directory in memory, or None: then the usual one serves."""
    return str(_MEMORY) if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM else None


def use_memory() -> None:
    """Let pytest make its temporary directories in memory, unless whoever runs it has said where."""
    if (found := directory()) is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", found)
