"""Reading forms and addresses."""

from __future__ import annotations


def whole(text: str) -> int:
    """A whole number as ids and counts are: not negative, and small enough for both databases.

    Raises:
        ValueError: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 10) or int(text) > 2147483647:
        raise ValueError(text)
    return int(text)
