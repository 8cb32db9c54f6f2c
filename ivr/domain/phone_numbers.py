"""Telephone numbers of callers: which are real, which may be called back, how they are spoken."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from ivr.domain.digits import is_digits

#: Keypad spellings that carriers send for a withheld number (ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN,
#: UNAVAILABLE). They look like numbers and must never be dialled.
_WITHHELD_SPELLINGS = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})

#: Types of numbers that are never called back: they are expensive, or reach no person.
_NEVER_DIALLED = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
        PhoneNumberType.PAGER,
    }
)


#: Satellite and international network services: dear, and nobody's telephone.
_SATELLITES = frozenset({870, 878, 881, 882, 883, 979})
#: An area code and nothing but an emergency or service number behind it.
_EMERGENCY = re.compile(r"[2-9]\d{1,4}(110|112|115)")


def calling_number(shown: str | None) -> str | None:
    """The caller's number in E.164, or None where it is withheld or no telephone number.

    Carriers write a withheld number as `anonymous`, `Restricted`, nothing, or a keypad spelling.
    """
    if not shown or shown in _WITHHELD_SPELLINGS or not shown.startswith("+"):
        return None
    return _callable(shown, None)


def shown_number(shown: str | None) -> str | None:
    """What tells a calling telephone from others.

    Its number, or the digits it shows though they are no number that could be called (robots make them up); None
    where it is withheld.
    """
    if not shown or shown in _WITHHELD_SPELLINGS or not re.fullmatch(r"\+\d{3,15}", shown):
        return None
    return calling_number(shown) or shown


def entered_number(digits: str, area_code: str = "421") -> str | None:
    """A callback number from a caller's keypad in E.164, or None where it cannot be called back.

    `0151…` is national, `00…` international, and a number without a leading zero is taken as one of the
    hotline's own area, as people in Bremen say it.
    """
    if not is_digits(digits) or not 3 <= len(digits) <= 17:
        return None
    if digits.startswith("00"):
        return _callable("+" + digits[2:], None)
    if digits.startswith("0"):
        return _callable(digits, "DE")
    # Without an area code there are at least five digits. No subscriber's number begins with 11: these are emergency,
    # directory and service numbers (110, 112, 115, 116117, 11833).
    return _callable(f"0{area_code}{digits}", "DE") if len(digits) >= 5 and not digits.startswith("11") else None


def dialable(written: str) -> str | None:
    """A number as somebody wrote it, in E.164.

    None for what is none, or may never be dialled (premium-rate, short and emergency numbers).
    """
    digits = "".join(character for character in written if character.isdecimal())
    return _callable("+" + digits, None) if written.strip().startswith("+") else entered_number(digits)


@lru_cache(maxsize=1024)
#: A caller's number is read at every key press; these are the callers of the last minutes.
@lru_cache(maxsize=1024)
def _callable(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) in _NEVER_DIALLED:
        return None
    if number.country_code in _SATELLITES or _EMERGENCY.fullmatch(phonenumbers.national_significant_number(number)):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def is_mobile(number: str) -> bool:
    """Whether a text message can reach an E.164 number, as far as its form tells (abroad it may not)."""
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False
    return kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def digits_to_speak(number: str) -> str:
    """The digits a caller would dial: `0151…` inside Germany, `00…` abroad."""
    parsed = phonenumbers.parse(number, None)
    if parsed.country_code == 49:
        return "0" + phonenumbers.national_significant_number(parsed)
    return "00" + number.removeprefix("+")


def readable(number: str) -> str:
    """The number as people write it: national form for Germany, international otherwise; what is none as it is."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    form = PhoneNumberFormat.NATIONAL if parsed.country_code == 49 else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)
