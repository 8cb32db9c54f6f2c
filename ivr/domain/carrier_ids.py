"""Ids that a carrier gives to calls, recordings and text messages: texts without a meaning, of bounded length.

Carriers differ: `CA` and 32 hexadecimal digits, a UUID, `v3:` and 55 characters of base64. Nothing reads more out of an
id than whether it is the same as another; except of those that exchanges of our own have made, which carry the number
of their exchange.
"""

from __future__ import annotations

import hashlib
import re
import secrets

#: As many characters as the database stores of an id.
LONGEST = 64
#: What an id may consist of, as a regular expression (of JSON Schema too).
PATTERN = f"^[A-Za-z0-9:_-]{{1,{LONGEST}}}$"
#: How the id begins of a call to which the carrier has given none, and of one whose id no carrier of ours has.
_OURS, _MADE = "none-", "made-"
#: How the ids begin of calls that the REST interface does not know.
UNKNOWN_TO_THE_CARRIER = (_OURS, _MADE)
_OF_EXCHANGE = re.compile("[A-Z]{2}[0-9a-f]{32}")
_ID = re.compile(PATTERN.removeprefix("^").removesuffix("$"))


def carrier_id(text: str) -> str:
    """The id that a text from outside is; empty if it is none."""
    return text if _ID.fullmatch(text) else ""


def call_id(text: str) -> str:
    """The id of a call for a text from outside; empty for an empty one.

    What no carrier of ours has, such as 500 characters, is a call all the same, and nothing that is said in it may be
    lost: its id is made of the text. The REST interface does not know such an id.
    """
    if not text:
        return ""
    return carrier_id(text) or _MADE + hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def of_exchange(kind: str, number: int) -> str:
    """A new id that an exchange of our own makes: two letters, its number, and 30 random digits, all hexadecimal."""
    return f"{kind}{number:02x}{secrets.token_hex(15)}"


def exchange_of(sid: str) -> int:
    """The number of the exchange that has made an id; 0 for an id of another form."""
    return int(sid[2:4], 16) if _OF_EXCHANGE.fullmatch(sid) else 0


def new_id() -> str:
    """An id of ours for a call to which the carrier has given none."""
    return f"{_OURS}{secrets.token_hex(16)}"


def is_ours(call_sid: str) -> bool:
    """Whether an id is ours, because the carrier has given the call none: it is carried on in our addresses."""
    return call_sid.startswith(_OURS)


def is_unknown_to_the_carrier(call_sid: str) -> bool:
    """Whether the REST interface cannot be asked of a call, because its id is ours or is made of a text."""
    return call_sid.startswith(UNKNOWN_TO_THE_CARRIER)
