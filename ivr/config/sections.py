"""Sections of the settings, one for each feature."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from ivr.domain import phone_numbers
from ivr.domain.opening_hours import Hours
from ivr.domain.setting_types import Name, PhoneNumber, Strict

#: What somebody with a log-in is (see ivr/domain/permissions.py).
Role = Literal["member", "supervisor", "administrator", "officer"]


#: Forms (Formulare) whose names are in the prompts of every language.
FORMS = ("main_application", "continuation", "change", "housing", "education")


class ConfigurationError(Exception):
    """The settings cannot be used; the message names each wrong key and why."""


class VoiceSettings(Strict):
    """A voice of the carrier and the language tag it is asked for with."""

    language: str = Field(description="Language tag.")
    voice: str = Field(description="Name of the voice.")


class Targets(Strict):
    """Targets of the Jobcenter; shares are 0 to 1."""

    answered_in_time: float = Field(0.75, ge=0, le=1, description="Calls answered within 30 s (115: 75 %).")
    settled: float = Field(0.65, ge=0, le=1, description="Requests settled at the first contact (115: 65 %).")
    tried_in_time: float = Field(0.95, ge=0, le=1, description="Promises of a first attempt that are kept.")
    tried_within_24h: float = Field(0.95, ge=0, le=1, description="First attempts within 24 hours.")
    interpreter_in_time: float = Field(0.75, ge=0, le=1, description="Interpreters on the line within two minutes.")
    waiting: int = Field(10, ge=0, description="Callers who wait now.")
    longest_wait: int = Field(120, ge=0, description="Seconds the longest of them has waited.")
    due_soon: int = Field(20, ge=0, description="Open promises that are due soon.")
    missed: int = Field(0, ge=0, description="Open promises that are missed.")


class ReportMail(Strict):
    """A report of the last month that is sent as PDF and spreadsheet as soon as the month is final."""

    report: Literal["statement", "scorecard", "overview"] = Field("statement", description="Which report.")
    to: str = Field(pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+$", description="E-mail address.")
    language: Literal["de", "en"] = Field("de", description="Language of the report.")


class InterpreterSettings(Strict):
    """An interpreter on the telephone (Sprachmittler*in): own staff, or an outside service."""

    name: Name = Field(description="Name as members see it.")
    number: PhoneNumber = Field(description="Telephone number in E.164.")
    languages: tuple[str, ...] = Field(
        min_length=1, description="Languages they interpret (ISO 639); und: also where nobody knows the language yet."
    )
    hours: Hours = Field(Hours(), description="When they can be called.")
    cents_per_minute: int = Field(
        0, ge=0, le=5000, description="Price in cents a minute; own staff 0. The cheapest are rung first."
    )
    calls_at_once: int = Field(
        1,
        ge=1,
        le=100,
        description="Conversations for which the number is rung at once; an outside service takes several.",
    )

    @field_validator("number")
    @classmethod
    def _number(cls, value: str) -> str:
        if phone_numbers.dialable(value) is None:
            raise ValueError(f"{value} is no number that may be dialled")
        return value
