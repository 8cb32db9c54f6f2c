"""Settings of whom the hotline calls and texts: countries, and limits for text messages."""

from __future__ import annotations

import phonenumbers
from pydantic import BaseModel, ConfigDict, Field, field_validator

from ivr.domain import phone_numbers
from ivr.domain.countries import USUAL

_WHY = (
    "Two-letter codes (ISO 3166). Elsewhere calls are dear, and networks share in what they cost, which is how "
    "hotlines are defrauded."
)


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
        USUAL, description=f"Countries to whose numbers text messages are sent; empty: none. {_WHY}"
    )
    text_messages_a_number: int = Field(
        3, ge=0, le=100, description="Text messages to one number within 24 hours; in a call there is one link."
    )
    text_messages_an_hour: int = Field(100, ge=0, description="Text messages an hour in all.")
    text_messages_a_day: int = Field(500, ge=0, description="Text messages within 24 hours in all.")

    @field_validator("callback_countries", "text_countries")
    @classmethod
    def _countries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for country in value:
            if country not in phonenumbers.SUPPORTED_REGIONS:
                raise ValueError(f"{country!r} is no country with telephone numbers, such as DE")
        return value

    def may_be_called(self, number: str) -> bool:
        """Whether a number (E.164) is in a country that is called."""
        return phone_numbers.country_of(number) in self.callback_countries

    def may_be_texted(self, number: str) -> bool:
        """Whether a number (E.164) is in a country to which text messages are sent."""
        return phone_numbers.country_of(number) in self.text_countries
