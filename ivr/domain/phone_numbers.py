"""Telephone numbers: how what is written or keyed in is meant, which may be called, how they are spoken."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from ivr.domain.countries import PART_OF
from ivr.domain.digits import is_digits

#: Types of numbers that are never called back: they are expensive, or reach no person.
_NEVER_DIALLED = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
        PhoneNumberType.PAGER,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)
#: Satellite and international network services: dear, and nobody's telephone.
_SATELLITES = frozenset({870, 878, 881, 882, 883, 979})
#: How no subscriber's number in Germany begins, behind its area code: with a second area code, or as emergency,
#: directory and service numbers do (110, 112, 115, 116117, 11833).
_NO_SUBSCRIBER = ("0", "11")
#: Service numbers of five digits that are the same behind every area code: 19222 is the ambulance's control room.
_SAME_EVERYWHERE = re.compile(r"19[0-9]{3}")
#: Mobile numbers of Germany and numbers of Bremen, which are most callers'. By the metadata all of them are valid, and
#: none is of a type that is never dialled. A test compares both: what reads any number takes many times as long.
_USUAL = re.compile(r"\+49(?:1(?:6[023]|7[0-9])[0-9]{7,8}|15[0-25-9][0-9]{8}|(421[0-9]{5,8}))")
#: Country and area code of the hotline: who leaves them out means these.
HOME_COUNTRY, HOME_AREA = 49, "421"
#: Digits of a number in Bremen behind its area code, and of the longest German number behind its zero (the numbering
#: plan has eleven; old telephone systems one more). The metadata allows far more.
_SHORTEST_LOCAL, _LONGEST_LOCAL, _LONGEST_GERMAN = 5, 8, 12
#: What stands between digits, and marks that nobody sees.
_SEPARATORS = re.compile(r"[\s()./\-\u2010-\u2015\u2212]+")
_WRITTEN = re.compile(r"\+?[0-9]{3,20}")
#: How a number begins that was copied from a link or from a telephone.
_SCHEME = re.compile(r"(?:(?:tel|callto)|(sips?)):(?://)?", re.IGNORECASE)
#: Parameters behind a number (RFC 3966), such as `;ext=3` or `;phone-context=+49421`.
_PARAMETERS = re.compile(r"(?:\s*;\s*[a-z][\w.-]*(?:=[^;]*)?)+\s*;?\s*$", re.IGNORECASE)
_CONTEXT = re.compile(r";\s*phone-context=\s*(\+[0-9 ().-]+)", re.IGNORECASE)


def plain(written: str) -> str:
    """Digits as one would dial them, with a `+` if there is one; empty where it is not written like a number.

    Decimal digits of every script count; spaces, brackets, dots, slashes and dashes do not, nor does the zero of
    `+49 (0)421`. A scheme (`tel:`, `sip:`) may stand before it, parameters (`;ext=3`) behind it.
    """
    text = ascii_digits(written[:200]).strip()
    if scheme := _SCHEME.match(text):
        text = text[scheme.end() :]
        text = text.partition("@")[0] if scheme[1] else text
    text = without_parameters(text)
    text = "".join(letter for letter in text if unicodedata.category(letter) not in ("Cf", "Cc") or letter.isspace())
    if text.lstrip().startswith(("+", "00")):
        text = re.sub(r"\(\s*0\s*\)", "", text)
    text = _SEPARATORS.sub("", text)
    return text if _WRITTEN.fullmatch(text) else ""


def without_parameters(text: str) -> str:
    """A number without the parameters behind it; a local one with the beginning that its `phone-context` names."""
    found = _PARAMETERS.search(text)
    if found is None:
        return text
    number, context = text[: found.start()], _CONTEXT.search(found[0])
    return context[1] + number if context and not number.strip().startswith(("+", "0")) else number


def ascii_digits(text: str) -> str:
    """Full-width, Arabic-Indic and other decimal digits as the ASCII digits they mean; all else stays as it is."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)


