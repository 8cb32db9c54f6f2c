"""Passes with which a member's browser uses the exchange: signed, for one identity and some minutes.

A carrier has access tokens in their place. Instead of an age a pass has an end, because clocks of hosts differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from itsdangerous import BadSignature, Signer

_SALT = "client of the exchange"


def new(key: str, identity: str, until: datetime) -> str:
    """A pass for an identity, until some instant; signed with the account's token."""
    return Signer(key, salt=_SALT).sign(f"{identity}.{int(until.timestamp())}").decode()


def identity_in(keys: Iterable[str], given: str, now: datetime) -> str:
    """The identity that a pass is for; empty where it was signed with none of the keys, or is over."""
    for key in keys:
        try:
            identity, _, until = Signer(key, salt=_SALT).unsign(given).decode().rpartition(".")
        except (BadSignature, UnicodeError):
            continue
        return identity if datetime.fromtimestamp(int(until), UTC) > now else ""
    return ""
