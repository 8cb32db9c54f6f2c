"""Files of the hotline are for its own user alone, whatever the umask and the modes that it finds.

Everything under `var_dir` belongs to it: database, Redis, spool, recordings, secrets, backups, logs. Where a setting
names a directory of somebody else by mistake (`/etc`, a home, a project), nothing there is taken from its users.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

log = logging.getLogger(__name__)

#: Rights of the group and of others: read, write, enter, run.
_OTHERS = 0o077
#: Files and directories that the hotline makes in its directory, as patterns; backups that people keep there.
_FILES = (
    "hotline.sqlite3*", "redis.sock", "run.lock", "demo-logins.json", "carrier-setup.json", "database.damaged",
    "uncounted.json", "loading-model-*", "*.backup", "*.tar",
)  # fmt: skip
_FOLDERS = (
    "audio", "connections", "exchange", "exchange-*", "log", "metrics", "models", "prompts", "redis", "running",
    "secrets", "spool", "translations",
)  # fmt: skip
#: What any directory may hold: of a disk of its own, and of tools that mark it.
_NOBODYS = ("lost+found", ".*")


def begin() -> None:
    """New files of this process, and of the processes that it starts, are for its user alone."""
    os.umask(_OTHERS)


def make_directory(path: Path) -> None:
    """Make a directory, and those above it that are missing, with mode 0700. One that exists keeps its mode."""
    for missing in reversed([one for one in (path, *path.parents) if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def make_file(path: Path) -> None:
    """Make an empty file with mode 0600 unless it exists.

    One that exists is not opened: closing it again would take this process's locks on it, such as those of SQLite.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))


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
    """Take the rights of other users from what is in a directory, from itself and from the files `others`.

    Says how many it were. What belongs to another user, a link within it, a device, and a directory that is not the
    hotline's own (such as /tmp or /etc) is left as it is.
    """
    mended = sum(_mend_one(path) for path in (*_within(directory), *_files(others)))
    if mended:
        log.warning(
            "%d files or directories under %s could be used by other users of this machine; that is mended",
            mended, directory,
        )  # fmt: skip
    return mended


def open_to_others(directory: Path, *others: Path) -> Iterator[Path]:
    """What :func:`mend` would mend."""
    for path in (*_within(directory), *_files(others)):
        with suppress(OSError):
            if _is_open(path.lstat()):
                yield path


def of_other_users(directory: Path) -> Iterator[Path]:
    """What belongs to another user, so that a process of this user may not be able to change it."""
    for path in _within(directory):
        with suppress(OSError):
            if path.lstat().st_uid != os.geteuid():
                yield path


def strangers(directory: Path) -> list[Path]:
    """What is in a directory and was not made by the hotline: where there is any, the directory is not its own."""
    try:
        return sorted(path for path in directory.iterdir() if not _is_like(path, (*_FILES, *_FOLDERS, *_NOBODYS)))
    except OSError:  # it is missing, or no directory
        return []


def _is_like(path: Path, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path.name, pattern) for pattern in patterns)


def _within(directory: Path) -> Iterator[Path]:
    """The directory and all that is in it; of one that is not the hotline's own, its files alone.

    Who keeps the directory on another disk and has put a link in its place means the directory that it leads to.
    """
    directory = directory.resolve() if directory.is_symlink() else directory
    try:
        found = directory.lstat()
    except OSError:
        return
    if not stat.S_ISDIR(found.st_mode):
        return
    if found.st_mode & stat.S_ISVTX or found.st_uid != os.geteuid() or directory == Path.home() or strangers(directory):
        log.warning("%s is not the hotline's own directory: modes of files in it are left as they are", directory)
        with suppress(OSError):
            yield from (path for path in directory.iterdir() if _is_like(path, _FILES) and path.is_file())
        return
    yield directory
    for folder, folders, files in os.walk(directory):
        yield from (Path(folder, name) for name in (*folders, *files))


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Those that are files: a database is no directory, which a setting names by mistake (`sqlite:////tmp`)."""
    return (path for path in paths if path.is_file())


def _mend_one(path: Path) -> bool:
    try:
        found = path.lstat()
        if not _is_open(found):
            return False
        path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
    except OSError:  # gone meanwhile, or on a disk without modes
        return False
    return True


def _is_open(found: os.stat_result) -> bool:
    """Whether others may use a file, directory or socket of ours. No device, and no link, is ever only ours."""
    kind = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode) or stat.S_ISSOCK(found.st_mode)
    return kind and bool(found.st_mode & _OTHERS) and found.st_uid == os.geteuid()
