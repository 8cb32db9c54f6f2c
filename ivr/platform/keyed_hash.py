"""Keyed hashes (HMAC-SHA256).

What is only ever compared is kept so that nobody without the secret key can tell what it was.

A hash cannot be made again with another key, because what it was made of is not kept. So writing uses the present
secret key, and looking up uses every key that a hash can have been made with (:func:`keyed_hashes`).
"""

from __future__ import annotations

import hmac

from ivr.platform import crypto, former_keys
from ivr.platform.crypto import Purpose


def keyed_hash(purpose: Purpose, text: str) -> str:
    """The hash (hex) of a text with the present key for a purpose."""
    return _hmac(crypto.derive(purpose), text)


def keyed_hashes(purpose: Purpose, text: str) -> list[str]:
    """All hashes that a text can be found under, the present one first."""
    keys = dict.fromkeys([*crypto.candidates(purpose), *former_keys.of(purpose)])
    return [_hmac(key, text) for key in keys]


def is_keyed_hash(purpose: Purpose, text: str, stated: str) -> bool:
    """Whether a hash, or the beginning of one, is that of a text under any key."""
    found = [hmac.compare_digest(one[: len(stated)].encode(), stated.encode()) for one in keyed_hashes(purpose, text)]
    return bool(stated) and any(found)


def _hmac(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()
