"""Building blocks of the settings: strict tables, and values with a meaning."""

from __future__ import annotations

from typing import Annotated

import phonenumbers
from pydantic import BaseModel, BeforeValidator, ConfigDict


class Strict(BaseModel):
    """A table of the settings: an unknown key is an error, and nothing changes after the start."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _e164(value: str) -> str:
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        raise ValueError(f"{value!r} is not a number in international form like +494211782666") from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError(f"{value!r} is not a possible telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


PhoneNumber = Annotated[str, BeforeValidator(_e164)]
