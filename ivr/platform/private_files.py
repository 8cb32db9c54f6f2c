"""Files of the hotline are for its own user alone, whatever the umask and the modes that it finds.

Everything under `var_dir` belongs to it: database, Redis, spool, recordings, secrets, backups, logs.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

#: Rights of the group and of others: read, write, enter, run.
_OTHERS = 0o077


def begin() -> None:
    """New files of this process, and of the processes that it starts, are for its user alone."""
    os.umask(_OTHERS)


def make_directory(path: Path) -> None:
    """Make a directory, and those above it that are missing, with mode 0700. One that exists keeps its mode."""
    for missing in reversed([one for one in (path, *path.parents) if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def make_file(path: Path) -> None:
    """Make an empty file with mode 0600 unless it exists."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


#: The end of the name of a file that is being written.
DRAFT = ".new"


def replace(path: Path, content: bytes) -> None:
    """Write a file with mode 0600 in the place of one that may exist: durably, and all of it or nothing.

    Raises:
        OSError: the disk is full, or cannot be written; the file stays as it was.
    """
    draft = path.with_name(f"{path.name}{DRAFT}")
    try:
        draft.unlink(missing_ok=True)
        make_file(draft)
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def mend(directory: Path, *others: Path) -> int:
    """Take the rights of other users from what is in a directory, from itself and from `others`; says how many it were.

    What belongs to another user, a link, and a directory that is everybody's (such as /tmp) is left as it is.
    """
    mended = sum(_mend_one(path) for path in (*_within(directory), *others))
    if mended:
        log.warning(
            "%d files or directories under %s could be used by other users of this machine; that is mended",
            mended, directory,
        )  # fmt: skip
    return mended


def open_to_others(directory: Path, *others: Path) -> Iterator[Path]:
    """What :func:`mend` would mend."""
    for path in (*_within(directory), *others):
        with suppress(OSError):
            found = path.lstat()
            if not stat.S_ISLNK(found.st_mode) and found.st_mode & _OTHERS and found.st_uid == os.geteuid():
                yield path


def of_other_users(directory: Path) -> Iterator[Path]:
    """What belongs to another user, so that a process of this user may not be able to change it."""
    for path in _within(directory):
        with suppress(OSError):
            if path.lstat().st_uid != os.geteuid():
                yield path


def _within(directory: Path) -> Iterator[Path]:
    try:
        found = directory.lstat()
    except OSError:
        return
    if found.st_mode & stat.S_ISVTX or found.st_uid != os.geteuid() or directory == Path.home():
        log.warning("%s is not the hotline's own directory: modes of files in it are left as they are", directory)
        return
    yield directory
    for folder, folders, files in os.walk(directory):
        yield from (Path(folder, name) for name in (*folders, *files))


def _mend_one(path: Path) -> bool:
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode) or not found.st_mode & _OTHERS or found.st_uid != os.geteuid():
            return False
        path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
    except OSError:  # gone meanwhile, or on a disk without modes
        return False
    return True
