"""Placeholders in text modules: what may stand in them, and what is put in their place.

A receipt code is told to its caller alone and opens their request, and nobody's name is sent to a telephone that others
may hold: neither has a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ivr.domain.enums import Placeholder, Refusal, TextModuleUse
from ivr.domain.text_folding import folded

_WRITTEN = re.compile(r"\{\s*([^{}]*?)\s*\}")
_NAMES = {
    "office": Placeholder.OFFICE,
    "geschaftsstelle": Placeholder.OFFICE,
    "geschaeftsstelle": Placeholder.OFFICE,
    "team": Placeholder.TEAM,
    "hotline": Placeholder.HOTLINE,
}
_CODES = ("code", "nummer")
_PEOPLE = ("name", "anrufer", "caller")
#: What a text message to a shared telephone must not say.
_DISCREET = ("jobcenter", "job-center")


def _meant(written: str) -> Placeholder | None:
    return _NAMES.get(folded(written))


def problem(text: str, use: TextModuleUse) -> Refusal | None:
    """Why a text cannot be kept as a text module for a use; None if it can."""
    written = _WRITTEN.findall(text)
    for one in written:
        if _meant(one) is not None:
            continue
        plain = folded(one)
        if any(part in plain for part in _CODES):
            return Refusal.NO_CODE_IN_TEXTS
        return Refusal.NO_NAME_IN_TEXTS if any(part in plain for part in _PEOPLE) else Refusal.UNKNOWN_PLACEHOLDER
    if "{" in _WRITTEN.sub("", text) or "}" in _WRITTEN.sub("", text):
        return Refusal.UNKNOWN_PLACEHOLDER
    if use == TextModuleUse.TEXT_MESSAGE:
        plain = folded(text)
        names_it = any(word in plain for word in _DISCREET)
        if names_it or Placeholder.TEAM in {_meant(one) for one in written}:
            return Refusal.TEXT_NOT_DISCREET
    return None


def needed(text: str) -> set[Placeholder]:
    """The placeholders that stand in a text."""
    return {found for one in _WRITTEN.findall(text) if (found := _meant(one)) is not None}


def filled(text: str, values: Mapping[Placeholder, str]) -> str:
    """A text with the values in place of its placeholders."""

    def value(found: re.Match[str]) -> str:
        meant = _meant(found[1])
        return values[meant] if meant is not None else found[0]

    return _WRITTEN.sub(value, text)
