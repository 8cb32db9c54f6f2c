"""Entries that could not be written into the database wait on this host's disk, and are replayed in order, once.

    spool.keep("turn", payload, call_sid)   # OSError: not even that
    spool.replay(handlers)                  # when the database is back; the scheduler and every web process try
    spool.replay_group(call_sid, handlers)  # before something else of the same call is written

Entries of a group (a call) are written in their order, and wait for no other group. Entries are encrypted, because they
hold telephone numbers. An entry and the mark that it has been replayed are written in one transaction, so no entry is
written twice when a process is killed between two of them. See docs/decisions/014-spool.md.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ivr.platform import crypto, spool_files, spool_memory
from ivr.platform.crypto import Purpose
from ivr.platform.spool_replay import Handler as Handler
from ivr.platform.spool_replay import Source, write_all
from ivr.platform.spool_replay import take_mark as take_mark

log = logging.getLogger(__name__)

#: Files: what belongs to no group, what an earlier version was replaying, what could not be replayed.
_ENTRIES, _REPLAYING, _DAMAGED = "entries", "replaying", "damaged"
#: The directory with a file for each group.
_GROUPS = "calls"
#: How many files are opened to find the oldest entry.
_LOOKED_AT = 500


def keep(kind: str, payload: Any, group: str = "") -> None:
    """Append an entry (JSON) of a group durably.

    Raises:
        OSError: the disk is full, or cannot be written.
    """
    name = _file_of(group)
    _to_disk(name)  # what came before it
    spool_files.append(name, _line(kind, payload))


def keep_in_memory(kind: str, payload: Any, group: str) -> None:
    """Keep an entry (JSON) in this process, until the database or the disk takes it.

    Raises:
        OSError: there are too many already.
    """
    spool_memory.append(_file_of(group), _line(kind, payload))


def _line(kind: str, payload: Any) -> bytes:
    """A name that begins with the instant (milliseconds), and the sealed entry."""
    name = f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"
    return f"{name} {crypto.seal(Purpose.SPOOL, json.dumps([kind, payload]))}\n".encode()


def _file_of(group: str) -> str:
    return f"{_GROUPS}/{hashlib.sha256(group.encode()).hexdigest()[:32]}" if group else _ENTRIES


def waiting(group: str | None = None) -> bool:
    """Whether entries of a group, or any at all, are not in the database yet."""
    if group is not None:
        name = _file_of(group)
        return spool_memory.has(name) or spool_files.size(name) > 0
    files = any(spool_files.size(name) for name in (_ENTRIES, _REPLAYING))
    return files or in_memory() > 0 or spool_files.any_in(_GROUPS)


def in_memory() -> int:
    """Entries that this process alone holds."""
    return spool_memory.count()


def damaged() -> int:
    """Bytes of entries that could not be replayed and that a person has to look at."""
    return spool_files.size(_DAMAGED)


def oldest(now: datetime) -> float:
    """For how many seconds the oldest entry on the disk has waited; 0 where none waits."""
    ages = [0.0]
    for name in _first_files():
        try:
            first = spool_files.lines(name)[:1]
        except OSError:
            first = [b""]  # the age of the file counts
        ages += [(now - _instant_of(line, name)).total_seconds() for line in first]
    return max(ages)


def unreadable() -> str:
    """A file whose entries wait because the disk does not give them, and why; empty where there is none."""
    for name in _first_files():
        try:
            spool_files.lines(name)
        except OSError as error:
            return f"{spool_files.path_of(name)}: {error.strerror}"
    return ""


def _first_files() -> list[str]:
    return [_REPLAYING, _ENTRIES, *spool_files.names(_GROUPS)[:_LOOKED_AT]]


def _instant_of(line: bytes, name: str) -> datetime:
    try:
        at = datetime.fromtimestamp(int(line[:12], 16) / 1000, UTC)
        if line[32:33] == b" " and at.year < 2100:
            return at
    except (ValueError, OverflowError, OSError):
        pass
    path = spool_files.path_of(name)  # of an earlier version
    return datetime.fromtimestamp(path.stat().st_mtime if path.exists() else time.time(), UTC)


def replay(handlers: Mapping[str, Handler]) -> int:
    """Write the waiting entries into the database; how many were new to it.

    One of several processes writes what is on the disk; the others write what they have in memory. An entry that a
    handler cannot take is put aside under `damaged`, and holds up no other; nor does a file that cannot be read. An
    entry that waits for a row which somebody else holds is left for the next time, with what follows it in its group.

    Raises:
        SQLAlchemyError: the database does not answer; nothing is lost.
        OSError: the disk cannot be read or written.
    """
    if not waiting():
        return 0
    done = 0
    try:
        with spool_files.only_one() as first:
            if first:
                names = [name for name in (_REPLAYING, _ENTRIES) if spool_files.size(name)]
                done = _write([Source(name, spool_files) for name in [*names, *spool_files.names(_GROUPS)]], handlers)
    finally:
        done += _replay_memory(handlers)
    if done:
        log.warning("%d entries of the spool are in the database now", done)
    return done


def _replay_memory(handlers: Mapping[str, Handler]) -> int:
    """Write what this process holds into the database, or else on the disk."""
    names = [name for name in spool_memory.names() if not spool_files.size(name)]
    try:
        return _write([Source(name, spool_memory) for name in names], handlers) if names else 0
    finally:
        save_memory()


def save_memory() -> None:
    """Move what this process holds to the disk, as far as it has room."""
    for name in spool_memory.names():
        try:
            _to_disk(name)
        except OSError:
            break


def _to_disk(name: str) -> None:
    """Move what is in memory of a group to the disk. Nothing is lost or doubled if that fails half-way.

    Raises:
        OSError: it stays in memory.
    """
    for line in spool_memory.lines(name):
        spool_files.append(name, line)
        spool_memory.remove(name, line.__eq__)


def replay_group(group: str, handlers: Mapping[str, Handler]) -> bool:
    """Write what waits of one group into the database; whether nothing of it waits any more.

    Raises:
        SQLAlchemyError: the database does not answer. OSError: the disk cannot be read.
    """
    name = _file_of(group)
    if spool_files.size(name):
        _write([Source(name, spool_files)], handlers)
    if spool_memory.has(name) and not spool_files.size(name):  # what is in memory came after what is on the disk
        _write([Source(name, spool_memory)], handlers)
    return not waiting(group)


def _write(sources: list[Source], handlers: Mapping[str, Handler]) -> int:
    try:
        return write_all(sources, handlers)
    finally:
        _settle(sources)


def _settle(sources: list[Source]) -> None:
    """Put aside what is no entry, and remove what is done. A file that cannot be written keeps no other from that.

    Raises:
        OSError: one of them cannot be written; what is done stands in it still, and is not written twice.
    """
    failed: OSError | None = None
    for source in sources:
        try:
            _put_aside(source.bad)
            source.remove_done()
        except OSError as error:
            failed = error
    if failed is not None:
        raise failed


def _put_aside(lines: Sequence[bytes]) -> None:
    if not lines:
        return
    # The same entry is read again when the database fails in the middle of a replay.
    known = set(spool_files.lines(_DAMAGED))
    new = [line for line in dict.fromkeys(one.rstrip(b"\n") + b"\n" for one in lines) if line not in known]
    if new:
        log.error("%d entries are kept in %s until spool-retry", len(new), spool_files.path_of(_DAMAGED))
        spool_files.append(_DAMAGED, b"".join(new))


def forget_damaged(before: datetime) -> bool:
    """Delete entries that were put aside before an instant: personal data is not kept longer than its period."""
    path = spool_files.path_of(_DAMAGED)
    if not path.exists() or path.stat().st_mtime >= before.timestamp():
        return False
    spool_files.remove(_DAMAGED, lambda _: True)
    return True


def retry_damaged() -> int:
    """Put the entries that could not be replayed behind the waiting ones, to be tried again; how many there were."""
    lines = [line.rstrip(b"\n") + b"\n" for line in spool_files.lines(_DAMAGED) if line.strip()]
    if lines:
        spool_files.append(_ENTRIES, b"".join(lines))
        spool_files.remove(_DAMAGED, set(lines).__contains__)
    return len(lines)


def reseal() -> tuple[int, int, list[str]]:
    """Seal this host's entries with the present secret key.

    How many were sealed again, how many were so already, and what is wrong with the others, which stay as they are.

    Raises:
        OSError: the disk cannot be read or written, or the entries are being replayed.
    """
    done, kept, failures = 0, 0, list[str]()

    def resealed(line: bytes) -> bytes:
        nonlocal done, kept
        new, problem = _resealed(line.rstrip(b"\n"), name)
        done, kept = done + (new != line.rstrip(b"\n")), kept + (new == line.rstrip(b"\n") and not problem)
        failures.extend([problem] if problem else [])
        return new + (b"\n" if line.endswith(b"\n") else b"")

    with spool_files.only_one() as first:
        if not first:
            raise OSError("another process is replaying the spool; try again in a moment")
        for name in (_ENTRIES, _REPLAYING, _DAMAGED, *spool_files.names(_GROUPS)):
            spool_files.rewrite(name, lambda line: resealed(line) if line.strip() else line)
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
