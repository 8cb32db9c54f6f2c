"""Translates short texts with packages that the operator has put there (Argos: CTranslate2 and SentencePiece), offline.

    made = translate(["ben kira yardımı istiyorum"], route("tr", "de"))
    made.text, made.engine     # None where the machine is unsure of most of it

A package translates one pair of languages (`translations/tr-en`). Where there is none from a language to the wanted
one, two are used, by way of English.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ivr.config.settings import settings

_BETWEEN = "en"
#: A part is refused below this mean probability; so much of a text has to stand.
_LEAST_SURE, _STANDING = 0.4, 0.5
#: Transcripts have no full stops: a part ends at a pause of so many seconds, or after so many words.
_PAUSE, _LONGEST = 0.7, 30
_MOST_PARTS = 60


@dataclass(frozen=True)
class Translated:
    """A translation; None for one that was refused, and the packages that have made it."""

    text: str | None
    engine: str


def package(pair: str) -> Path:
    """The directory of the package of a pair of languages (`ar-de`)."""
    return settings().translations / pair


def is_installed(pair: str) -> bool:
    """Whether the package of a pair is complete, and what runs it is there."""
    here = package(pair)
    complete = (here / "model" / "model.bin").is_file() and (here / "sentencepiece.model").is_file()
    return complete and all(importlib.util.find_spec(name) for name in ("ctranslate2", "sentencepiece"))


def route(source: str, target: str) -> tuple[str, ...]:
    """The packages that lead from a language to another, in their order; empty where none do."""
    if source == target:
        return ()
    for way in ((f"{source}-{target}",), (f"{source}-{_BETWEEN}", f"{_BETWEEN}-{target}")):
        if all(map(is_installed, way)):
            return way
    return ()


def parts(words: Iterable[Mapping[str, Any]]) -> list[str]:
    """The words of a transcript in parts that can be translated by themselves."""
    found: list[list[str]] = [[]]
    before = 0.0
    for word in words:
        text, ends = str(word["word"]).strip(), found[-1][-1:]
        ended = bool(ends) and (ends[0][-1:] in ".!?؟" or word["start"] - before > _PAUSE)
        if ended or len(found[-1]) >= _LONGEST:
            found.append([])
        if text:
            found[-1].append(text)
        before = float(word["end"])
    return [" ".join(part) for part in found if part]


def translate(texts: Sequence[str], way: Sequence[str]) -> Translated:
    """Translate the parts of a text, which is refused where the machine is unsure of most of them."""
    sure = [True] * len(texts[:_MOST_PARTS])
    made = list(texts[:_MOST_PARTS])
    for pair in way:
        results = _translated(pair, made)
        sure = [was and probability >= _LEAST_SURE for was, (_, probability) in zip(sure, results, strict=True)]
        made = [text for text, _ in results]
    standing = [text for text, is_sure in zip(made, sure, strict=True) if is_sure and text]
    enough = bool(standing) and len(standing) >= _STANDING * len(made)
    return Translated(" ".join(standing) if enough else None, f"argos {' '.join(way)}")


def _translated(pair: str, texts: Sequence[str]) -> list[tuple[str, float]]:
    """Each part in the other language, and the mean probability of its pieces."""
    translator, pieces = _loaded(str(package(pair)))
    results = translator.translate_batch(
        [pieces.encode(text, out_type=str) for text in texts],
        beam_size=4, max_batch_size=16, replace_unknowns=True, return_scores=True, max_decoding_length=200,
    )  # fmt: skip
    return [
        (str(pieces.decode(result.hypotheses[0])).strip(), math.exp(min(0.0, result.scores[0]))) for result in results
    ]


@lru_cache(maxsize=4)
def _loaded(path: str) -> tuple[Any, Any]:
    import ctranslate2
    import sentencepiece

    translator = ctranslate2.Translator(f"{path}/model", device="cpu", intra_threads=1)
    return translator, sentencepiece.SentencePieceProcessor(model_file=f"{path}/sentencepiece.model")
