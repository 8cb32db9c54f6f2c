"""Languages whose prompts are rendered."""

from __future__ import annotations

from ivr.domain.languages import LANGUAGES

PLAYED = [code for code, language in LANGUAGES.items() if language.carrier_voice is None]
