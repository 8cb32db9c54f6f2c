"""Voices of the carrier other than the usual ones, by language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from flask_babel import gettext

from ivr.config.settings import Settings
from ivr.domain.languages import LANGUAGES
from ivr.web import forms
from ivr.web.form_fields import line_of
from ivr.web.settings_sections.base import Change, Field, Group, Rows, Section, Sent
from ivr.web.template_helpers import language_name


class VoiceRow(forms.Form):
    """A voice, and the language tag it is asked for with."""

    tag: Annotated[str, line_of(20)]
    voice: Annotated[str, line_of(80)]


class Voices(Section):
    """Who speaks each language."""

    name = "voices"

    def groups(self, configured: Settings) -> Sequence[Group]:
        """Two fields for each language; the note names the usual voice."""
        found = []
        for code, language in LANGUAGES.items():
            own, usual = configured.voices.get(code), language.carrier_voice
            fields = (
                Field(f"tag-{code}", gettext("Language tag"), own.language if own else ""),
                Field(f"voice-{code}", gettext("Name of the voice"), own.voice if own else ""),
            )
            found.append(Group(language_name(code), fields, _usual(usual, configured)))
        return found

    def read(self, sent: Sent, configured: Settings) -> Any:
        """The voices that are not the usual ones."""
        rows = Rows(sent)
        found = {code: rows.one(VoiceRow, f"-{code}") for code in LANGUAGES}
        rows.done()
        return {code: {"language": row.tag, "voice": row.voice} for code, row in found.items() if row}

    def changes(self, before: Settings, after: Settings) -> Sequence[Change]:
        """Languages that are spoken by another voice."""
        pairs = ((code, *(_said(one, code) for one in (before, after))) for code in LANGUAGES)
        return [Change(language_name(code), old, new) for code, old, new in pairs if old != new]


def _usual(voice: tuple[str, str] | None, configured: Settings) -> str:
    if not configured.has_carrier:
        return str(gettext("There is no carrier: this machine speaks, and no voice of a carrier is used."))
    if voice is None:
        return str(gettext("Usual: prompts are played, because the carrier has no voice."))
    return str(gettext("Usual: %(tag)s, %(voice)s. Leave both fields empty for it.", tag=voice[0], voice=voice[1]))


def _said(configured: Settings, code: str) -> str:
    voice = configured.carrier_voice(code)
    return ", ".join(voice) if voice else str(gettext("prompts are played"))
