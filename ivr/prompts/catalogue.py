"""Reads `voice_prompts/<language>.toml`: the text of each prompt, with named placeholders."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Formatter

from ivr.config.places import beside_the_package
from ivr.domain.enums import SmsTemplate
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.prompts.fingerprints import fingerprint
from ivr.prompts.numerals import Numerals, from_table

DIRECTORY = beside_the_package("voice_prompts")

#: The kind of value of each placeholder. The UTC instant behind a date or a time is the value `<name>_at`; what is
#: German in every language is spoken by the German voice.
PLACEHOLDERS: Mapping[str, str] = {
    "key": "digits",
    "callback_number": "digits",
    "receipt_code": "digits",
    "place": "count",
    "wait_minutes": "minutes",
    "hours": "hours",
    "h": "count",
    "m": "count",
    "weekday": "prompt",
    "day": "day",
    "month": "month",
    "opening_date": "date",
    "opening_time": "time",
    "due_date": "date",
    "due_time": "time",
    "tried_date": "date",
    "tried_time": "time",
    "appointment_date": "date",
    "appointment_time": "time",
    "appointment_place": "german",
    "days": "days",
    "form": "prompt",
    "link": "text",
    "hotline_number": "text",
}

#: The days of the week, Monday first.
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Prompts that are parts of other prompts in languages with numerals: an hour, a day of the year, and of the week.
WITH_NUMERALS = frozenset({"hour", "hour_and_minutes", "date", *WEEKDAYS})
#: Prompts that are parts of other prompts.
BUILDING_BLOCKS = frozenset({"today", "tomorrow", "yesterday", *WITH_NUMERALS})
#: Prompts outside the call script: for callers who wait in the call queue, for people we call, for unwanted calls.
OUTSIDE_THE_SCRIPT = frozenset(
    {
        "line_position", "line_wait", "line_long_wait", "line_options", "callback_greeting", "callback_greeting_short",
        "callback_code",
        "callback_connecting", "callback_machine", "callback_machine_last", "callback_sorry", "companion_greeting",
        "calling_interpreter", "still_calling_interpreter", "on_hold", "being_transferred", "back_again",
        "somebody_listens", "ended_by_us", "not_kept",
    }
)  # fmt: skip
#: Prompts outside the call script that ask for a key, and the keys there are (empty: several digits are keyed in).
KEYS_OUTSIDE: Mapping[str, str] = {
    "line_options": "129",
    "callback_greeting": "123",
    "callback_greeting_short": "12",
    "callback_code": "",
    "companion_greeting": "12",
}
#: Texts that are sent as text messages and not spoken.
WRITTEN = frozenset({*SmsTemplate, "sms_missed_last"} - {SmsTemplate.MODULE})


@dataclass(frozen=True)
class Catalogue:
    """All prompts of a language.

    `reviewed` names the prompts that a native speaker has approved, as long as the German text is the same. The German
    texts are the original.
    """

    language: str
    texts: Mapping[str, str]
    reviewed: frozenset[str]
    #: The digits from 0 to 9 as words.
    digits: tuple[str, ...]
    #: The words for the star and the hash key, without endings.
    star_hash: tuple[str, ...]
    #: What may stand between a key and the end of its clause: "press one, please" in languages whose verb comes last.
    after_key: str = ""
    #: Yes and no, as callers say them; empty where they may not.
    yes_no: tuple[str, ...] = ()
    #: Numbers and days as words; None where the carrier's voice or the synthesiser reads them.
    numerals: Numerals | None = None
    #: Translations that were not made from the present German text.
    stale: frozenset[str] = frozenset()

    def __getitem__(self, prompt: str) -> str:
        return self.texts[prompt]

    def placeholders(self, prompt: str) -> frozenset[str]:
        """Names of a prompt's placeholders."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.texts[prompt]) if name is not None)


def file_of(language: str) -> Path:
    """The file that holds a language's prompts, whether it exists or not."""
    return DIRECTORY / f"{language}.toml"


@lru_cache(maxsize=32)
def catalogue(language: str) -> Catalogue:
    """The prompts of a language, read once.

    Raises:
        FileNotFoundError: the language has no prompts.
        ValueError: a text has a placeholder that cannot be read; the digits, the numerals, star and hash, or yes and
            no are incomplete.
    """
    with file_of(language).open("rb") as file:
        content = tomllib.load(file)
    texts = {name: " ".join(str(text).split()) for name, text in content["prompts"].items()}
    for name, text in texts.items():
        _readable(name, text)
    reviewed = content.get("reviewed", [])
    digits = tuple(str(content.get("digits", "")).split())
    if len(digits) != 10:
        raise ValueError(f"digits has {len(digits)} words, not 10")
    star_hash = tuple(str(content.get("star_hash", "")).split())
    if len(star_hash) != 2:
        raise ValueError(f"star_hash has {len(star_hash)} words, not 2")
    yes_no = tuple(str(content.get("yes_no", "")).split())
    if len(yes_no) not in (0, 2):
        raise ValueError(f"yes_no has {len(yes_no)} words, not 2")
    numerals = from_table(content["numerals"]) if "numerals" in content else None
    stale = _stale(texts, content.get("made_from", {})) if language != DEFAULT_LANGUAGE else frozenset()
    approved = frozenset(texts if reviewed == "original" else reviewed) - stale
    after_key = str(content.get("after_key", ""))
    return Catalogue(language, texts, approved, digits, star_hash, after_key, yes_no, numerals, stale)


def _readable(name: str, text: str) -> None:
    try:
        list(Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"the prompt {name}: {error}") from error


def wrong_placeholders(words: Catalogue, prompt: str) -> str:
    """What is wrong with the placeholders of a prompt; empty where nothing is."""
    here = words.placeholders(prompt)
    if unknown := here - set(PLACEHOLDERS):
        return f"there is no placeholder {{{sorted(unknown)[0]}}}"
    original = catalogue(DEFAULT_LANGUAGE)
    if prompt in BUILDING_BLOCKS or prompt not in original.texts or original.placeholders(prompt) == here:
        return ""
    return f"placeholders {sorted(here)}, the original has {sorted(original.placeholders(prompt))}"


def _stale(texts: Mapping[str, str], made_from: Mapping[str, str]) -> frozenset[str]:
    """The translations whose fingerprint is not that of the German text; those without a German text are none."""
    original = catalogue(DEFAULT_LANGUAGE).texts
    return frozenset(name for name in texts if name in original and made_from.get(name) != fingerprint(original[name]))
