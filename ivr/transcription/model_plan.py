"""Plans which models this host keeps in memory. The plan is made when the worker starts, and is logged.

A model in the parent of the worker pool is shared by all transcribers. If not all models fit, the first languages of
the menu stay in memory. Each transcriber loads the others in turn, for several messages of one language together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import psutil

from ivr.config.settings import settings
from ivr.transcription import engines
from ivr.transcription.vosk_engine import model_path

_MIB = 1024 * 1024
#: The memory of a model relative to its files (small models: 490 MiB for 253 on disk), and at least, in MiB.
_GROWTH, _LEAST = 2.0, 50
#: The memory in MiB of the Whisper model in each transcriber. It serves all of its languages.
_WHISPER = 500


@dataclass(frozen=True)
class Plan:
    """How each language is served; memory in MiB."""

    resident: tuple[str, ...]
    in_turn: tuple[str, ...]
    second_engine: tuple[str, ...]
    missing: tuple[str, ...]
    needed: int
    allowed: int
    transcribers: int

    def __str__(self) -> str:
        parts = [
            f"transcription: {self.transcribers} at once; {self.needed} MiB for all models, {self.allowed} allowed",
            f"in memory: {', '.join(self.resident) or 'none'}",
        ]
        if self.in_turn:
            parts.append(f"in turn: {', '.join(self.in_turn)}")
        if self.in_turn and not self.resident and self.needed > 2 * self.allowed:
            parts.append("this is too little: each transcriber loads one model anyway")
        if self.second_engine:
            parts.append(f"second engine: {', '.join(self.second_engine)}")
        if self.missing:
            parts.append(f"no model, please listen: {', '.join(self.missing)}")
        return "; ".join(parts)


def make(served: Sequence[str], transcribers: int) -> Plan:
    """Make the plan for `served`, the languages of this host that have a model."""
    configured = settings()
    menu = configured.enabled_languages
    wanted = configured.pool_languages or menu
    ordered = [*(language for language in menu if language in served), *(code for code in served if code not in menu)]
    first = {language: engines.at_hand(language)[:1] for language in ordered}
    own = [language for language in ordered if first[language] == ("vosk",)]
    second = tuple(language for language in served if first[language] == ("whisper",))
    sizes = {language: memory_of(language) for language in own}
    growth = transcribers * configured.recogniser_memory_mb + (transcribers * _WHISPER if second else 0)
    allowed = configured.model_memory_mb or _available()
    needed = sum(sizes.values()) + growth
    resident, in_turn = own, list[str]()
    if needed > allowed:
        # Each transcriber needs space for one model that it loads in turn.
        room = allowed - growth - transcribers * max(sizes.values(), default=0)
        resident = []
        for language in own:
            if sizes[language] <= room:
                resident.append(language)
                room -= sizes[language]
        in_turn = [language for language in own if language not in resident]
    missing = tuple(language for language in wanted if language not in served)
    return Plan(tuple(resident), tuple(in_turn), second, missing, needed, allowed, transcribers)


@lru_cache(maxsize=1)
def _available() -> int:
    """The memory at the worker's start in MiB, because loaded models are part of it."""
    return int(psutil.virtual_memory().available / _MIB * 0.7)


def memory_of(language: str) -> int:
    """An estimate of a model's memory in MiB, from the size of its files."""
    size = sum(path.stat().st_size for path in model_path(language).resolve().rglob("*") if path.is_file())
    return max(_LEAST, int(size / _MIB * _GROWTH))
