"""Text without what keyboards, recognisers and people write in several ways.

Capitals, accents, vowel signs, invisible marks, letters that look alike, hyphens and apostrophes. For comparing, never
for showing. A text is folded as a whole first and split into words afterwards: marks may stand between two letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import product

from ivr.domain import neighbouring_names as neighbours

#: Marks that stand behind their letter as characters of their own (Mu¨ller), and what they mean.
_SPACING_MARKS = str.maketrans(
    {"¨": "\u0308", "´": "\u0301", "¯": "\u0304", "¸": "\u0327", "˘": "\u0306", "˙": "\u0307", "˚": "\u030a",
     "˛": "\u0328", "˜": "\u0303", "˝": "\u030b"}
)  # fmt: skip
#: An accent that stands for an apostrophe (O´Neill).
_ACCENT_AS_APOSTROPHE = re.compile(r"(?<=\b[a-z])[´`](?=[^\W\d_])", re.IGNORECASE)
#: What joins the parts of a word (Al-Hassan, O'Neill, zero-width space and non-joiner), and what it becomes.
JOIN = "-"
_JOINERS = str.maketrans(dict.fromkeys("-‐‑‒–—―−⁃﹘﹣－'’‘‛ʼʻʹ՚׳`＇′_‿\u200b\u200c\u05be\u30fb・·", JOIN))
#: Signs that change how a letter looks and not which it is.
_VARIATIONS = re.compile("[\ufe00-\ufe0f\u180b-\u180d\u034f\U000e0100-\U000e01ef]")
#: Letters that are written in several ways, after accents are gone: Latin, Cyrillic, Arabic with Persian and Kurdish.
_ALIKE = str.maketrans(
    {
        "ı": "i", "ȷ": "j", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h",
        "ŧ": "t", "ŋ": "n", "ə": "e", "ĸ": "k",
        "ґ": "г", "є": "е", "ђ": "ћ",
        "ي": "ی", "ى": "ی", "ئ": "ی", "ێ": "ی", "ے": "ی", "ې": "ی", "ك": "ک", "ڪ": "ک", "ة": "ه", "ە": "ه", "ھ": "ه",
        "ہ": "ه", "ۃ": "ه", "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ؤ": "و", "ۆ": "و", "ۇ": "و", "ۋ": "و", "ڕ": "ر",
        "ڵ": "ل", "ڤ": "ف", "ء": None, "ـ": None,
    }
)  # fmt: skip
#: Sorani writes it before a vowel at the beginning of a word.
_SILENT_AT_FIRST = "ئ"
#: Letters that are written out where a keyboard has none, beside being written without their marks.
_WRITTEN_OUT = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "đ": "dj", "ə": "a", "\u0670": "ا"}
#: Letters that are two in one (see `_ALIKE`), of which a keyboard without them leaves one.
_WRITTEN_SHORT = {"æ": "a", "œ": "o", "þ": "t"}
#: So many of them in one word are combined in every way.
_COMBINED = 4


def prepared(text: str) -> str:
    """A text in one encoding and small letters, with ASCII digits, without invisible marks.

    Accents are kept. What joins the parts of a word is one sign.
    """
    text = _ACCENT_AS_APOSTROPHE.sub(JOIN, text).translate(_SPACING_MARKS)
    text = unicodedata.normalize("NFKC", text)
    text = unicodedata.normalize("NFKC", text.casefold()).translate(_JOINERS)
    return "".join(_visible(character) for character in _VARIATIONS.sub("", text))


@lru_cache(maxsize=4096)
def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    return "" if category == "Cf" else character


@lru_cache(maxsize=4096)
def _in_word(character: str) -> bool:
    return character == JOIN or character.isalnum() or unicodedata.category(character).startswith("M")


def split(text: str) -> Iterator[tuple[str, ...]]:
    """The words of a text, prepared; each as the parts that were joined in it (`al-hassan`: `al`, `hassan`)."""
    kept = "".join(character if _in_word(character) else " " for character in prepared(text))
    for word in kept.split():
        if parts := tuple(part for part in word.split(JOIN) if plain(part)):
            yield parts


def parts_of(text: str) -> list[str]:
    """The words of a text, prepared; of joined words each part."""
    return [part for parts in split(text) for part in parts]


@lru_cache(maxsize=8192)
def plain(word: str) -> str:
    """A word as it is compared."""
    for _ in range(4):  # some letters fold to what folds again
        given = prepared(word)
        given = given.lstrip(_SILENT_AT_FIRST) or given
        decomposed = unicodedata.normalize("NFKD", given)
        letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
        folded = unicodedata.normalize("NFKC", letters.translate(_ALIKE))
        if folded == word:
            break
        word = folded
    return word


def folded(text: str) -> str:
    """A text as it is compared: plain words, in their order."""
    return " ".join(JOIN.join(plain(part) for part in parts) for parts in split(text))


def _choices(letter: str) -> tuple[str, ...]:
    others = (letters[letter] for letters in (_WRITTEN_SHORT, _WRITTEN_OUT) if letter in letters)
    return tuple(dict.fromkeys((letter, *others)))


@lru_cache(maxsize=8192)
def spellings(word: str) -> frozenset[str]:
    """A word as it may be looked for.

    With its umlauts written out or not, as neighbouring languages write the same name, and without the Arabic article.
    """
    letters = unicodedata.normalize("NFC", prepared(word))
    choices = [_choices(letter) for letter in letters]
    if sum(len(choice) > 1 for choice in choices) > _COMBINED:
        found = {plain(letters), plain("".join(choice[-1] for choice in choices))}
    else:
        found = {plain("".join(chosen)) for chosen in product(*choices)}
    found |= {plain(written) for written in neighbours.written(letters)}
    return frozenset(found | {one.removeprefix("ال") for one in found if len(one) > 4})
