"""Lines on this host's disk, one file a group, appended durably and removed one by one.

    append("calls/3f…", line)          # OSError: the disk is full, or cannot be written
    for line in lines("calls/3f…"): …
    remove("calls/3f…", names)

A file is locked while it is changed. An empty file is deleted, and whoever waited for its lock opens it anew.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ivr.config.settings import settings
from ivr.platform.blob_storage import sync_directory
from ivr.platform.private_files import DRAFT, replace


def path_of(name: str) -> Path:
    """The file of a group."""
    return settings().var_dir / "spool" / name


def size(name: str) -> int:
    """Bytes in a file; none where it is missing."""
    try:
        return path_of(name).stat().st_size
    except OSError:
        return 0


def names(directory: str) -> list[str]:
    """The files of a directory that hold something, the one that was appended to longest ago first."""
    return [name for _, name in sorted((known.st_mtime, f"{directory}/{name}") for name, known in _holding(directory))]


def any_in(directory: str) -> bool:
    """Whether a directory has a file that holds something."""
    with suppress(OSError):
        return any(True for _ in _holding(directory))
    return False


def _holding(directory: str) -> Iterator[tuple[str, os.stat_result]]:
    """The files of a directory that hold something. What is no file is nobody's entry, and one may go meanwhile."""
    with suppress(FileNotFoundError), os.scandir(path_of(directory)) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                known = entry.stat()
                if known.st_size and stat.S_ISREG(known.st_mode) and not entry.name.endswith(DRAFT):
                    yield entry.name, known


def lines(name: str) -> list[bytes]:
    """The lines of a file, each with its newline; what is torn at the end has none.

    Raises:
        OSError: it cannot be read.
    """
    with _locked(name, os.O_RDONLY, fcntl.LOCK_SH) as handle:
        if handle is None:
            return []
        with os.fdopen(os.dup(handle), "rb") as file:
            return file.read().splitlines(keepends=True)


def append(name: str, data: bytes) -> None:
    """Append a line, or several; all of it or nothing.

    Raises:
        OSError: the disk is full, or cannot be written.
    """
    path = path_of(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, fcntl.LOCK_EX) as handle:
        if handle is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        before = os.fstat(handle).st_size
        torn = before and os.pread(handle, 1, before - 1) != b"\n"  # the machine stopped while it was written
        data = b"\n" + data if torn else data
        try:
            if os.write(handle, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, before)
            if not before:
                path.unlink(missing_ok=True)
            raise
        if not before:
            sync_directory(path.parent)


def remove(name: str, is_done: Callable[[bytes], bool]) -> None:
    """Remove lines. The file is written anew, or not at all.

    Raises:
        OSError: the disk is full, or cannot be written; the lines stay.
    """
    rewrite(name, lambda line: b"" if is_done(line) else line)


def rewrite(name: str, changed: Callable[[bytes], bytes]) -> None:
    """Replace each line by what a function makes of it; an empty one is left out.

    Raises:
        OSError: the disk is full, or cannot be written; the file stays as it is.
    """
    path = path_of(name)
    with _locked(name, os.O_RDONLY, fcntl.LOCK_EX) as handle:
        if handle is None:
            return
        with os.fdopen(os.dup(handle), "rb") as file:
            before = file.read().splitlines(keepends=True)
        after = [line for line in map(changed, before) if line]
        if after == before:
            return
        if not after:
            path.unlink(missing_ok=True)
        else:
            replace(path, b"".join(after))
        sync_directory(path.parent)


@contextmanager
def _locked(name: str, flags: int, how: int) -> Iterator[int | None]:
    """An open file that is locked and still has its name; None where there is none."""
    path = path_of(name)
    while True:
        try:
            handle = os.open(path, flags, 0o600)
        except FileNotFoundError:
            if flags & os.O_CREAT:
                raise
            yield None
            return
        try:
            fcntl.flock(handle, how)
            if _has_its_name(handle, path):
                yield handle
                return
        finally:
            os.close(handle)


def _has_its_name(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def only_one() -> Iterator[bool]:
    """Whether this process, of all of the host, is the one that replays.

    The directory itself is locked: a file for that could belong to another user, such as root, who ran a command.
    """
    path = path_of("")
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)


def named(names: Collection[str]) -> Callable[[bytes], bool]:
    """Whether a line begins with one of some names."""
    known = {name.encode() for name in names}
    return lambda line: line.split(b" ", 1)[0].strip() in known
