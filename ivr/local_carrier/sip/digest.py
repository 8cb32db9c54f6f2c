"""Challenges peers that have a password (RFC 3261, section 22; RFC 7616)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

from aiosipua.headers import parse_auth
from aiosipua.message import SipRequest

from ivr.local_carrier.sip.peers import Peer

#: Seconds that a nonce is taken for.
_VALID_FOR = 60
_HASHES: dict[str, Callable[[bytes], hashlib._Hash]] = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class Digest:
    """Makes nonces that it knows again without keeping them, and takes each answer once."""

    def __init__(self, realm: str, now: Callable[[], float] = time.time) -> None:
        self.realm = realm
        self._now = now
        self._key = secrets.token_bytes(32)
        self._used: dict[str, float] = {}

    def challenge(self) -> dict[str, str]:
        """The header of a challenge."""
        nonce = self._nonce(int(self._now()))
        return {"WWW-Authenticate": f'Digest realm="{self.realm}", nonce="{nonce}", algorithm=MD5, qop="auth"'}

    def accepts(self, request: SipRequest, peer: Peer) -> bool:
        """Whether a request answers a challenge with the peer's password."""
        header = request.headers.get_first("authorization")
        if not header:
            return False
        given = parse_auth(header, credentials=True).params
        hashed = _HASHES.get(given.get("algorithm", "MD5").upper())
        nonce, response = given.get("nonce", ""), given.get("response", "")
        if hashed is None or given.get("username") != peer.username or not self._is_ours(nonce):
            return False

        def h(text: str) -> str:
            return hashed(text.encode()).hexdigest()

        secret = h(f"{peer.username}:{self.realm}:{peer.password}")
        asked = h(f"{request.method}:{given.get('uri', '')}")
        middle = f"{given.get('nc', '')}:{given.get('cnonce', '')}:auth:" if given.get("qop") == "auth" else ""
        if not hmac.compare_digest(h(f"{secret}:{nonce}:{middle}{asked}"), response):
            return False
        return self._is_first(f"{nonce}:{given.get('nc', '')}:{given.get('cnonce', '')}")

    def _nonce(self, second: int) -> str:
        return f"{second:x}." + hmac.digest(self._key, str(second).encode(), "sha256").hex()[:32]

    def _is_ours(self, nonce: str) -> bool:
        try:
            second = int(nonce.partition(".")[0], 16)
        except ValueError:
            return False
        return 0 <= self._now() - second <= _VALID_FOR and hmac.compare_digest(self._nonce(second), nonce)

    def _is_first(self, answer: str) -> bool:
        now = self._now()
        self._used = {one: when for one, when in self._used.items() if now - when <= _VALID_FOR}
        if answer in self._used:
            return False
        self._used[answer] = now
        return True
