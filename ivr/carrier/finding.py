"""What a check of the carrier says: a sentence, and one that says what mends it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What is wrong at the carrier and what mends it; or, where it is not `wrong`, what the operator should know."""

    what: str
    remedy: str = ""
    wrong: bool = True
    #: Whether nothing else can be looked at before it is mended.
    bars: bool = False

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".rstrip()
