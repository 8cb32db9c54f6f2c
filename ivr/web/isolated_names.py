"""Names where a page has no elements (an option, a tip): one from right to left does not move what follows it.

In the text of a page `<bdi>` does the same.
"""

from __future__ import annotations

import re
import unicodedata

#: Invisible signs that turn the direction of what follows. In a name they would turn the sentence around it too; Arabic
#: and Hebrew are read rightly without them.
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
#: Unicode's signs that do what `<bdi>` does.
_BEGINS, _ENDS = "\u2068", "\u2069"
_FROM_THE_RIGHT = ("R", "AL")


def isolated(name: str) -> str:
    """A name with signs around it where it needs them: names from left to right are as they were."""
    name = TURNING.sub("", name)
    if any(unicodedata.bidirectional(character) in _FROM_THE_RIGHT for character in name):
        return f"{_BEGINS}{name}{_ENDS}"
    return name
