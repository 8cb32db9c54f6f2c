"""Sealed tokens that belong to something, such as a call: who opens one has to name the same.

AES-GCM (RFC 5116) with the key of a purpose. What a token belongs to is authenticated and not contained; the second in
which it was made is both. It takes a quarter of the time of :func:`ivr.platform.crypto.seal`.
"""

from __future__ import annotations

import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ivr.config.settings import settings
from ivr.platform import crypto
from ivr.platform.crypto import NO_KEY, CannotOpen, Purpose

#: What such a token begins with. Those of :mod:`ivr.platform.crypto` have `1.`, or no dot.
_MARK = "2."
_TIME, _NONCE = 5, 12
_TAG = 16


def seal(purpose: Purpose, data: bytes, belongs_to: str) -> str:
    """A token (letters, digits, `.`, `-`, `_`) that only this installation can make and read."""
    return _sealed(purpose, data, belongs_to, int(time.time()).to_bytes(_TIME, "big"))


def _sealed(purpose: Purpose, data: bytes, belongs_to: str, made_at: bytes) -> str:
    nonce = os.urandom(_NONCE)
    sealed = _cipher(purpose, settings().secret).encrypt(nonce, data, made_at + belongs_to.encode())
    return _MARK + urlsafe_b64encode(made_at + nonce + sealed).decode().rstrip("=")


def is_bound(token: str) -> bool:
    """Whether a token says that it is one of these."""
    return token.startswith(_MARK)


def unseal(purpose: Purpose, token: str, belongs_to: str, max_age: int | None = None, *, what: str = "") -> bytes:
    """The content of a token, at most `max_age` seconds old; `what` names it in errors.

    Raises:
        TooOld: it is older.
        CannotOpen: it belongs to something else, was changed, or was sealed with a secret key that is not here.
    """
    name = what or f"what was sealed for {purpose.value!r}"
    made_at, nonce, sealed = _parts(token, name)
    for secret in settings().secrets:
        try:
            data = _cipher(purpose, secret).decrypt(nonce, sealed, made_at + belongs_to.encode())
        except InvalidTag:
            continue
        crypto.check_age(int.from_bytes(made_at, "big"), max_age, name)
        return data
    raise CannotOpen(name, f"it belongs to another call or thing, {NO_KEY}")


def is_present(purpose: Purpose, token: str, belongs_to: str) -> bool:
    """Whether a token was sealed with the present secret key, so that it need not be sealed again."""
    try:
        made_at, nonce, sealed = _parts(token, "")
        _cipher(purpose, settings().secret).decrypt(nonce, sealed, made_at + belongs_to.encode())
    except (CannotOpen, InvalidTag):
        return False
    return True


def reseal(purpose: Purpose, token: str, belongs_to: str, *, what: str = "") -> str:
    """A token with the same content and time, sealed with the present secret key.

    Raises:
        CannotOpen: as :func:`unseal`.
    """
    data = unseal(purpose, token, belongs_to, what=what)
    made_at, _, _ = _parts(token, what)
    return _sealed(purpose, data, belongs_to, made_at)


def _parts(token: str, name: str) -> tuple[bytes, bytes, bytes]:
    """When it was made, the nonce, and what is sealed."""
    try:
        if not is_bound(token):
            raise ValueError("another mark")
        packed = urlsafe_b64decode(token[len(_MARK) :] + "==")
    except ValueError as error:
        raise CannotOpen(name, NO_KEY) from error
    if len(packed) < _TIME + _NONCE + _TAG:
        raise CannotOpen(name, NO_KEY)
    return packed[:_TIME], packed[_TIME : _TIME + _NONCE], packed[_TIME + _NONCE :]


@lru_cache(maxsize=16)
def _cipher(purpose: Purpose, secret: str) -> AESGCM:
    return AESGCM(crypto.derive(purpose, secret=secret))
