"""Keeps child processes running: started in groups of their own, restarted when they die, stopped together.

Why not a Procfile manager from the shelf: those we know stop everything when one process ends, but a worker
may end by itself while Redis is away and must come back (docs/decisions/004-launcher.md).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from ivr.platform import log_setup, private_files

_PR_SET_PDEATHSIG = 1
#: Seconds a process gets to end by itself before its group is killed.
_GRACE = 6.0
_libc = ctypes.CDLL(None)


def _end_with_parent() -> None:
    os.umask(0o077)  # whatever the umask of who has started it
    # If the launcher itself is killed, nothing of it stays behind.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """A command that should be running."""

    def __init__(self, name: str, command: str, environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = 0.5
        self._not_before = 0.0

    def start(self) -> None:
        """Start it; its output goes to its log, or where that cannot be written to where ours goes.

        Raises:
            OSError: the machine has no room for a further process.
        """
        with self._opened_log() as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {self._command}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self._environment, log_setup.FILE: str(self.log.absolute())},
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        self._started = time.monotonic()

    @contextlib.contextmanager
    def _opened_log(self) -> Iterator[IO[bytes] | None]:
        try:
            private_files.make_directory(self.log.parent)
            private_files.make_file(self.log)
            log = self.log.open("ab")
        except OSError as error:  # a process without a log is better than none
            say(f"the log of {self.name} cannot be written: {self.log}: {error.strerror}")
            yield None
            return
        with log:
            yield log

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process, which leads a group of its own; 0 before it was started."""
        return self._process.pid if self._process is not None else 0

    def kill(self) -> None:
        """End it and all of its group at once, as a crash of the machine would."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def keep_running(self) -> bool:
        """Start it again if it has died, with growing pauses; True if it had died."""
        if self.running:
            if time.monotonic() - self._started > 30:
                self._pause = 0.5
            return False
        now = time.monotonic()
        if not self._not_before:
            self._not_before = now + self._pause
            self._pause = min(self._pause * 2, 15.0)
            return True
        if now >= self._not_before:
            self._not_before = 0.0
            with contextlib.suppress(OSError):  # it is tried again
                self.start()
        return False

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def end(self, deadline: float) -> None:
        """Wait for its end until `deadline` (monotonic), then kill whatever is left of its group."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.1, deadline - time.monotonic()))
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def say(text: str) -> None:
    """Print a line, where there is still somebody, or a disk with room, that takes it."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


def stop_all(children: list[Child]) -> None:
    """Stop children: all but the last at once, and the last when they have ended, because they may need it (Redis)."""
    for some in (children[:-1], children[-1:]):
        for child in some:
            child.terminate()
        deadline = time.monotonic() + _GRACE
        for child in some:
            child.end(deadline)


def tail(path: Path, lines: int = 8) -> str:
    """The last lines of a log."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
