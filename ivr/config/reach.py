"""Settings of whom the hotline calls and texts: countries, and limits of calls and text messages."""

from __future__ import annotations

from typing import TypeVar

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, field_validator

from ivr.domain import phone_numbers
from ivr.domain.countries import PART_OF, USUAL

_WHY = (
    "Two-letter codes (ISO 3166). Elsewhere calls are dear, and networks share in what they cost, which is how "
    "hotlines are defrauded."
)


_ByCountry = TypeVar("_ByCountry", tuple[str, ...], dict[str, int])


class Reach(BaseModel):
    """Whom the hotline calls and texts."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    callback_countries: tuple[str, ...] = Field(
        USUAL,
        min_length=1,
        description="Countries whose numbers are called. A number elsewhere is kept for the member, who can only call "
        f"it at a telephone of their own; its caller is told. {_WHY}",
    )
    text_countries: tuple[str, ...] = Field(
        USUAL, description=f"Countries to whose numbers text messages are sent; empty, or no carrier: none. {_WHY}"
    )
    text_messages_a_number: int = Field(
        3, ge=0, le=100, description="Text messages to one number within 24 hours; in a call there is one link."
    )
    text_messages_an_hour: int = Field(
        100, ge=0, description="Text messages an hour in all, alerts as text messages among them."
    )
    text_messages_a_day: int = Field(
        500, ge=0, description="Text messages within 24 hours in all, alerts as text messages among them."
    )
    text_messages_by_country: dict[str, int] = Field(
        {}, description="Country -> text messages to it within 24 hours; a country without one has no limit of its own."
    )
    calls_a_day: int = Field(
        2000, ge=0, description="Callers called back within 24 hours in all. Emergencies are called back all the same."
    )
    rung_calls_a_day: int = Field(
        10_000,
        ge=0,
        description="Telephones of members, interpreters, companions and offices that are rung within 24 hours in all; "
        "browsers do not count. Beyond it no companion and no office is rung, unless in an emergency. Members and "
        "interpreters are, because a caller waits for them; the house is told.",
    )
    calls_by_country: dict[str, int] = Field(
        {},
        description="Country -> calls to it within 24 hours, callbacks and all others, as for "
        "`text_messages_by_country`; beyond it nobody there is called back, and no companion or office rung.",
    )
    cap_warning: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Share of a limit of 24 hours at which the alert `cap_near` is sent; of a small limit, when one is "
        "left. 1: no such alert.",
    )

    @field_validator("callback_countries", "text_countries", "calls_by_country", "text_messages_by_country")
    @classmethod
    def _countries(cls, value: _ByCountry) -> _ByCountry:
        for country in value:
            if country not in phonenumbers.SUPPORTED_REGIONS:
                raise ValueError(f"{country!r} is no country with telephone numbers, such as DE")
            if whole := PART_OF.get(country):
                raise ValueError(f"{country!r} has numbers of {whole!r}: name that one")
        return value

    def may_be_called(self, number: str) -> bool:
        """Whether a number (E.164) is in a country that is called."""
        return phone_numbers.country_of(number) in self.callback_countries

    def may_be_texted(self, number: str) -> bool:
        """Whether a number (E.164) is in a country to which text messages are sent."""
        return phone_numbers.country_of(number) in self.text_countries
