"""Entries that could not be written into the database wait on this host's disk, and are replayed in order, once.

    spool.keep("turn", payload)        # OSError: not even that
    spool.replay(handlers)             # when the database is back; the scheduler and every web process try

An entry is appended and fsynced. Before a replay the file is moved aside, so that nothing is appended while it is
read. Entries are encrypted, because they hold telephone numbers. An entry and the mark that it has been replayed are
written in one transaction, so no entry is written twice when a process is killed between two of them. See
docs/decisions/014-spool.md.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now
from ivr.platform import crypto, database
from ivr.platform.blob_storage import sync_directory
from ivr.platform.column_types import insert
from ivr.platform.crypto import Purpose
from ivr.platform.work_models import SpoolEntry

log = logging.getLogger(__name__)

#: Writes an entry's payload into the database, in the session's transaction.
Handler = Callable[[Session, Any], object]

_ENTRIES, _REPLAYING, _DAMAGED = "entries", "replaying", "damaged"


def keep(kind: str, payload: Any) -> None:
    """Append an entry (JSON) durably.

    Raises:
        OSError: the disk is full, or cannot be written.
    """
    token = crypto.seal(Purpose.SPOOL, json.dumps([kind, payload]))
    _append(_ENTRIES, f"{secrets.token_hex(16)} {token}\n".encode())


def waiting() -> bool:
    """Whether this host has entries that are not in the database yet."""
    return any(_size(name) for name in (_ENTRIES, _REPLAYING))


def damaged() -> int:
    """Bytes of entries that could not be replayed and that a person has to look at."""
    return _size(_DAMAGED)


def replay(handlers: Mapping[str, Handler]) -> int:
    """Write the waiting entries into the database, in their order; how many were new to it.

    One of several processes does it; the others return at once. An entry that a handler cannot take is put aside under
    `damaged`, so that it holds up no other.

    Raises:
        SQLAlchemyError: the database does not answer; nothing is lost.
        OSError: the disk cannot be read or written.
    """
    if not waiting():
        return 0
    done = 0
    with _alone() as first:
        while first and waiting():
            if not _size(_REPLAYING):
                with _appending():
                    _path(_ENTRIES).rename(_path(_REPLAYING))
            for line in _path(_REPLAYING).read_bytes().splitlines(keepends=True):
                done += _replay_one(line, handlers)
            _path(_REPLAYING).unlink()
    if done:
        log.warning("%d entries of the spool are in the database now", done)
    return done


def _replay_one(line: bytes, handlers: Mapping[str, Handler]) -> bool:
    try:
        name, _, token = line.decode().strip().partition(" ")
        kind, payload = json.loads(crypto.unseal(Purpose.SPOOL, token, what="an entry of the spool"))
        handler = handlers[kind]
    except (ValueError, KeyError, TypeError) as error:
        if line.strip():
            why = str(error) if isinstance(error, crypto.CannotOpen) else "an entry of the spool is damaged"
            log.error("%s; it is kept in %s until spool-retry", why, _path(_DAMAGED))
            _put_aside(line.rstrip(b"\n") + b"\n")
        return False
    try:
        with database.writing_alone() as session:
            new = insert(session.get_bind().dialect, SpoolEntry).values(id=name, replayed_at=utc_now())
            if session.scalar(new.on_conflict_do_nothing().returning(SpoolEntry.id)) is None:
                return False  # it was written before
            handler(session, payload)
        return True
    except (DataError, IntegrityError):
        log.exception("an entry of the spool does not fit the database")
    except SQLAlchemyError:
        raise
    except Exception:
        log.exception("an entry of the spool could not be replayed")
    _put_aside(line)
    return False


def _put_aside(line: bytes) -> None:
    # The same entry is read again when the database fails in the middle of a replay.
    path = _path(_DAMAGED)
    if not path.exists() or line.strip() not in path.read_bytes().split(b"\n"):
        _append(_DAMAGED, line)


def forget_damaged(before: datetime) -> bool:
    """Delete entries that were put aside before an instant: personal data is not kept longer than its period."""
    with _alone() as first:
        path = _path(_DAMAGED)
        if not first or not path.exists() or path.stat().st_mtime >= before.timestamp():
            return False
        path.unlink()
        return True


def retry_damaged() -> int:
    """Put the entries that could not be replayed behind the waiting ones, to be tried again; how many there were."""
    with _alone() as first:
        path = _path(_DAMAGED)
        if not first or not path.exists():
            return 0
        lines = [line + b"\n" for line in path.read_bytes().split(b"\n") if line.strip()]
        for line in lines:
            _append(_ENTRIES, line)
        path.unlink()
    return len(lines)


def reseal() -> tuple[int, int, list[str]]:
    """Seal this host's entries with the present secret key.

    How many were sealed again, how many were so already, and what is wrong with the others, which stay as they are.

    Raises:
        OSError: the disk cannot be read or written, or the entries are being replayed.
    """
    done, kept, failures = 0, 0, list[str]()
    with _alone() as first:
        if not first:
            raise OSError("another process is replaying the spool; try again in a moment")
        for name in (_ENTRIES, _REPLAYING, _DAMAGED):
            with _appending():
                if not _size(name):
                    continue
                lines = []
                for line in _path(name).read_bytes().split(b"\n"):
                    new, problem = _resealed(line, name)
                    done, kept = done + (new != line), kept + (new == line and bool(line.strip()) and not problem)
                    failures += [problem] if problem else []
                    lines.append(new)
                _replace(name, b"\n".join(lines))
    return done, kept, failures


def _resealed(line: bytes, file: str) -> tuple[bytes, str]:
    """A line sealed again, or as it is and what is wrong with it."""
    entry, _, token = line.decode(errors="replace").strip().partition(" ")
    if not entry or crypto.is_present(Purpose.SPOOL, token):
        return line, ""
    try:
        sealed = crypto.reseal(Purpose.SPOOL, token, what=f"entry {entry[:40]} in the spool's file {file!r}")
    except crypto.CannotOpen as error:
        return line, str(error)
    return f"{entry} {sealed}".encode(), ""


def _replace(name: str, content: bytes) -> None:
    """Write a file anew, or not at all."""
    draft = _path(f"{name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(_path(name))
    sync_directory(draft.parent)


def _path(name: str) -> Path:
    return settings().var_dir / "spool" / name


def _size(name: str) -> int:
    try:
        return _path(name).stat().st_size
    except OSError:
        return 0


def _append(name: str, line: bytes) -> None:
    with _appending():
        path = _path(name)
        new = not path.exists()
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(handle).st_size
            torn = size and os.pread(handle, 1, size - 1) != b"\n"  # the machine stopped while it was written
            data = b"\n" + line if torn else line
            try:
                if os.write(handle, data) != len(data):
                    raise OSError(28, "No space left on device")
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, size)
                raise
        finally:
            os.close(handle)
        if new:
            sync_directory(path.parent)


@contextmanager
def _appending() -> Iterator[None]:
    with _lock("append", fcntl.LOCK_EX):
        yield


@contextmanager
def _alone() -> Iterator[bool]:
    try:
        with _lock("replay", fcntl.LOCK_EX | fcntl.LOCK_NB):
            yield True
    except BlockingIOError:
        yield False


@contextmanager
def _lock(name: str, how: int) -> Iterator[None]:
    path = _path(f"{name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a") as file:
        fcntl.flock(file, how)
        yield
