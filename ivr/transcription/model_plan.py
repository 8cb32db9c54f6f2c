"""Which models this host keeps in memory, made when the worker starts and said in its log.

A model in the pool's parent is there once for all transcribers. Where not all fit, the first languages of the menu
stay, and each transcriber takes the others in turn, messages of one language together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import psutil

from ivr.config.settings import settings
from ivr.transcription import whisper_engine
from ivr.transcription.vosk_engine import installed_languages, model_path

_MIB = 1024 * 1024
#: Memory of a model beside the size of its files (small models: 490 MiB of 253 on disk), and at least.
_GROWTH, _LEAST = 2.0, 50
#: The second engine's one model serves all of its languages, in each transcriber.
_WHISPER = 500


@dataclass(frozen=True)
class Plan:
    """Languages by how they are served; memory in MiB."""

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
            parts.append("this is too little: each transcriber takes one model all the same")
        if self.second_engine:
            parts.append(f"second engine: {', '.join(self.second_engine)}")
        if self.missing:
            parts.append(f"no model, please listen: {', '.join(self.missing)}")
        return "; ".join(parts)


def make(served: Sequence[str], transcribers: int) -> Plan:
    """Plan for the languages of this host that have a model."""
    configured = settings()
    menu = configured.enabled_languages
    wanted = configured.pool_languages or menu
    ordered = [*(language for language in menu if language in served), *(code for code in served if code not in menu)]
    own = [language for language in ordered if language in installed_languages()]
    second = tuple(language for language in served if language not in own and whisper_engine.serves(language))
    sizes = {language: memory_of(language) for language in own}
    growth = transcribers * configured.recogniser_memory_mb + (transcribers * _WHISPER if second else 0)
    allowed = configured.model_memory_mb or _available()
    needed = sum(sizes.values()) + growth
    resident, in_turn = own, list[str]()
    if needed > allowed:
        # Each transcriber needs room for one model it takes in turn.
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
    """As it was when the worker began: models that are loaded already are part of it."""
    return int(psutil.virtual_memory().available / _MIB * 0.7)


def memory_of(language: str) -> int:
    """What a model will take, MiB, by the size of its files."""
    size = sum(path.stat().st_size for path in model_path(language).resolve().rglob("*") if path.is_file())
    return max(_LEAST, int(size / _MIB * _GROWTH))
