"""Notices that SQLite's file is damaged, emptied or gone, and tells every process of this host.

Nothing is read from a damaged file or written to it: what callers ask for waits in the spool until it is restored.
It is never opened but by SQLite: closing it otherwise would take the locks that SQLite has on it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import make_url

from ivr.config.settings import settings
from ivr.platform import removed_wal
from ivr.platform.database_faults import Damaged, is_cut_off

log = logging.getLogger(__name__)

#: Seconds between two looks at whether the file is still the same, and whether another process has found it damaged.
_CHECK_EVERY = 1.0
#: Seconds that the first look of a process may take, a regular one, and one that an error has led to.
_FIRST, _REGULAR, _THOROUGH = 1.0, 0.3, 10.0
_STEPS = 20_000

_WAL_GONE = "its -wal file was removed while it was in use: the latest changes may be lost"
_WAL_CUT = "its -wal file was cut off while it was in use: the latest changes may be lost"
#: What is to be done when the file is another one: connections to the former one are given up.
on_other_file: Callable[[], None] = lambda: None  # noqa: E731


class _Known:
    """What this process knows of the file."""

    #: The file's path and its inode.
    file: tuple[Path, int] | None = None
    checked_at = 0.0
    #: The inode of the -wal file that belongs to it; 0: there was none.
    wal = 0
    #: Whether the last look found a -wal file that is open and has no name: two looks in a row are no accident.
    wal_is_missed = False
    #: What is damaged; empty while nothing is known of it.
    what = ""
    had_tables = False
    suspicion = threading.Lock()


_known = _Known()


def file() -> Path | None:
    """SQLite's file; None for another database."""
    url = make_url(settings().database)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _note() -> Path:
    return settings().var_dir / "database.damaged"


def _noted() -> str:
    """What a process of this host has found; empty where none has found anything."""
    try:
        return _note().read_text()
    except OSError:
        return ""


def check() -> None:
    """Look, at most once a second, whether the file is known to be damaged.

    Raises:
        Damaged: it is.
    """
    now = time.monotonic()
    if now - _known.checked_at > _CHECK_EVERY:
        _known.checked_at = now
        _look_around()
    if _known.what:
        raise Damaged(sentence(_known.what))


def _look_around() -> None:
    path = file()
    if path is None:
        _known.what = ""
        return
    try:
        inode = path.stat().st_ino
    except (FileNotFoundError, NotADirectoryError):
        if _known.file is not None and _known.file[0] == path:
            _found("its file is gone")
        return
    if _known.file is not None and _known.file[0] == path and _known.file[1] != inode:
        log.warning("the database is another file now; it is opened anew")
        _set_former_changes_aside(path)
        on_other_file()
    elif _known.file is None or _known.file[0] != path:
        _known.what, _known.had_tables = "", False
    _known.file, _known.wal = (path, inode), _inode_of(_beside(path, "-wal"))
    before, _known.wal_is_missed = _known.wal_is_missed, removed_wal.is_held_without_name(path)
    if before and _known.wal_is_missed:
        _found(_WAL_GONE)
        return
    noted = _noted()
    if noted and not _known.what:
        if look(_FIRST) is None:  # it may have been restored
            _known.what = noted
            log.error("%s", sentence(noted))
    elif not noted and _known.what:
        _known.what = ""


def _inode_of(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _set_former_changes_aside(path: Path) -> None:
    """Give the -wal file of a former database another name: SQLite would write its pages into the new file."""
    if not _known.wal or _inode_of(wal := _beside(path, "-wal")) != _known.wal:
        return  # somebody has done so, or it was replaced as well
    aside = path.with_name(f"{path.name}.former-{_known.wal}-wal")
    with suppress(OSError):
        _beside(path, "-shm").unlink(missing_ok=True)
        wal.rename(aside)
        log.error("the database's file was replaced in use; the latest changes of the former one are in %s", aside)


def sentence(what: str) -> str:
    """What is damaged, and the remedy."""
    return (
        f"The database file {file()} is damaged ({what}). Stop all processes and bring it back: "
        "python -m ivr restore --replace BACKUP"
    )


def suspect() -> None:
    """An error of the database speaks of damage: have the file examined, once at a time, while others go on."""
    if file() is not None and _known.suspicion.acquire(blocking=False):
        threading.Thread(target=_examine_and_rest, name="damage", daemon=True).start()


def _examine_and_rest() -> None:
    try:
        look(_THOROUGH)
        time.sleep(1.0)
    finally:
        _known.suspicion.release()


def look_again() -> None:
    """A regular look; a thorough one while the file is known to be damaged, because it may have been restored."""
    look(_THOROUGH if _known.what else _REGULAR)


def look(seconds: float) -> bool | None:
    """Examine the file for at most so many seconds, and tell the other processes what is found.

    Whether it is damaged; None where the time was too short, or somebody else keeps it closed.
    """
    what = examine(seconds)
    if what:
        _found(what)
    elif what is not None and (_known.what or _note().exists()):
        log.warning("the database's file is whole again")
        forget()
    return None if what is None else bool(what)


def _found(what: str) -> None:
    if not _known.what:
        log.error("%s", sentence(what))
    _known.what = what
    with suppress(OSError):
        if not _note().exists():
            _note().write_text(what)


def forget() -> None:
    """The file is whole, or another one."""
    _known.what = ""
    _note().unlink(missing_ok=True)


def examine(seconds: float) -> str | None:
    """What is wrong with the file; empty if nothing is, None if that could not be found out."""
    path = file()
    if path is None:
        return ""
    try:
        if _WAL_GONE in (_known.what, _noted()) and removed_wal.is_held_without_name(path, by_any=True):
            return _WAL_GONE
        if path.stat().st_size == 0:
            return "its file is empty" if _known.had_tables else ""
        return _examined(path, time.monotonic() + seconds)
    except (FileNotFoundError, NotADirectoryError):
        return "its file is gone" if _known.had_tables else ""
    except sqlite3.DatabaseError as error:
        if is_cut_off(error):
            return _WAL_CUT
        damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        return str(error) if damaged else None


def _examined(path: Path, until: float) -> str:
    address = f"file:{quote(str(path.absolute()))}?mode=rw"
    with closing(sqlite3.connect(address, uri=True, timeout=0.2)) as connection:
        connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not tables and _known.had_tables:
            return "it holds no tables any more"
        _known.had_tables = _known.had_tables or bool(tables)
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        return "" if found == "ok" else str(found)


def not_writable() -> Path | None:
    """What keeps this process from writing into SQLite's file: itself, one beside it, or its directory."""
    path = file()
    if path is None or not path.exists():
        return None
    beside = [path.with_name(path.name + suffix) for suffix in ("-wal", "-shm")]
    needed = (path.parent, path, *(one for one in beside if one.exists()))
    return next((one for one in needed if not os.access(one, os.W_OK)), None)


def set_aside(now: datetime) -> Path | None:
    """Give a damaged file another name, with the files beside it, so that a new one can be begun; the new name."""
    path = file()
    forget()
    if path is None or not path.exists():
        return None
    aside = path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%S}")
    for suffix in ("-wal", "-shm", ""):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            os.replace(beside, aside.with_name(aside.name + suffix))  # noqa: PTH105
    _known.file, _known.had_tables = None, False
    on_other_file()
    return aside


def require_no_emptied_file() -> None:
    """A file of no bytes beside recordings was emptied: a new database would hide that.

    Raises:
        Damaged: it is one.
    """
    path = file()
    if path is not None and path.exists() and not path.stat().st_size and settings().audio_dir.exists():
        raise Damaged(f"{sentence('its file is empty')}; or delete the file to begin anew.")
