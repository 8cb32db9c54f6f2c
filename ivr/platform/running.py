"""Which processes of the hotline run, so that a restore does not change the database under them.

Each holds a shared lock on a file of its name for as long as it lives; the kernel frees it, however the process ends.
Its sessions with PostgreSQL are named after it, so that they are known on other hosts too.
"""

from __future__ import annotations

import fcntl
import logging
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from sqlalchemy import make_url

from ivr.config.settings import settings
from ivr.domain.enums import DatabaseUser
from ivr.platform import private_files

log = logging.getLogger(__name__)

#: Processes by the names of the Procfile.
NAMES = ("web", "voice", "worker", "clock", "exchange")
#: Process by how it uses the database. A command by hand is none.
_NAME_OF = {
    DatabaseUser.WEB: "web",
    DatabaseUser.VOICE: "voice",
    DatabaseUser.JOBS: "worker",
    DatabaseUser.DECODING: "worker",
    DatabaseUser.SCHEDULER: "clock",
}
#: What the names of all sessions begin with.
SESSION = "hotline "
_held: IO[str] | None = None


def begin(name: str) -> None:
    """This process runs under a name of the Procfile until it ends. While a restore goes on, wait for its end."""
    global _held
    try:
        file = _file(name).open("r+")
    except OSError as error:
        log.warning("a restore would not notice that %s runs: %s", name, error.strerror)
        return
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        log.warning("a backup is being restored: %s waits until that is done", name)
        fcntl.flock(file, fcntl.LOCK_SH)
    if _held is not None:  # it was another one until now
        _held.close()
    _held = file


def begin_as(user: DatabaseUser) -> None:
    """As `begin`, by how the process uses the database."""
    if user in _NAME_OF:
        begin(_NAME_OF[user])


def keep_from_beginning(stack: ExitStack) -> list[str]:
    """Keep the processes of this host from beginning until the stack is closed. Says which run already."""
    found = []
    for name in NAMES:
        file = stack.enter_context(_file(name).open("r+"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            found.append(name)
    return found


def session_name(user: DatabaseUser) -> str:
    """What a session with PostgreSQL is called."""
    return f"{SESSION}{_NAME_OF.get(user, user)}"


def _file(name: str) -> Path:
    """Beside SQLite's file: whoever has another `VAR_DIR` uses the same database."""
    url = make_url(settings().database)
    sqlite = url.get_backend_name() == "sqlite" and url.database
    path = (Path(url.database or "").parent if sqlite else settings().var_dir) / "running" / name
    private_files.make_directory(path.parent)
    private_files.make_file(path)
    return path
