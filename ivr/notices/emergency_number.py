"""Looks whether a text names the emergency number 112, in figures of any script or in words of its language."""

from __future__ import annotations

import re
import unicodedata

from ivr.prompts.catalogue import catalogue

#: What may stand between the digits as they are read out. A full stop may not: "1.12." is a day.
_BETWEEN = r"[\s\u00a0-]*"
_IN_FIGURES = re.compile(rf"(?<!\d)1{_BETWEEN}1{_BETWEEN}2(?!\d)")


def is_named(text: str, language: str) -> bool:
    """Whether a text of one of the hotline's languages names 112."""
    figures = "".join(str(unicodedata.decimal(character, character)) for character in text)
    if _IN_FIGURES.search(figures):
        return True
    digits = catalogue(language).digits
    one, two = re.escape(digits[1]), re.escape(digits[2])
    in_words = rf"(?<!\w){one}[\s,-]+{one}[\s,-]+{two}\w{{0,3}}(?!\w)"  # the last word may be inflected
    return bool(re.search(in_words, text, re.IGNORECASE))
