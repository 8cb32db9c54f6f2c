"""Master keys, as the operator writes them: `name:base64`, separated by commas, the present one first."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Mapping


def parse(text: str) -> dict[str, bytes]:
    """Names and keys (32 bytes).

    Raises:
        ValueError: saying what is expected.
    """
    found: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", name) or len(key) != 32 or name in found:
            raise ValueError(
                "expected name:key[,name:key…], each name once and each key 32 bytes in base64 "
                "(python -m ivr keys new NAME makes one)"
            )
        found[name] = key
    return found


def new(name: str) -> str:
    """A new master key as :func:`parse` reads it."""
    return f"{name}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def of_secret(secret: str) -> dict[str, bytes]:
    """The master key of local mode, from a secret of its own."""
    return {"local": hashlib.sha256(b"audio master key:" + secret.encode()).digest()}


def check_strength(keys: Mapping[str, bytes]) -> None:
    """Random bytes are hardly ever alike.

    Raises:
        ValueError: a key looks as if somebody had typed it.
    """
    for name, key in keys.items():
        if len(set(key)) < 16:
            raise ValueError(f"audio_master_keys: {name} is no random key (python -m ivr keys new NAME makes one)")
