"""Reads what a carrier says of who calls (`From`): a telephone's number, nothing, or something that is no number."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

from ivr.domain import phone_numbers
from ivr.domain.digits import is_digits

#: Keypad spellings that carriers send for a withheld number (ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE).
#: They look like numbers and must never be dialled.
_KEYPAD_SPELLINGS = frozenset({"266696687", "7378742833", "2562533", "8656696", "86282452253"})
#: Words for a withheld number, without the characters that are no letters.
_WORDS = frozenset(
    {
        *("anonymous", "anonym", "restricted", "unknown", "unavailable", "private", "withheld", "blocked", "hidden"),
        *("unbekannt", "unterdrückt", "nonumber", "nocallerid", "privatenumber", "unknownnumber", "invalid", "null"),
        *("none", "undefined", "notavailable", "anonymousanonymousinvalid", "unknownunknowninvalid"),
    }
)
#: Characters that are kept of what is no number.
LONGEST_SHOWN = 60
#: What carriers send of nearly all callers: a number in E.164. Nothing in it needs to be tidied.
_USUAL = re.compile(r"\+[1-9][0-9]{6,14}")
_DIGITS = re.compile(r"\+?[0-9]{3,20}")
_LONGEST_READ = 1000
#: How the carrier begins its verdict (`StirVerstat`) on a number whose attestation (SHAKEN/STIR) has failed.
_FAILED = "TN-Validation-Failed"
#: Stands behind a number whose attestation has failed, where it is shown.
_PERHAPS_FORGED = " (perhaps forged)"
_ADDRESS = re.compile(r"<([^<>]*)>\s*(?:;.*)?$")
_SCHEME = re.compile(r"(sips?|tel):(?://)?", re.IGNORECASE)
#: What stands in the place of a host where the caller's address is withheld (RFC 3323).
_ANONYMOUS = "@anonymous.invalid"


@dataclass(frozen=True)
class CallerId:
    """What is known of the telephone that calls; nothing where the number is withheld."""

    #: E.164: a number that can be called.
    number: str | None = None
    #: What is shown where that is no number that can be called: for people to read. Nothing is dialled or joined by it.
    shown_as: str = ""

    @property
    def telephone(self) -> str | None:
        """What tells this telephone from others: its number, or digits that are none, as robots show them.

        None where it is withheld, and for words: a carrier may show the same ones for everybody.
        """
        return self.number or (self.shown_as if _DIGITS.fullmatch(self.shown_as) else None)


WITHHELD = CallerId()


def unproven(caller: CallerId) -> CallerId:
    """The same caller, where the network says that the number is not theirs: kept for people to read, and no more."""
    return CallerId(shown_as=f"{caller.number}{_PERHAPS_FORGED}") if caller.number else caller


def has_failed(verdict: str | None) -> bool:
    """Whether the carrier's verdict on a number (`StirVerstat`) is a failure. Most calls have no verdict."""
    return (verdict or "").strip().startswith(_FAILED)


def perhaps_forged(shown_as: str) -> str:
    """The number that is perhaps forged, of what a call has shown; empty where nothing speaks against it."""
    return shown_as.removesuffix(_PERHAPS_FORGED) if shown_as.endswith(_PERHAPS_FORGED) else ""


def read(shown: str | None) -> CallerId:
    """What a carrier's field means: E.164, national, with or without prefix, an address (`sip:`, `tel:`), or words."""
    if shown and _USUAL.fullmatch(shown):
        if shown[1:] in _KEYPAD_SPELLINGS:
            return WITHHELD
        number = phone_numbers.callable_number(shown)
        return CallerId(number) if number else CallerId(shown_as=shown)
    text = _tidied((shown or "")[:_LONGEST_READ])
    for _ in range(len(text)):
        if (further := _tidied(_without_address(text))) == text:
            break
        text = further
    letters = "".join(letter for letter in text.casefold() if letter.isalpha())
    digits = "".join(letter for letter in text if letter in "0123456789")
    if letters in _WORDS or letters.endswith("anonymousinvalid"):
        return WITHHELD
    if not letters and (not digits.strip("0") or digits.lstrip("0") in _KEYPAD_SPELLINGS):
        return WITHHELD
    if number := _number(phone_numbers.plain(text)):
        return CallerId(number)
    return CallerId(shown_as=text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1].rstrip() + "…")


def _number(text: str) -> str | None:
    if text.startswith("+") and not text.startswith("+0"):
        return phone_numbers.callable_number(text)
    text = text.removeprefix("+")  # before a national number it stands by mistake: no country has a code with a zero
    return phone_numbers.entered_number(text) if text.startswith("0") else phone_numbers.unprefixed_number(text)


def _tidied(text: str) -> str:
    """ASCII digits, single spaces, and no characters that cannot be seen."""
    text = phone_numbers.ascii_digits(text)
    seen = (" " if letter.isspace() else letter for letter in text if letter.isspace() or _is_seen(letter))
    return " ".join("".join(seen).split()).strip("\"', ")


def _is_seen(letter: str) -> bool:
    return not unicodedata.category(letter).startswith("C")


def _without_address(text: str) -> str:
    """The user of `"Name" <sip:user@host;…>`, or the number of `tel:…;phone-context=+49…` or `+49…;ext=3`."""
    if within := _ADDRESS.search(text):
        named = text[: within.start()].strip('" ').casefold()
        text = "anonymous" if named in _WORDS or _ANONYMOUS in named else within[1]
    if _ANONYMOUS in unquote(text, errors="ignore").casefold():
        return "anonymous"
    scheme = _SCHEME.match(text)
    if scheme is None:
        user = re.split("[;@]", phone_numbers.without_parameters(text), maxsplit=1)[0].strip()
        return user if is_digits(phone_numbers.plain(user).lstrip("+")) or user.casefold() in _WORDS else text
    user = phone_numbers.without_parameters(unquote(text[scheme.end() :], errors="ignore")).partition(";")[0]
    name, at, _host = user.partition("@")
    return name if at and scheme[1].lower() != "tel" and phone_numbers.plain(name) else user
