"""A host of the product: a directory, ports and processes of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import requests

from ivr.config.settings import Settings
from ivr.launcher.process_supervisor import Child, stop_all
from ivr.launcher.run import _NEEDED, _procfile
from tests.support.environment import ROOT, use_environment
from tests.support.servers import free_port
from tests.support.small_disk import RefusingDisk, SmallDisk

#: What makes a process read a wrong clock.
_WRONG_CLOCK = ROOT / "tests" / "support" / "wrong_clock"
#: Size of a host's disk.
_DISK_MB = 250


def process_environment(own: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process with these settings."""
    paths = [own["PYTHONPATH"]] if "PYTHONPATH" in own else []
    return {
        **os.environ,
        **own,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join([*paths, str(ROOT)]),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def _clock(ahead: int) -> Mapping[str, str]:
    """What makes processes read a clock that is wrong; the time that they measure stays right."""
    return {"CLOCK_AHEAD": str(ahead), "PYTHONPATH": str(_WRONG_CLOCK)} if ahead else {}


def _own_disk(directory: Path) -> SmallDisk | RefusingDisk:
    try:
        return SmallDisk(directory, _DISK_MB)
    except PermissionError:
        return RefusingDisk(directory)


class Host:
    """One host. Its children belong to the thread that has started them: only the main thread may."""

    def __init__(self, name: str, var_dir: Path, shared: Mapping[str, str]) -> None:
        self.name = name
        self.var_dir = var_dir
        own = {"HOST": "127.0.0.1", "VAR_DIR": str(var_dir), "PORT": str(free_port()), "VOICE_PORT": str(free_port())}
        self.environment = {**shared, **own}
        self.settings: Settings = use_environment(self.environment)
        self.disk = _own_disk(var_dir)
        self.children: dict[str, Child] = {}
        #: A lost host is not started again by itself.
        self.is_lost = True
        #: Seconds by which its clock is ahead.
        self._ahead = 0

    @property
    def url(self) -> str:
        """Where its pages are, without a proxy."""
        return f"http://127.0.0.1:{self.settings.port}"

    def start(self) -> None:
        """Start all of its processes."""
        environment = process_environment({**self.environment, **self.disk.environment, **_clock(self._ahead)})
        for name, command in _procfile(self.settings):
            if name != "exchange":
                log = self.var_dir / "log" / f"{name}.log"
                self.children[name] = Child(name, command, environment, log)
                self.children[name].start()
        self.is_lost = False

    def set_clock(self, ahead: int) -> None:
        """Its processes are started again, and find the clock so many seconds ahead."""
        self.stop()
        self._ahead = ahead
        self.start()

    def forget(self) -> None:
        """Another machine takes its place; nothing is on its disk."""
        self.disk.remove()
        shutil.rmtree(self.var_dir, ignore_errors=True)
        self.disk = _own_disk(self.var_dir)

    def command(self, *words: str) -> str:
        """What a command of the product says on this host.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        done = subprocess.run(
            [sys.executable, "-m", "ivr", *words],
            env=process_environment(self.environment), check=True, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        return done.stdout

    def lose(self) -> None:
        """All of its processes are gone at once, as with its power."""
        self.is_lost = True
        for child in self.children.values():
            if child.running:
                os.killpg(child.pid, signal.SIGKILL)
        for child in self.children.values():
            child.kill()

    def stop(self) -> None:
        """An orderly end."""
        self.is_lost = True
        stop_all([*self.children.values()])

    def keep_running(self) -> None:
        """Start what has ended by itself, as the process manager of a host does."""
        if not self.is_lost:
            for child in self.children.values():
                child.keep_running()

    def states(self) -> dict[str, object]:
        """What `/readyz` says of each part; nothing while there is no answer."""
        try:
            found: dict[str, object] = requests.get(f"{self.url}/readyz", timeout=8).json()
        except (requests.RequestException, ValueError):
            return {}
        return found

    def is_ready(self) -> bool:
        """Whether all of its processes serve."""
        states = self.states()
        if not all(states.get(part) == "ok" for part in _NEEDED):
            return False
        try:
            return requests.get(f"http://127.0.0.1:{self.settings.calls_port}/healthz", timeout=5).ok
        except requests.RequestException:
            return False

    def waiting(self) -> list[str]:
        """What this host keeps for itself, because it could not be written yet."""
        if self.is_lost:
            return []
        states = self.states()
        if not states:
            return [f"host {self.name} does not answer"]
        return [f"host {self.name}: {part} {states.get(part)}" for part in ("spool", "memory") if states[part] != "ok"]
