"""Keys that a finger has pressed twice: the second press must not answer a question that nobody has heard yet.

The address that a document gives says which key the request before was answered with, and when. A key that arrives
less than `doubled_key_ms` later, and is the same, is a doubled one.
"""

from __future__ import annotations

from ivr.config.settings import settings
from ivr.domain.digits import whole_number
from ivr.telephony.carrier_request import CarrierRequest, current

#: Parameter of an address: the key that the request before was answered with, a dot, and the time in milliseconds.
AFTER = "after"
_LATEST = 10**15


def is_doubled() -> bool:
    """Whether the key of this request is the one of the request before, pressed twice."""
    asked, within = current(), settings().doubled_key_ms
    if not within:
        return False
    key, _, at = asked.args.get(AFTER, "").partition(".")
    before = whole_number(at, _LATEST)
    if not key or key != _key(asked) or before is None:
        return False
    return 0 <= asked.looked_at_ms - before < within


def pressed(key: str) -> None:
    """Note the key that this request follows from, where the carrier does not name it again."""
    current().answered_key = key


def mark() -> str:
    """The value of :data:`AFTER` for addresses of the document that answers this request; empty without a key."""
    asked = current()
    return f"{key}.{asked.looked_at_ms}" if settings().doubled_key_ms and (key := _key(asked)) else ""


def _key(asked: CarrierRequest) -> str:
    key = asked.answered_key or asked.fields.get("Digits", "")
    return key if len(key) == 1 else ""
