"""A disk that can be full: a file system of its own, where this process may make one."""

from __future__ import annotations

import atexit
import errno
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path


class SmallDisk:
    """A file system of some megabytes at a directory."""

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
