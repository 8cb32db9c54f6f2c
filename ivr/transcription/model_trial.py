"""A model that has ended the process that loaded it is tried in a process of its own before it is loaded again.

The library that reads models (C++) does not survive every damaged file. The parent of the workers loads the models: it
would end again and again, and nobody would be rung and no text sent. What a process is loading is noted in a file; one
that is found there later has ended its process.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ivr.config.settings import settings
from ivr.platform import private_files

_PR_SET_PDEATHSIG = 1


class EndsItsProcess(Exception):
    """The model cannot be loaded without losing the process that does so."""


@contextmanager
def noted(language: str, load: Callable[[], object], *, is_doubtful: bool = False) -> Iterator[None]:
    """Load a model in the block. What `is_doubtful`, or has ended a process before, is tried in another one first.

    Raises:
        EndsItsProcess: it has ended that one.
    """
    note = _note(language)
    if is_doubtful or note.exists():
        _try_apart(load)
    with suppress(OSError):  # a full disk
        private_files.make_file(note)
    try:
        yield
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)


def _note(language: str) -> Path:
    return settings().var_dir / f"loading-model-{language}"


def _try_apart(load: Callable[[], object]) -> None:
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        with suppress(BaseException):  # the parent meets an exception itself
            load()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if (code := os.waitstatus_to_exitcode(status)) != 0:
        raise EndsItsProcess(f"it ends the process that loads it ({signal.Signals(-code).name if code < 0 else code})")
