"""The result of a transcription, in the same form for every engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class NoModel(Exception):
    """No model of the language is installed."""


@dataclass(frozen=True)
class TranscriptionResult:
    """A transcript: text, mean confidence (0 to 1, None without words), and each word with its times in seconds."""

    text: str
    confidence: float | None
    words: list[dict[str, Any]]
    engine: str
