"""Receipt codes (Anfragenummern): ten digits that a caller can write down and key in again.

Nine random digits, of which the first is no zero, and a check digit after Damm, which catches every single wrong digit
and every pair of swapped neighbours. Nine, because who guesses may make thousands of calls
(docs/decisions/029-guessing.md). No zero, so that no telephone number in Germany is taken for a code.
"""

from __future__ import annotations

import secrets

from ivr.domain.digits import is_digits

LENGTH = 10
#: Codes that were told to callers before are as long as this, and are accepted as long as there are tasks of theirs.
_FORMER_LENGTH = 8
LENGTHS = (LENGTH, _FORMER_LENGTH)
#: Damm's quasigroup of order 10 (the table of his thesis): the check digit makes 0 of the whole code.
_TABLE = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip


def draw() -> str:
    """A new code; uniqueness is the database's to decide."""
    number = str(10 ** (LENGTH - 2) + secrets.randbelow(9 * 10 ** (LENGTH - 2)))
    return number + _check_digit(number)


def is_code(text: str) -> bool:
    """Whether `text` could be a receipt code: its length and check digit are right."""
    if len(text) == LENGTH and text.startswith("0"):
        return False  # a telephone number, perhaps
    return len(text) in LENGTHS and is_digits(text) and _check_digit(text) == "0"


def _check_digit(digits: str) -> str:
    interim = "0"
    for digit in digits:
        interim = _TABLE[int(interim)][int(digit)]
    return interim
