"""The prompts (Ansagen): `voice_prompts/<language>.toml`, one text a prompt, with named placeholders."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ivr import phone_numbers

DIRECTORY = Path(__file__).parent.parent / "voice_prompts"


@lru_cache(maxsize=32)
def catalogue(language: str) -> Mapping[str, str]:
    """All prompts of a language.

    Raises:
        FileNotFoundError: for a language without prompts.
    """
    with (DIRECTORY / f"{language}.toml").open("rb") as file:
        return {name: str(text) for name, text in tomllib.load(file).items()}


def text(prompt: str, language: str, values: Mapping[str, str]) -> str:
    """A prompt as it is spoken, its placeholders filled.

    Raises:
        KeyError: when the prompt or a value for one of its placeholders is missing.
    """
    return catalogue(language)[prompt].format_map({name: _spoken(name, value) for name, value in values.items()})


def _spoken(name: str, value: str) -> str:
    if name == "callback_number" and value:
        return digit_by_digit(phone_numbers.digits_to_speak(value))
    if name == "receipt_code":
        return digit_by_digit(value)
    return value


def digit_by_digit(digits: str) -> str:
    """Digits apart, in groups of two or three with a pause, so that a voice reads each and a person can write."""
    size = 2 if len(digits) % 2 == 0 else 3
    groups = [digits[start : start + size] for start in range(0, len(digits), size)]
    return ", ".join(" ".join(group) for group in groups)
