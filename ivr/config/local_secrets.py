"""Secrets that local mode makes once for itself; production gets them from the environment."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def local_secret(var_dir: Path, name: str) -> str:
    """64 random hexadecimal digits, the same for every process sharing `var_dir`.

    The file is linked into place, so two processes that start together agree on one secret.
    """
    path = var_dir / "secrets" / name
    if not path.exists():
        for directory in (var_dir, path.parent):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{name}.{os.getpid()}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()
