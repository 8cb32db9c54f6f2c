"""Says times of day and counts with the words of `voice_prompts/times/<language>.toml`.

A language whose prompts are spoken by the carrier has these tables (`<form>` is `from`, `by` or `at`):

* `hours_<form>`, else `hours`: the hours from 0 to 23, where the minute is 0.
* `hours_with_minutes_<form>`, else `hours_with_minutes`: the same where `{m}` stands for the minutes.
* `minutes_<form>`, else `minutes`: five, ten, … fifty-five.
* `[forms]`: what stands around the time ("from {time}"). A form ends a sentence, or follows the day.
* `days` (may be missing): the days of the month from 1 to 31, in the form that precedes the month.

Every language has `[counts.hours]`, `[counts.minutes]` and `[counts.days]`: a plural category of CLDR, or a number ->
the words, where `{n}` is the number. Categories that are missing are `other`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from babel import Locale
from babel.plural import PluralRule

from ivr.domain.working_hours import STEP
from ivr.prompts.catalogue import file_of

Form = Literal["from", "by", "at"]
FORMS: tuple[Form, ...] = ("from", "by", "at")
UNITS = ("hours", "minutes", "days")


@dataclass(frozen=True)
class TimeWords:
    """The words of one form of a time of day."""

    pattern: str
    hours: tuple[str, ...]
    hours_with_minutes: tuple[str, ...]
    minutes: tuple[str, ...]

    def said(self, hour: int, minute: int) -> str:
        """A time of day as words. `minute` is a multiple of five."""
        if minute == 0:
            return self.pattern.format(time=self.hours[hour])
        return self.pattern.format(time=self.hours_with_minutes[hour].format(m=self.minutes[minute // STEP - 1]))


@dataclass(frozen=True)
class SpokenTimes:
    """How a language says times of day (None where they are played from parts) and counts."""

    forms: Mapping[Form, TimeWords] | None
    days: tuple[str, ...]
    counts: Mapping[str, Mapping[str, str]]


def rounded(local: datetime, form: Form) -> datetime:
    """The instant that is told: on five minutes, never a later deadline and never an earlier opening than the real one.

    What happens `at` a time is told early, so that nobody comes too late.
    """
    early = local.replace(second=0, microsecond=0) - timedelta(minutes=local.minute % STEP)
    return early + timedelta(minutes=STEP) if form == "from" and early != local else early


def is_midnight(local: datetime) -> bool:
    """Whether a local instant is midnight."""
    return local.hour == local.minute == 0


def day_told(local: datetime, *, by: bool) -> datetime:
    """A local instant of the day that is named for an instant.

    Midnight as a deadline belongs to the day that ends: "today until midnight". Said with the day that begins, it would
    be heard a day later.
    """
    return local - timedelta(minutes=1) if by and is_midnight(local) else local


def counted(language: str, unit: str, value: int) -> str:
    """The words for a count of hours, minutes or days, with `{n}` for the number where it is said."""
    return spoken_times(language).counts[unit][category(language, unit, value)]


def category(language: str, unit: str, value: int) -> str:
    """The name of the form that a count has: a number with words of its own, else its plural category."""
    forms = spoken_times(language).counts[unit]
    return next((name for name in (str(value), _plural_form(language)(value)) if name in forms), "other")


@lru_cache(maxsize=32)
def _plural_form(language: str) -> PluralRule:
    """The rule of CLDR; finding a language's data takes longer than everything else that is said."""
    return Locale.parse(language).plural_form


@lru_cache(maxsize=32)
def spoken_times(language: str) -> SpokenTimes:
    """The words of a language, read once.

    Raises:
        FileNotFoundError: the language has no such file.
        ValueError: a table is missing or incomplete.
    """
    with (file_of(language).parent / "times" / f"{language}.toml").open("rb") as file:
        content = tomllib.load(file)
    forms = {form: _form(content, form) for form in FORMS} if "forms" in content else None
    days = tuple(map(str, content.get("days", ())))
    if days and len(days) != 31:
        raise ValueError(f"days has {len(days)} entries, not 31")
    counts = content.get("counts", {})
    for unit in UNITS:
        named = set(counts.get(unit, ()))
        lacking = {"other"} if not named else _plural_form(language).tags - named
        if lacking and "other" not in named:
            raise ValueError(f"counts.{unit} lacks {sorted(lacking)[0]}")
    return SpokenTimes(forms, days, counts)


def _form(content: Mapping[str, Any], form: Form) -> TimeWords:
    def words(key: str, wanted: int) -> tuple[str, ...]:
        found = tuple(map(str, content.get(f"{key}_{form}", content.get(key, ()))))
        if len(found) != wanted:
            raise ValueError(f"{key} has {len(found)} entries, not {wanted}")
        return found

    return TimeWords(
        str(content["forms"].get(form, "{time}")),
        words("hours", 24),
        words("hours_with_minutes", 24),
        words("minutes", 60 // STEP - 1),
    )
