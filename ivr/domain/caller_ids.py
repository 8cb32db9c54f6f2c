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
#: The end of a longer text.
_CUT = "…"
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
_WITHIN = re.compile(r"<([^<>]*)>")
#: What stands between several telephones that are not in brackets.
_BETWEEN = re.compile(r"[,|&]|;(?=\s*(?:\+|\d|sips?:|tel:))|(?<=\d)\s*/?\s*(?=\+)", re.IGNORECASE)
#: Digits from which on a part of a text may be a telephone.
_FEWEST_DIGITS = 3
#: A password behind the name in an address (RFC 3261), which nobody may see, up to the host.
_PASSWORD = re.compile(
    r"(?<![\w+%.@-])(?P<name>(?:(?:sips?|tel|callto|mailto|client):(?://)?|[a-z][a-z0-9+.-]*://)?+[^\s:@/<>,\"]*)"
    r":(?:[^\s<>,]|,(?!\s*(?:sips?:|tel:|\+)))*@",
    re.IGNORECASE,
)
#: Headers that an address asks for.
_HEADERS = re.compile(r"(@[^\s@?<>]*)\?[^\s<>]*")
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
        text = _HEADERS.sub(r"\1", _PASSWORD.sub(r"\g<name>@", text))
        if text.endswith(_CUT):
            return _as_shown(text)
        if len(several := _several(text)) > 1:
            return _of_several(text, {read(one) for one in several})
        if (further := _tidied(_without_address(text))) == text:
            break
        text = further
    if not _says_withheld(text) and (number := _number(phone_numbers.plain(text))):
        return CallerId(number)
    return _as_shown(text)


def _says_withheld(text: str) -> bool:
    letters = "".join(letter for letter in text.casefold() if letter.isalpha())
    if letters:
        return letters in _WORDS or letters.endswith("anonymousinvalid")
    digits = "".join(letter for letter in text if letter in "0123456789")
    return not digits.strip("0") or digits.lstrip("0") in _KEYPAD_SPELLINGS


def _as_shown(text: str) -> CallerId:
    kept = text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1].rstrip() + _CUT
    return WITHHELD if _says_withheld(kept) else CallerId(shown_as=kept)


def _several(text: str) -> list[str]:
    """The addresses of a text that names several telephones."""
    if "<" in text:
        return _WITHIN.findall(text)
    parts = _BETWEEN.split(text)
    return [part for part in parts if sum(letter.isdecimal() for letter in part) >= _FEWEST_DIGITS]


def _of_several(text: str, callers: set[CallerId]) -> CallerId:
    """One telephone in several spellings; where they are several, nobody can tell which of them calls."""
    if WITHHELD in callers:
        return WITHHELD
    return callers.pop() if len(callers) == 1 else _as_shown(text)


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
        return (
            user
            if is_digits(phone_numbers.plain(user).lstrip("+")) or user.casefold() in _WORDS
            else phone_numbers.without_parameters(text)
        )
    user = phone_numbers.without_parameters(unquote(text[scheme.end() :], errors="ignore")).partition(";")[0]
    name, at, _host = user.partition("@")
    return name if at and scheme[1].lower() != "tel" and phone_numbers.plain(name) else user
