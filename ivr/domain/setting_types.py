"""Building blocks of the settings: strict tables, and values with a meaning."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict


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


def _trunk(value: str) -> str:
    if re.fullmatch(r"\+[0-9]{6,14}\*", value):
        return value
    return _e164(value)


#: A number in E.164, or the beginning of a block of numbers with a `*` behind it.
TrunkNumber = Annotated[str, BeforeValidator(_trunk)]


def _of(length: int) -> AfterValidator:
    def check(value: str) -> str:
        if not value.strip() or value != value.strip() or not value.isprintable() or len(value) > length:
            raise ValueError(f"1 to {length} letters, no spaces around them, no line breaks")
        return value

    return AfterValidator(check)


#: A key that is stored with tasks, and a name that people read and hear.
Key = Annotated[str, _of(40)]
Name = Annotated[str, _of(120)]


def has_host(address: str) -> bool:
    """Whether an address can be read, and names a host and no impossible port."""
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def at_home(path: Path) -> Path:
    """A path in which `~` is the home directory, as in a shell.

    Raises:
        ValueError: there is no such user, or nobody knows where they are at home.
    """
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("nobody knows this home directory (~): write the whole path") from None


#: A directory or file that an operator names.
Place = Annotated[Path, AfterValidator(at_home)]
