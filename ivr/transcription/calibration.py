"""Does the confidence of a word tell whether it is right? Measured on words whose right text is known.

pairs = marks("guten tag herr müller", result.words)     # [(0.9, True), (0.4, False), …]
auc(pairs)             # 0.5: it tells nothing; 1.0: every wrong word is less sure than every right one
reliability(pairs)     # how many words of each confidence are right
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jiwer
import numpy as np

from ivr.domain.text_folding import parts_of
from ivr.transcription import word_agreement

#: A confidence, and whether the word was right.
Mark = tuple[float, bool]
#: Classes of confidence in the table.
_CLASSES = 5


@dataclass(frozen=True)
class Reliability:
    """Words whose confidence lies between two values: how many, their mean confidence, the share of right ones."""

    low: float
    high: float
    words: int
    confidence: float
    right: float


def marks(expected: str, words: Iterable[Mapping[str, Any]]) -> list[Mark]:
    """The confidence of each word of a transcript, and whether it stands in the right text at that place."""
    heard = [(part, float(word["confidence"])) for word in words for part in parts_of(str(word["word"]))]
    wanted = parts_of(expected)
    if not heard or not wanted:
        return [(confidence, False) for _, confidence in heard]
    aligned = jiwer.process_words(" ".join(wanted), " ".join(part for part, _ in heard)).alignments[0]
    right = {
        place for chunk in aligned if chunk.type == "equal" for place in range(chunk.hyp_start_idx, chunk.hyp_end_idx)
    }
    return [(confidence, place in right) for place, (_, confidence) in enumerate(heard)]


def agreement_marks(
    language: str, expected: str, words: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]
) -> list[tuple[bool, bool]]:
    """Of each word whether a second engine has heard it as well, and whether it is right."""
    alike = word_agreement.compare(language, words, others).alike
    told = [{**word, "confidence": float(place in alike)} for place, word in enumerate(words)]
    return [(confidence == 1, is_right) for confidence, is_right in marks(expected, told)]


def auc(pairs: Sequence[Mark]) -> float | None:
    """The chance that a right word is surer than a wrong one; None where all are right, or all wrong."""
    right = np.sort([confidence for confidence, is_right in pairs if is_right])
    wrong = np.array([confidence for confidence, is_right in pairs if not is_right])
    if not len(right) or not len(wrong):
        return None
    below = np.searchsorted(right, wrong, side="left")
    equal = np.searchsorted(right, wrong, side="right") - below
    return float((len(right) - below - equal / 2).sum() / (len(right) * len(wrong)))


def reliability(pairs: Sequence[Mark]) -> list[Reliability]:
    """The table of reliability; classes without a word are left out."""
    edges, table = np.linspace(0, 1, _CLASSES + 1), list[Reliability]()
    for low, high in pairwise(edges):
        some = [mark for mark in pairs if low <= mark[0] < high or (high == 1 and mark[0] >= 1)]
        if some:
            confidence = sum(sure for sure, _ in some) / len(some)
            right = sum(is_right for _, is_right in some) / len(some)
            table.append(Reliability(float(low), float(high), len(some), confidence, right))
    return table
