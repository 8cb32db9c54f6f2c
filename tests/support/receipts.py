"""Receipt codes as callers hear them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ivr.prompts.catalogue import catalogue


def codes_heard(language: str, said: Sequence[str]) -> set[str]:
    """The receipt codes that a carrier's voice has spoken whole."""
    words = {word: str(digit) for digit, word in enumerate(catalogue(language).digits)}
    pattern = re.sub(r"\\\{\w+\\\}", "([^<]+?)", re.escape(catalogue(language)["receipt"]))
    spoken = [match for text in said for match in re.findall(pattern, text)]
    return {"".join(words[word] for word in re.sub("[,،]", "", code).split()) for code in spoken}
