"""Fingerprints of the German texts that translations were made from, and the table that holds them.

The table `[made_from]` is the last one of each `voice_prompts/<language>.toml`. A translation whose fingerprint is not
that of the present German text is stale.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

_HEADING = """\
# The German text that each translation was made from; written by `python -m ivr prompts translated`.
[made_from]
"""


def fingerprint(text: str) -> str:
    """Eight hexadecimal digits that change with the text. White space of any length counts as one space."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:8]


def with_table(file: str, made_from: Mapping[str, str]) -> str:
    """The text of a prompt file with this table (prompt -> fingerprint) in place of the one that it has."""
    before = file.partition(_HEADING)[0].rstrip("\n")
    rows = "".join(f'{name} = "{mark}"\n' for name, mark in made_from.items())
    return f"{before}\n\n{_HEADING}{rows}"
