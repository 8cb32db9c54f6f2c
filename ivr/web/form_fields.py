"""Types of fields in forms and addresses: each turns what a browser sends into a value or says what is wrong.

What is wrong is a :class:`Problem` with a message in English; :mod:`ivr.web.forms` translates it for the reader.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.domain.digits import LARGEST_ID, whole_number
from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.web.isolated_names import TURNING

#: Longest single-line and multi-line text, in characters.
LONGEST_LINE, LONGEST_TEXT = 300, 20_000
#: The error type of a value that no page of ours sends.
TAMPERED = "tampered"
#: Hours of a day as people write them: 8-16, 08:00–16:30, 8.30 - 12.
_HOURS = re.compile(r"(\d{1,2})(?:[:.](\d\d))?\s*[-–—]\s*(\d{1,2})(?:[:.](\d\d))?")
_MAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
#: Characters that no keyboard has: NUL, which PostgreSQL does not store, and halves of surrogate pairs.
_IMPOSSIBLE = re.compile("[\0\ud800-\udfff]")


class Secret:
    """Marks a field whose value is never shown again, like a password."""


def is_possible(text: str) -> bool:
    """Whether a keyboard can have typed a text."""
    return _IMPOSSIBLE.search(text) is None


def problem(message: str, **values: object) -> PydanticCustomError:
    """An error of a field; `message` is English and a message id of the catalogues."""
    return PydanticCustomError("problem", "{message}", {"message": message, **values})


def _is_visible(text: str) -> bool:
    """Whether there is anything to read in a text: joiners and marks of direction are nothing by themselves."""
    return any(unicodedata.category(one) != "Cf" and not one.isspace() for one in text)


def _text(longest: int, *, one_line: bool) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if not is_possible(value):
            raise problem(_("Please leave out the characters that cannot be typed."))
        value = " ".join(TURNING.sub("", value).split()) if one_line else value.strip()
        if not _is_visible(value):
            return ""
        if len(value) > longest:
            raise problem(_("Please shorten this to %(longest)s characters."), longest=longest)
        return value

    return check


def line_of(longest: int = LONGEST_LINE) -> BeforeValidator:
    """A single line of at most so many characters; runs of white space become one space, turning signs go."""
    return BeforeValidator(_text(longest, one_line=True))


def text_of(longest: int = LONGEST_TEXT) -> BeforeValidator:
    """Several lines of at most so many characters."""
    return BeforeValidator(_text(longest, one_line=False))


def _number(least: int, most: int, message: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        digits = phone_numbers.ascii_digits(value.strip())
        found = whole_number(digits, most)
        if found is None or found < least:
            raise problem(message, least=least, most=most)
        return found

    return check


def integer(least: int, most: int) -> BeforeValidator:
    """A whole number within bounds."""
    return BeforeValidator(_number(least, most, _("Please give a whole number from %(least)s to %(most)s.")))


def one_of(values: Iterable[str] | Callable[[], Iterable[str]], message: str = "") -> BeforeValidator:
    """One of the values that a page offers; `values` may be asked for when the form is read."""

    def check(value: Any) -> Any:
        offered = tuple(values() if callable(values) else values)
        if value not in offered:
            raise problem(message or _("Please choose one of the values offered."))
        return value

    return BeforeValidator(check)


class Fixed(BeforeValidator):
    """Marks the field of a button or a hidden field; a form without it was not sent by a page of ours."""


def fixed(values: Iterable[str]) -> Fixed:
    """One of the values of a button or a hidden field: nothing else is sent by a page of ours (400)."""
    offered = tuple(values)

    def check(value: Any) -> Any:
        if value not in offered:
            raise PydanticCustomError(TAMPERED, "no page sends this")
        return value

    return Fixed(check)


def _day(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        found = date.fromisoformat(value.strip())
    except ValueError:
        raise problem(_("Please give a date.")) from None
    if not 2000 < found.year < 9000:
        raise problem(_("Please give a date."))
    return found


def _month(value: Any) -> Any:
    return _day(f"{value.strip()}-01") if isinstance(value, str) else value


def _instant(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    zone = settings().hours.zone
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        raise problem(_("Please give a date and a time.")) from None
    if found.tzinfo is not None or not 2000 < found.year < 9000:
        raise problem(_("Please give a date and a time."))
    local = found.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != found:
        raise problem(_("This time does not exist: the clocks are put forward in that night."))
    return local


def _instant_to_come(value: Any) -> Any:
    found = _instant(value)
    if isinstance(found, datetime) and found <= utc_now():
        raise problem(_("Please give a date and a time that are still to come."))
    return found


def _hour(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        found = time.fromisoformat(value.strip())
    except ValueError:
        raise problem(_("Please give a time.")) from None
    if found.tzinfo is not None:
        raise problem(_("Please give a time."))
    return found


def _phone(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = phone_numbers.dialable(value)
    if found is None:
        raise problem(_("This is no telephone number that can be called."))
    return found


def _of_another(value: Any) -> Any:
    found = _phone(value)
    if isinstance(found, str) and found in settings().own_numbers:
        raise _is_ours()
    return found


def _is_ours() -> PydanticCustomError:
    return problem(_("This is a number of the hotline itself, or one that the house shows for everybody."))


def _of_member(value: Any) -> Any:
    found = _of_another(value)
    if isinstance(found, str) and not settings().may_be_called(found):
        raise problem(_("The hotline does not call this country (setting callback_countries)."))
    return found


def _rung(value: Any) -> Any:
    found = _of_member(value)
    if isinstance(found, str) and settings().is_house_number(found):
        raise _is_ours()
    return found


def _hours_of_day(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    written = _HOURS.fullmatch(phone_numbers.ascii_digits(value.strip()))
    try:
        if written is None:
            raise ValueError
        opens, closes = (f"{int(written[at]):02}:{int(written[at + 1] or 0):02}" for at in (1, 3))
        if closes != "24:00":
            time.fromisoformat(closes)
        if time.fromisoformat(opens).isoformat("minutes") >= closes:
            raise ValueError
    except ValueError:
        raise problem(_("Please write hours such as 08:00-16:00, or leave the field empty: closed.")) from None
    return f"{opens}-{closes}"


def _written_number(value: Any) -> Any:
    return _text(60, one_line=True)(phone_numbers.ascii_digits(value)) if isinstance(value, str) else value


def _mail(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = value.strip().lower()
    if len(value) > 254 or not value.isprintable() or not _MAIL.fullmatch(value):
        raise problem(_("This is no e-mail address."))
    return value


def _is_ticked(value: Any) -> Any:
    return value == "1" if isinstance(value, str) else value


def _digits(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return re.sub(r"[^0-9]", "", phone_numbers.ascii_digits(value))[:40]


#: One line, and several lines, of text.
Line = Annotated[str, line_of()]
Text = Annotated[str, text_of()]
#: The id of a row.
Id = Annotated[int, integer(1, LARGEST_ID)]
#: A box that is ticked, or a button that is pressed, sends "1".
Tick = Annotated[bool, BeforeValidator(_is_ticked)]
#: A date, the first day of a month (`YYYY-MM`), and a time of day.
Day = Annotated[date, BeforeValidator(_day)]
Month = Annotated[date, BeforeValidator(_month)]
Hour = Annotated[time, BeforeValidator(_hour)]
#: Date and time in the hotline's time zone, aware of it.
LocalInstant = Annotated[datetime, BeforeValidator(_instant)]
#: The same, not in the past.
InstantToCome = Annotated[datetime, BeforeValidator(_instant_to_come)]
#: A telephone number that may be dialled, as E.164.
Phone = Annotated[str, BeforeValidator(_phone)]
#: The telephone number of somebody else, as E.164: none of the hotline's own, which would call itself.
PhoneOfAnother = Annotated[str, BeforeValidator(_of_another)]
#: The same of a member, which is rung: in a country that is called. Extensions of the house are among them.
PhoneOfMember = Annotated[str, BeforeValidator(_of_member)]
#: A telephone number that the hotline rings, as E.164: none of its own, and in a country that is called.
Rung = Annotated[str, BeforeValidator(_rung)]
#: Opening hours of a day such as `08:00-16:00`.
HoursOfDay = Annotated[str, BeforeValidator(_hours_of_day)]
#: A telephone number or a code as somebody has written it, with ASCII digits.
WrittenNumber = Annotated[str, BeforeValidator(_written_number)]
#: The digits of a code; white space and everything else is left out.
Digits = Annotated[str, BeforeValidator(_digits)]
#: An e-mail address, in lower case.
Mail = Annotated[str, BeforeValidator(_mail)]
#: A code that is used once, with ASCII digits; never shown again.
OneTimeCode = Annotated[str, BeforeValidator(_written_number), Secret()]
#: A password, a code or a key: taken as it is and never shown again.
Password = Annotated[str, Secret()]
