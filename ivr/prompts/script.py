"""The configured call script (Ablauf): the hotline's flow with the languages and forms of the settings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from ivr.config.settings import settings
from ivr.flows.hotline import hotline
from ivr.flows.steps import Flow
from ivr.prompts.catalogue import OUTSIDE_THE_SCRIPT, catalogue


@lru_cache(maxsize=8)
def _flow(languages: tuple[str, ...], forms: tuple[str, ...]) -> Flow:
    return hotline(languages, tuple(f"form_{form}" for form in forms))


def script() -> Flow:
    """The call script of the present settings."""
    return _flow(settings().enabled_languages, settings().forms)


def missing_prompts() -> Iterator[tuple[str, str]]:
    """Language and name of each prompt that the script needs and an enabled language lacks.

    Prompts of forms that the operator has added are included.
    """
    for language in settings().enabled_languages:
        for prompt in sorted((script().prompts() | OUTSIDE_THE_SCRIPT) - set(catalogue(language).texts)):
            yield language, prompt
