"""Whole numbers in texts that come from outside: ASCII digits, bounded.

`str.isdigit` is true for superscripts, which `int` refuses, and `int` reads digits of every script without a bound.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Ids are 64-bit integers in both databases; a browser's numbers are exact up to here.
LARGEST_ID = 2**53 - 1
#: Other whole numbers are 32-bit integers in PostgreSQL.
LARGEST_NUMBER = 2**31 - 1


def is_digits(text: str) -> bool:
    """Whether a text is ASCII digits and nothing else."""
    return text.isascii() and text.isdecimal()


def whole_number(text: str, most: int = LARGEST_ID) -> int | None:
    """The whole number a text is, from 0 to `most`; None for everything else. Leading zeros do not count."""
    if not is_digits(text):
        return None
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= len(str(most)) and int(digits) <= most else None


def number_in(values: Mapping[str, str], name: str, default: int = 0, most: int = LARGEST_ID) -> int:
    """The whole number of a field that comes from outside; `default` where it is missing, too large or none."""
    found = whole_number(values.get(name, ""), most)
    return default if found is None else found
