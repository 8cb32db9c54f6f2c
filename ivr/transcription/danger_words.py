"""Finds words in a transcript that speak of danger to somebody's life: suicide, violence, threats.

Only a denial right beside the words counts against them ("I do not want to kill myself"). That something is over does
not: who speaks of a suicide that they have thought of is looked at by a person all the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ivr.domain.enums import DangerKind
from ivr.transcription import spoken_phrases


@dataclass(frozen=True)
class Danger:
    """What words of a transcript speak of, and these words."""

    kind: DangerKind
    words: list[str]


def heard(words: Iterable[Mapping[str, Any]]) -> str:
    """The text of a transcript without words where nobody speaks: an engine hears words in noise, too."""
    return " ".join(word["word"] for word in words if word["confidence"] > 0)


def found(language: str, text: str) -> Danger | None:
    """The danger that a text speaks of; None for none. The longest phrase decides its kind."""
    words = spoken_phrases.spoken(text)
    places = {
        place: kind
        for kind, phrases in _phrases(language).items()
        for place in spoken_phrases.found(words, phrases, language, may_be_over=False)
    }
    if not places:
        return None
    longest = max(places, key=lambda place: (place[1] - place[0], -place[0]))
    outer = [one for one in sorted(places) if not any(_is_within(one, other) for other in places)]
    return Danger(places[longest], spoken_phrases.shown(words, outer))


def _is_within(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one != other and other[0] <= one[0] and one[1] <= other[1]


@lru_cache(maxsize=32)
def _phrases(language: str) -> Mapping[DangerKind, tuple[spoken_phrases.Phrase, ...]]:
    return {kind: spoken_phrases.read(phrases) for kind, phrases in _listed().get(language, {}).items()}


@lru_cache(maxsize=1)
def _listed() -> dict[str, dict[DangerKind, tuple[str, ...]]]:
    with (Path(__file__).parent / "danger_words.toml").open("rb") as file:
        lists = tomllib.load(file)
    return {
        language: {DangerKind(kind): tuple(phrases) for kind, phrases in kinds.items()}
        for language, kinds in lists.items()
    }
