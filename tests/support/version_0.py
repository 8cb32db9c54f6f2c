"""Call states and spool entries as the version before wrote them. Nothing here uses the product's own code: these are
the formats that calls under way at an update, and entries on a disk, have.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet


def _fernet(purpose: str, secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"{purpose}:{secret}".encode()).digest()))


def state_token(
    secret: str,
    step: str,
    facts: Mapping[str, str],
    *,
    language: str = "de",
    tries: int = 0,
    answers: int = 0,
    owed: Sequence[Sequence[Any]] = (),
    trail: Sequence[Sequence[str]] = (),
    age: int = 0,
) -> str:
    """A call's state, sealed `age` seconds ago."""
    content = [step, language, tries, answers, dict(facts), [list(event) for event in owed], [list(p) for p in trail]]
    data = json.dumps(content, separators=(",", ":")).encode()
    return _fernet("call state", secret).encrypt_at_time(data, int(time.time()) - age).decode()


def spool_entry(secret: str, kind: str, *told: Any) -> bytes:
    """A line of the spool's file. Instants are `{"at": ...}`, states are `{"state": token}`."""
    token = _fernet("spool", secret).encrypt(json.dumps([kind, list(told)]).encode()).decode()
    return f"{secrets.token_hex(16)} {token}\n".encode()


def append_to_spool(var_dir: Path, *lines: bytes) -> None:
    """Lines at the end of the spool's file, written by the version before."""
    path = var_dir / "spool" / "entries"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.writelines(lines)
