"""Receipt codes that a called person keys in: found in the last digits keyed, over all tries of a call.

A key pressed twice before the code puts a digit in front of it. The digits keyed before travel sealed in the address.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from flask import request

from ivr.domain import receipt_codes
from ivr.domain.digits import is_digits
from ivr.platform import crypto
from ivr.platform.crypto import Purpose
from ivr.telephony.call_session import call_sid

#: Parameter of an address.
_KEYED = "keyed"
#: Seconds in which a code is keyed in.
_PATIENCE = 300


def so_far(digits: str) -> str:
    """The last digits keyed in this call: those of the tries before, and `digits`."""
    try:
        call, before = json.loads(crypto.unseal(Purpose.CALL_STATE, request.args.get(_KEYED, ""), _PATIENCE))
    except ValueError:
        call, before = "", ""
    before = before if call == call_sid() else ""
    return f"{before}{digits if is_digits(digits) else ''}"[-receipt_codes.LENGTH :]


def carried(keyed: str) -> dict[str, str]:
    """The parameter of an address that carries the digits on."""
    return {_KEYED: crypto.seal(Purpose.CALL_STATE, json.dumps([call_sid(), keyed]))} if keyed else {}


def has_one(keyed: str, codes: Iterable[str]) -> bool:
    """Whether the last digits are one of these codes."""
    return any(keyed.endswith(code) for code in codes)


def lacks_one_digit(keyed: str, codes: Iterable[str]) -> bool:
    """Whether the last digits are one of these codes but for its last digit."""
    return any(keyed.endswith(code[:-1]) for code in codes)
