"""The catalogues of the interface, for texts outside of pages: reports, alerts, documents."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from babel.support import NullTranslations, Translations

_CATALOGUES = Path(__file__).parent.parent / "web" / "translations"


@lru_cache(maxsize=4)
def catalogue(language: str) -> NullTranslations:
    """The catalogue of a language; English, in which the texts are written, needs none."""
    return Translations.load(_CATALOGUES, [language])
