"""What somebody searches for, as it may stand in an address: names and numbers belong neither into the logs of proxies
nor into the history of browsers. The same words give the same text (AES-SIV, RFC 5297), so pages can be compared.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from ivr.config.settings import settings

#: What is sealed begins with this, which no search does.
_MARK = "~"


def seal(words: str) -> str:
    """Words for an address; nothing stays nothing."""
    if not words:
        return ""
    return _MARK + urlsafe_b64encode(_cipher().encrypt(words.encode(), None)).decode().rstrip("=")


def unseal(text: str) -> str:
    """The words again; plain words as they are, and nothing where the seal is not ours (any more)."""
    if not text.startswith(_MARK):
        return text
    try:
        sealed = urlsafe_b64decode(text.removeprefix(_MARK).encode("ascii", "replace") + b"===")
        return _cipher().decrypt(sealed, None).decode()
    except (InvalidTag, ValueError):
        return ""


def _cipher() -> AESSIV:
    return AESSIV(hashlib.sha512(b"searches:" + settings().secret.encode()).digest())
