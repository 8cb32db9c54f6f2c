"""Judges whether a transcript can be what was said. Its confidence alone proves nothing: engines are sure of noise.

    doubt(words, spoken_seconds)     # TranscriptReason.TOO_MANY_WORDS, or None

The bounds lie far outside of what people say: 1.5 to 4.5 words a second in all languages of the hotline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from ivr.domain.digits import is_digits
from ivr.domain.enums import TranscriptReason
from ivr.domain.text_folding import plain

#: Words a second of speech: more cannot be said; fewer, over so many seconds, means that most was not understood.
_MOST, _FEWEST, _OVER = 7.0, 0.4, 5.0
#: A transcript of so many words, of which such a share has at most two letters, is no speech.
_ENOUGH, _SHORT, _SHARE = 6, 2, 0.8
#: So many equal words in a row are a recogniser that goes round in circles.
_CIRCLES = 6
#: So many words in a row that are only so many different ones are the same, in a larger circle.
_LARGER_CIRCLES = ((10, 2), (12, 3), (16, 4))
#: The share of words where nobody speaks, from which on the others are doubtful too.
_OUTSIDE = 0.5


def doubt(words: Sequence[Mapping[str, Any]], spoken_seconds: float) -> TranscriptReason | None:
    """Why a transcript cannot be believed; None where nothing speaks against it.

    Words of confidence 0 lie where nobody speaks.
    """
    within = [plain(str(word["word"]).strip(".,;:!?")) for word in words if word["confidence"] > 0]
    if len(words) - len(within) > _OUTSIDE * len(words):
        return TranscriptReason.OUTSIDE_SPEECH
    if len(within) > _MOST * max(spoken_seconds, 1.0):
        return TranscriptReason.TOO_MANY_WORDS
    if spoken_seconds >= _OVER and len(within) < _FEWEST * spoken_seconds:
        return TranscriptReason.TOO_FEW_WORDS
    if any(len(list(equal)) >= _CIRCLES for word, equal in groupby(within) if not is_digits(word)):
        return TranscriptReason.REPEATED_WORDS
    if any(_goes_round(within, length, different) for length, different in _LARGER_CIRCLES):
        return TranscriptReason.REPEATED_WORDS
    alphabetic = [word for word in within if not _is_syllabic(word)]
    short = sum(len(word) <= _SHORT for word in alphabetic)
    if len(alphabetic) >= _ENOUGH and short > _SHARE * len(alphabetic):
        return TranscriptReason.SHORT_WORDS
    return None


def _goes_round(words: Sequence[str], length: int, different: int) -> bool:
    """Whether so many words in a row are at most so many different ones. Digits may repeat."""
    windows = (words[start : start + length] for start in range(len(words) - length + 1))
    return any(len(set(window)) <= different and not any(map(is_digits, window)) for window in windows)


def _is_syllabic(word: str) -> bool:
    """Whether a letter of a word is a syllable (Hangul), so that short words are usual."""
    return any("\uac00" <= letter <= "\ud7a3" or "\u1100" <= letter <= "\u11ff" for letter in word)