def entered_number(digits: str) -> str | None:
    """A callback number from a caller's keypad in E.164, or None where it cannot be meant or may not be called.

    `0151…` is national and `00…` international. People leave the zero out, and in Bremen the area code too: five to
    eight digits are a number in Bremen, `15…` a mobile number, `421…` one of Bremen, `49…` is German. What could be of
    another country is none, nor what could be with the area code or without it: who is asked again gives the zeros.
    """
    if not is_digits(digits) or not 3 <= len(digits) <= 17:
        return None
    if digits.startswith("00"):
        return callable_number("+" + digits[2:])
    if digits.startswith("0"):
        return callable_number(f"+{HOME_COUNTRY}{digits[1:]}")
    if len(digits) < _SHORTEST_LOCAL or _is_no_subscriber(digits):
        return None
    # The area code without its zero before a number of Bremen is as long as some numbers of Bremen are.
    if len(digits) == _LONGEST_LOCAL and digits.startswith(HOME_AREA):
        return None
    if len(digits) <= _LONGEST_LOCAL:
        return callable_number(f"+{HOME_COUNTRY}{HOME_AREA}{digits}")
    number = unprefixed_number(digits)
    return number if number and number.startswith(f"+{HOME_COUNTRY}") else None


def unprefixed_number(digits: str) -> str | None:
    """A number without `+` and zeros in E.164; None where it could be of two countries.

    Up to eight digits are an extension, a short code, or a number of an area that is not named.
    """
    if not is_digits(digits) or digits.startswith("0") or not _LONGEST_LOCAL < len(digits) <= 15:
        return None
    german, abroad = callable_number(f"+{HOME_COUNTRY}{digits}"), callable_number(f"+{digits}")
    if abroad and digits.startswith(str(HOME_COUNTRY)):
        return abroad
    if german and abroad:
        return german if _is_likely_german(german) else None
    return german or abroad


def _is_likely_german(number: str) -> bool:
    """Whether an E.164 number is a German mobile number or one of the hotline's area."""
    return number.startswith(f"+{HOME_COUNTRY}{HOME_AREA}") or _kind(number) == PhoneNumberType.MOBILE


def dialable(written: str) -> str | None:
    """A number as somebody wrote it, in E.164.

    None for what is none, or may never be dialled (premium-rate, satellite, short and emergency numbers).
    """
    number = re.sub(r"^\+(?=0)", "", plain(written))  # no country has a code that begins with a zero
    return callable_number(number) if number.startswith("+") else entered_number(number)


#: A caller's number is read at every key press; these are the callers of the last minutes.
@lru_cache(maxsize=2048)
def callable_number(number: str) -> str | None:
    """An international number (`+…`) in E.164, or None where there is none such or it may never be called."""
    if usual := _USUAL.fullmatch(number):
        return None if usual[1] and _is_no_subscriber(usual[1].removeprefix(HOME_AREA)) else number
    return read_by_metadata(number)


def read_by_metadata(number: str) -> str | None:
    """The same for numbers of all countries."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed) or phonenumbers.number_type(parsed) in _NEVER_DIALLED:
        return None
    if parsed.country_code in _SATELLITES or _reaches_no_subscriber(parsed):
        return None
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def _reaches_no_subscriber(parsed: phonenumbers.PhoneNumber) -> bool:
    """Whether a number is too long, or has nothing but an emergency or service number behind its area code."""
    national = phonenumbers.national_significant_number(parsed)
    area = phonenumbers.length_of_geographical_area_code(parsed)
    if parsed.country_code == HOME_COUNTRY:
        return len(national) > _LONGEST_GERMAN or (area > 0 and _is_no_subscriber(national[area:]))
    region = phonenumbers.region_code_for_number(parsed)
    return area > 0 and region is not None and phonenumbers.is_emergency_number(national[area:], region)


def _is_no_subscriber(behind_area_code: str) -> bool:
    """Whether what follows a German area code is no subscriber's number."""
    return behind_area_code.startswith(_NO_SUBSCRIBER) or _SAME_EVERYWHERE.fullmatch(behind_area_code) is not None


def country_of(number: str) -> str:
    """The country of an E.164 number as two letters (ISO 3166); empty where it is of none."""
    try:
        country = phonenumbers.region_code_for_number(phonenumbers.parse(number, None)) or ""
    except phonenumbers.NumberParseException:
        return ""
    return PART_OF.get(country, country)


def prefix_of(country: str) -> str:
    """The beginning of a country's numbers in E.164, such as `+49` of DE; some countries share one."""
    return f"+{phonenumbers.country_code_for_region(country)}"


def _kind(number: str) -> int:
    try:
        return phonenumbers.number_type(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return PhoneNumberType.UNKNOWN


def is_mobile(number: str) -> bool:
    """Whether a text message can reach an E.164 number, as far as its form tells (abroad it may not)."""
    return _kind(number) in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


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
