"""Words without what keyboards, recognisers and people write in several ways.

Capitals, accents, vowel signs, and letters that look alike. For comparing, never for showing.
"""

from __future__ import annotations

import re
import unicodedata

WORD = re.compile(r"\w+", re.UNICODE)

#: Letters that are written in several ways: Turkish dotless i, Arabic and Persian variants, the tatweel.
_ALIKE = str.maketrans(
    {
        "ı": "i", "ł": "l", "ø": "o", "đ": "d",
        "ي": "ی", "ى": "ی", "ئ": "ی", "ك": "ک", "ة": "ه", "أ": "ا", "إ": "ا", "آ": "ا", "ؤ": "و", "ـ": None,
    }
)  # fmt: skip
#: Umlauts as they are written where there are none.
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def plain(word: str) -> str:
    """A word as it is compared."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return unicodedata.normalize("NFKC", letters.translate(_ALIKE))


def spellings(word: str) -> set[str]:
    """A word as it may be looked for: with its umlauts written out, and without the Arabic article."""
    found = {plain(word), plain(unicodedata.normalize("NFC", word.casefold()).translate(_UMLAUTS))}
    return found | {one.removeprefix("ال") for one in found if len(one) > 4}
