"""The names of files that people download: in the reader's language, in letters that every system takes."""

from __future__ import annotations

import re

_PLAIN_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def plain(title: str) -> str:
    """A title as part of a file's name: small letters, digits and hyphens; empty where it has none of them."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower().translate(_PLAIN_LETTERS)).strip("-")
