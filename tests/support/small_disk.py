"""A disk that can be full: a file system of its own, where this process may make one; or files that refuse writes."""

from __future__ import annotations

import atexit
import errno
import os
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType


class SmallDisk:
    """A file system of some megabytes at a directory."""

    #: What processes that use the disk need in their environment.
    environment: Mapping[str, str] = MappingProxyType({})

    def __init__(self, directory: Path, megabytes: int) -> None:
        """Raises PermissionError where only the administrator of a machine makes disks."""
        self.directory = directory
        self._ballast = directory / ".ballast"
        directory.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "hotline", str(directory)]
        if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
            raise PermissionError(errno.EPERM, "no disk can be made")
        atexit.register(self.remove)

    def fill(self) -> None:
        """Not a byte is free any more."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            with suppress(OSError):
                free = shutil.disk_usage(self.directory).free
                os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size + free)
            for size in (1 << 16, 1 << 12, 1):
                with suppress(OSError):
                    while file.write(b"x" * size) == size:
                        pass

    def free(self) -> None:
        """There is room again."""
        self._ballast.unlink(missing_ok=True)

    def remove(self) -> None:
        """Nobody uses it any more."""
        atexit.unregister(self.remove)
        subprocess.run(["umount", "--lazy", str(self.directory)], capture_output=True, check=False)


class RefusingDisk:
    """A directory in which processes with its `environment` cannot write while it is full; anybody may make one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._marker = directory.parent / "full"
        self.environment = {"FULL_DISK": str(self._marker), "PYTHONPATH": str(Path(__file__).parent / "full_disk")}

    def fill(self) -> None:
        """Nothing more can be written."""
        self._marker.touch()

    def free(self) -> None:
        """There is room again."""
        self._marker.unlink(missing_ok=True)

    def remove(self) -> None:
        """Nobody uses it any more."""
        self.free()
