"""Sections of the settings, one for each feature."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from ivr.domain import phone_numbers
from ivr.domain.opening_hours import Hours
from ivr.domain.setting_types import PhoneNumber, Strict

#: What somebody with a log-in is (see ivr/domain/permissions.py).
Role = Literal["member", "supervisor", "administrator", "officer"]


#: Forms (Vordrucke) whose names are in the prompts of every language.
FORMS = ("main_application", "continuation", "change", "housing", "education")


class ConfigurationError(Exception):
    """The settings cannot be used; the message names each wrong key and why."""


class VoiceSettings(Strict):
    """A voice of the carrier and the language tag it is asked for with."""

    language: str
    voice: str


class Targets(Strict):
    """What the house has set itself; shares are 0 to 1."""

    #: 115: "75 % of calls answered within 30 s"
    answered_in_time: float = Field(0.75, ge=0, le=1)
    #: 115: "65 % solved at first contact"
    settled: float = Field(0.65, ge=0, le=1)
    #: Promises of a first attempt that are kept, and first attempts within 24 hours.
    tried_in_time: float = Field(0.95, ge=0, le=1)
    tried_within_24h: float = Field(0.95, ge=0, le=1)
    #: Interpreters who are on the line within two minutes.
    interpreter_in_time: float = Field(0.75, ge=0, le=1)
    #: Callers who wait now, and seconds the longest of them has waited.
    waiting: int = Field(10, ge=0)
    longest_wait: int = Field(120, ge=0)
    #: Open promises that are due soon, and that are missed.
    due_soon: int = Field(20, ge=0)
    missed: int = Field(0, ge=0)


class ReportMail(Strict):
    """A report of the last month that is sent as PDF and spreadsheet as soon as the month is final."""

    report: Literal["statement", "scorecard", "overview"] = "statement"
    to: str = Field(pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+$")
    language: Literal["de", "en"] = "de"


class InterpreterSettings(Strict):
    """Somebody who interprets on the telephone (Sprachmittler*in): own staff, or an outside service."""

    name: str
    number: PhoneNumber
    languages: tuple[str, ...] = Field(min_length=1)
    hours: Hours = Hours()

    @field_validator("number")
    @classmethod
    def _number(cls, value: str) -> str:
        if phone_numbers.dialable(value) is None:
            raise ValueError(f"{value} is no number that may be dialled")
        return value
