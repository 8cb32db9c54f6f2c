"""The auth tokens of the account: the primary one, and a secondary one until it is promoted or deleted."""

from __future__ import annotations

import threading


class AuthTokens:
    """The tokens that the REST interface takes. The primary one signs webhooks too."""

    def __init__(self, primary: str, secondary: str = "") -> None:
        self._lock = threading.Lock()
        self._primary, self._secondary = primary, secondary

    @property
    def primary(self) -> str:
        """The token that signs webhooks."""
        return self._primary

    @property
    def valid(self) -> tuple[str, ...]:
        """The tokens that log in, the primary one first."""
        with self._lock:
            return tuple(filter(None, (self._primary, self._secondary)))

    def promote(self) -> bool:
        """Make the secondary token the primary one. Returns False if there is none.

        Carrier: the former primary token is invalid from then on.
        """
        with self._lock:
            if not self._secondary:
                return False
            self._primary, self._secondary = self._secondary, ""
            return True
