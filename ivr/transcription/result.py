"""What a recogniser has understood, whichever it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class NoModel(Exception):
    """No model of this language is installed."""


@dataclass(frozen=True)
class Heard:
    """A transcript: text, mean confidence (0 to 1, None without words), and each word with its times (seconds)."""

    text: str
    confidence: float | None
    words: list[dict[str, Any]]
    engine: str
