"""The languages callers can choose, each with its own name and its German one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """A language of the hotline: its ISO 639 code, own name, German and English names, and direction."""

    code: str
    own_name: str
    german_name: str
    english_name: str
    direction: str = "ltr"


LANGUAGES = {
    language.code: language
    for language in (
        Language("de", "Deutsch", "Deutsch", "German"),
        Language("en", "English", "Englisch", "English"),
        Language("ko", "한국어", "Koreanisch", "Korean"),
    )
}

#: Silence in the language menu ends here.
DEFAULT_LANGUAGE = "de"
