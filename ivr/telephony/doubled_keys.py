"""Keys that a finger has pressed twice: the second press must not answer a question that nobody has heard yet.

The address that a document gives says which key the request before was answered with, and when. A key that arrives
less than `doubled_key_ms` later, and is the same, is a doubled one.
"""

from __future__ import annotations

import time

from flask import g, request

from ivr.config.settings import settings
from ivr.domain.digits import whole_number

#: Parameter of an address: the key that the request before was answered with, a dot, and the time in milliseconds.
AFTER = "after"
_LATEST = 10**15


def is_doubled() -> bool:
    """Whether the key of this request is the one of the request before, pressed twice."""
    key, _, at = request.args.get(AFTER, "").partition(".")
    before = whole_number(at, _LATEST)
    if not key or key != _key() or before is None:
        return False
    return 0 <= _now() - before < settings().doubled_key_ms


def pressed(key: str) -> None:
    """Note the key that this request follows from, where the carrier does not name it again."""
    g.answered_key = key


def mark() -> str:
    """The value of :data:`AFTER` for addresses of the document that answers this request; empty without a key."""
    key = _key()
    return f"{key}.{_now()}" if key and settings().doubled_key_ms else ""


def _key() -> str:
    key = str(g.get("answered_key") or request.form.get("Digits") or "")
    return key if len(key) == 1 else ""


def _now() -> int:
    """When this request was first looked at."""
    found: int | None = g.get("arrived_ms")
    if found is None:
        g.arrived_ms = found = time.time_ns() // 1_000_000
    return found
