"""The disks of this host on which the hotline keeps something. Any of them may be full while the others have room."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

from ivr.config.settings import settings
from ivr.platform import database_damage


def least_room() -> tuple[int, Path]:
    """The free bytes of the disk that has the fewest, and the directory that is on it.

    Raises:
        OSError: a disk cannot be asked.
    """
    places: dict[int, Path] = {}
    for place in _places():
        places.setdefault(place.stat().st_dev, place)
    return min(((shutil.disk_usage(place).free, place) for place in places.values()), key=itemgetter(0))


def _places() -> Iterator[Path]:
    """Directories that may be on disks of their own, the hotline's own first."""
    configured = settings()
    yield configured.var_dir
    database, kept_here = database_damage.file(), not configured.audio_store
    others = [configured.var_dir / name for name in ("spool", "log", "redis")]
    others += [configured.audio_dir] if kept_here else []
    others += [database.parent] if database is not None else []
    yield from (place for place in others if place.is_dir())
