"""Interpreters of the settings, beside those of the directory: number, languages, hours and price."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from flask_babel import gettext

from ivr.config.sections import InterpreterSettings
from ivr.config.settings import Settings
from ivr.domain import phone_numbers
from ivr.domain.languages import LANGUAGES, UNKNOWN_LANGUAGE
from ivr.domain.opening_hours import Hours
from ivr.web import forms
from ivr.web.form_fields import Rung, integer, line_of
from ivr.web.settings_sections import hours
from ivr.web.settings_sections.base import Change, Field, Group, Rows, Section, Sent
from ivr.web.template_helpers import language_name

_MOST_CENTS, _MOST_AT_ONCE = 5000, 100


class InterpreterRow(forms.Form):
    """Somebody who interprets."""

    name: Annotated[str, line_of(120)]
    number: Rung
    languages: Annotated[str, line_of(200)]
    cents: Annotated[int, integer(0, _MOST_CENTS)] = 0
    at_once: Annotated[int, integer(1, _MOST_AT_ONCE)] = 1


class Interpreters(Section):
    """Who is rung to interpret, the cheapest first."""

    name = "interpreters"

    def groups(self, configured: Settings) -> Sequence[Group]:
        """A group of fields for each of them, and one for somebody new."""
        rows = [*configured.interpreters, None]
        return [_group(number, row) for number, row in enumerate(rows)]

    def read(self, sent: Sent, configured: Settings) -> Any:
        """Everybody whose name is not empty; holidays and hours of single days stay as they are."""
        rows, found = Rows(sent), []
        for number, known in enumerate([*configured.interpreters, None]):
            if not sent.get(f"name-{number}", "").strip():
                continue
            row, week = rows.one(InterpreterRow, f"-{number}"), rows.one(hours.WeekRow, f"-{number}")
            if row is None:
                continue
            codes = [_code(word) for word in re.split(r"[,;]\s*", row.languages) if word.strip()]
            if not codes or None in codes:
                offered = ", ".join(language_name(code) for code in LANGUAGES)
                rows.errors[f"languages-{number}"] = gettext(
                    "Please name languages such as: %(offered)s.", offered=offered
                )
            kept = known.hours.model_dump(mode="json", exclude={"daily", "weekdays"}) if known else {}
            found.append({
                "name": row.name, "number": row.number, "languages": codes, "cents_per_minute": row.cents,
                "calls_at_once": row.at_once,
                "hours": {**kept, "daily": "closed", "weekdays": hours.week_of(week)},
            })  # fmt: skip
        rows.done()
        return found

    def changes(self, before: Settings, after: Settings) -> Sequence[Change]:
        """Who is new, different, or not rung any more."""
        old, new = ({one.number: one for one in mine.interpreters} for mine in (before, after))
        numbers = [number for number in {**old, **new} if old.get(number) != new.get(number)]
        return [
            Change(
                phone_numbers.readable(number), *(_said(one[number]) if number in one else "–" for one in (old, new))
            )
            for number in numbers
        ]


def _group(number: int, row: InterpreterSettings | None) -> Group:
    fields = (
        Field(f"name-{number}", gettext("Name"), row.name if row else ""),
        Field(f"number-{number}", gettext("Telephone number"), phone_numbers.readable(row.number) if row else ""),
        Field(f"languages-{number}", gettext("Languages, with commas"),
              ", ".join(language_name(code) for code in row.languages) if row else ""),
        Field(f"cents-{number}", gettext("Price in cents a minute"), str(row.cents_per_minute if row else 0), "number"),
        Field(f"at_once-{number}", gettext("Conversations at once (an outside service takes several)"),
              str(row.calls_at_once if row else 1), "number"),
        *hours.week_fields(row.hours if row else Hours(), f"-{number}"),
    )  # fmt: skip
    if row is None:
        return Group(gettext("Somebody new"), fields)
    return Group(row.name, fields, gettext("Empty the name to take them away."))


def _code(word: str) -> str | None:
    """The code of a language that somebody has named, in German or English."""
    word = word.strip().casefold()
    if word in (UNKNOWN_LANGUAGE, language_name(UNKNOWN_LANGUAGE).casefold()):
        return UNKNOWN_LANGUAGE
    if word in LANGUAGES or re.fullmatch(r"[a-z]{2,3}", word):
        return word
    names = {name.casefold(): one.code for one in LANGUAGES.values() for name in (one.german_name, one.english_name)}
    return names.get(word)


def _said(one: InterpreterSettings) -> str:
    languages = ", ".join(language_name(code) for code in one.languages)
    week = ", ".join(
        f"{hours.weekday(day)[:2]} {hours.said(span)}"
        for day in range(7) if (span := one.hours.span_on(day)) is not None
    )  # fmt: skip
    price = gettext("%(cents)s cents a minute", cents=one.cents_per_minute)
    several = [gettext("%(number)s conversations at once", number=one.calls_at_once)] if one.calls_at_once > 1 else []
    return " · ".join((one.name, languages, price, *several, week or str(gettext("closed"))))
