"""Search words in the address of a page, sealed.

Names and numbers belong neither into the logs of proxies nor into the history of browsers. The same words give the same
text (AES-SIV, RFC 5297), so that addresses can be compared.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from ivr.platform import crypto
from ivr.platform.crypto import NO_KEY, CannotOpen, Purpose

#: What sealed words look like: this mark, the version (none: 0), and at least 17 bytes in base64. No search does.
_SEALED = re.compile(r"~(?P<version>1\.)?(?P<sealed>[A-Za-z0-9_-]{23,})")
_BYTES = 64


class CannotOpenSearch(CannotOpen):
    """The search in an address was changed, or sealed with a secret key that is not here."""


def seal(words: str) -> str:
    """Words for an address; nothing stays nothing."""
    if not words:
        return ""
    cipher = AESSIV(crypto.derive(Purpose.SEARCH_WORDS, length=_BYTES))
    return "~1." + urlsafe_b64encode(cipher.encrypt(words.encode(), None)).decode().rstrip("=")


def unseal(text: str) -> str:
    """The words again; plain words as they are.

    Raises:
        CannotOpenSearch: it was changed, or sealed with a secret key that is not here.
    """
    found = _SEALED.fullmatch(text)
    if found is None:
        return text
    for key in crypto.candidates(Purpose.SEARCH_WORDS, length=_BYTES):
        try:
            return AESSIV(key).decrypt(urlsafe_b64decode(found["sealed"] + "==="), None).decode()
        except (InvalidTag, ValueError):
            continue
    raise CannotOpenSearch("the search in the address", NO_KEY)
