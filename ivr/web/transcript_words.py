"""How the words of a transcript are shown: the uncertain ones, and where two engines differ."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask

from ivr.models.voicebox import Transcript
from ivr.transcription import word_agreement
from ivr.transcription.word_agreement import Difference

#: A word of which only one engine knows is uncertain below this confidence.
_SURE = 0.5
#: Both engines have heard it: then it is only uncertain where nobody speaks.
_HEARD_TWICE = 0.01


@dataclass(frozen=True)
class ShownWords:
    """Places of uncertain words; where the second engine differs, and its name, if there is one."""

    uncertain: frozenset[int]
    differences: tuple[Difference, ...] = ()
    second: str = ""


def of(transcript: Transcript) -> ShownWords:
    """How a transcript's words are shown."""
    words = transcript.words or []
    if transcript.second is None:
        return ShownWords(frozenset(place for place, word in enumerate(words) if word["confidence"] < _SURE))
    found = word_agreement.compare(transcript.language, words, transcript.second["words"])
    uncertain = frozenset(
        place for place, word in enumerate(words) if place not in found.alike or word["confidence"] < _HEARD_TWICE
    )
    return ShownWords(uncertain, found.differences, str(transcript.second["engine"]))


def install(app: Flask) -> None:
    """Let the templates ask."""
    app.jinja_env.globals.update(shown_words=of)
