"""Receipt codes (Eingangsnummern): eight digits that a caller can write down and key in again.

Seven random digits and a check digit after Damm, which catches every single wrong digit and every pair
of swapped neighbours.
"""

from __future__ import annotations

import secrets

from stdnum import damm

from ivr.domain.digits import is_digits

LENGTH = 8


def draw() -> str:
    """A new code; uniqueness is the database's to decide."""
    number = f"{secrets.randbelow(10 ** (LENGTH - 1)):0{LENGTH - 1}d}"
    return number + damm.calc_check_digit(number)


def is_code(text: str) -> bool:
    """Whether `text` could be a receipt code: its length and check digit are right."""
    return len(text) == LENGTH and is_digits(text) and bool(damm.is_valid(text))
