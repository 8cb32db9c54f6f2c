"""Notes in the prompt files which German text a translation says."""

from __future__ import annotations

import tomllib
from collections.abc import Collection

from ivr.domain.languages import DEFAULT_LANGUAGE, LANGUAGES
from ivr.prompts.catalogue import catalogue, file_of
from ivr.prompts.fingerprints import fingerprint, with_table


def languages() -> tuple[str, ...]:
    """The languages that German is translated into and that have a prompt file."""
    return tuple(code for code in LANGUAGES if code != DEFAULT_LANGUAGE and file_of(code).exists())


def confirm(language: str, names: Collection[str] | None) -> int:
    """Note that these translations (None: all) say what the German texts say now; how many they are.

    Raises:
        ValueError: a name is no translated prompt of the language, or the language is the original.
    """
    if language == DEFAULT_LANGUAGE:
        raise ValueError(f"{language} is the original")
    original, file = catalogue(DEFAULT_LANGUAGE).texts, file_of(language).read_text(encoding="utf-8")
    content = tomllib.loads(file)
    here = [name for name in content["prompts"] if name in original]
    if unknown := set(names or ()) - set(here):
        raise ValueError(f"{language} has no translated prompt {sorted(unknown)[0]}")
    confirmed = set(here if names is None else names)
    before = content.get("made_from", {})
    marks = {name: fingerprint(original[name]) if name in confirmed else before.get(name) for name in here}
    table = {name: mark for name, mark in marks.items() if mark}
    file_of(language).write_text(with_table(file, table), encoding="utf-8")
    catalogue.cache_clear()
    return len(confirmed)
