"""Signed values that know when they were made, for cookies and addresses that another host may read.

The clocks of two hosts differ. itsdangerous refuses a value that is a second younger than nothing: somebody who has
logged in at the one host would be logged out by the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from ivr.domain.timestamps import CLOCKS_DIFFER


class Signer(TimestampSigner):
    """Takes values of a clock that is ahead of ours by no more than clocks of hosts differ."""

    def unsign(self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False) -> Any:
        """What was signed, and when if asked.

        Raises:
            BadSignature: it was not signed by us; SignatureExpired: it is too old, or from the future.
        """
        made_at: datetime
        value, made_at = super().unsign(signed_value, return_timestamp=True)
        age = self.get_timestamp() - made_at.timestamp()
        if max_age is not None and not -CLOCKS_DIFFER.total_seconds() <= age <= max_age:
            raise SignatureExpired(f"Signature age {age:.0f} seconds", payload=value, date_signed=made_at)
        return (value, made_at) if return_timestamp else value


def serializer(keys: Iterable[str], salt: str) -> URLSafeTimedSerializer:
    """Signs with the last one of some keys."""
    return URLSafeTimedSerializer(list(keys), salt=salt, signer=Signer)
