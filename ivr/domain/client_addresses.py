"""Addresses of browsers that are telephones: the carrier calls them by an identity instead of a number."""

from __future__ import annotations

_PREFIX = "client:"


def identity_of(user_id: int) -> str:
    """The identity under which a member's browser is registered. Carrier: letters, digits and underscores."""
    return f"member_{user_id}"


def address_of(user_id: int) -> str:
    """The address at which a member's browser is called."""
    return _PREFIX + identity_of(user_id)


def is_one(number: str | None) -> bool:
    """Whether this is the address of a browser, and not the number of a telephone."""
    return number is not None and number.startswith(_PREFIX)
