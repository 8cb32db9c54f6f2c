"""Keys of stored audio: every recording has one of its own, wrapped by the operator's master key (AES-256-GCM).

`AUDIO_MASTER_KEYS` holds them as `name:base64`, separated by commas: the first wraps, all can unwrap. So a master key
is rotated by putting a new one in front, `python -m ivr keys rotate`, and taking the old one away.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ivr.config.settings import settings

_NONCE = 12


class Unreadable(Exception):
    """Changed since it was written, or sealed with a key that is not here."""


def new_key() -> bytes:
    """A data key: 256 random bits."""
    return AESGCM.generate_key(256)


def seal(key: bytes, content: bytes, what: str) -> bytes:
    """Encrypt; `what` names the content and has to be the same when it is opened."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, what.encode())


def unseal(key: bytes, sealed: bytes, what: str) -> bytes:
    """Decrypt.

    Raises:
        Unreadable: a single bit is enough.
    """
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], what.encode())
    except (InvalidTag, ValueError) as error:
        raise Unreadable(what) from error


def wrap(key: bytes, what: str) -> tuple[str, str]:
    """A data key under the present master key: the master's name, and the wrapped key in base64."""
    name, master = next(iter(masters().items()))
    return name, base64.b64encode(seal(master, key, what)).decode()


def unwrap(name: str, wrapped: str, what: str) -> bytes:
    """A data key again.

    Raises:
        Unreadable: its master key is not among ours, or ours of that name is another one.
    """
    if name not in masters():
        raise Unreadable(f"{what}: the master key {name!r} is not in AUDIO_MASTER_KEYS")
    try:
        return unseal(masters()[name], base64.b64decode(wrapped), what)
    except (Unreadable, ValueError) as error:
        raise Unreadable(
            f"{what}: the master key {name!r} in AUDIO_MASTER_KEYS is not the one it was sealed with, or it was changed"
        ) from error


def masters() -> Mapping[str, bytes]:
    """Master keys by name, the present one first."""
    return settings().master_keys
