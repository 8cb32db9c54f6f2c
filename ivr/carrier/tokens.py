"""Chooses with which of the account's tokens the REST interface is asked, while one is exchanged for another.

The carrier takes both until the second one is promoted; from then on only that one. A process notices it by the first
request that is refused, and need not be restarted.
"""

from __future__ import annotations

from ivr.config.settings import settings

#: The token that worked last, of this process.
_working: list[str] = []


def in_order() -> tuple[str, ...]:
    """The tokens to try, that which worked last first."""
    known = settings().auth_tokens
    return tuple(sorted(known, key=lambda token: token not in _working))


def worked(token: str) -> None:
    """Remember that the carrier has taken a token."""
    if _working != [token]:
        _working[:] = [token]
