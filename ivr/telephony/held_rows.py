"""A row that somebody else holds: the carrier asks again after a second, with the keys that were pressed.

Nobody hears an error for it, and no key is lost: others have their turn first (:mod:`ivr.platform.taking_turns`).
"""

from __future__ import annotations

import logging

from flask import request
from twilio.twiml.voice_response import VoiceResponse

from ivr.carrier.webhook_urls import voice_url
from ivr.domain.digits import number_in
from ivr.domain.enums import DatabaseFault
from ivr.platform import database_faults
from ivr.telephony.document import Document

log = logging.getLogger(__name__)

#: Names in an address the keys that were pressed, and how often it has been asked since.
_PRESSED, _ASKED = "pressed", "held"
#: Most keys that stand in an address: a receipt code or a PIN never does.
_KEYS = 2


def pressed() -> str:
    """The keys of this request, or those of the first of the requests that it repeats."""
    return request.form.get("Digits", "") or request.args.get(_PRESSED, "")


def is_held(error: Exception) -> bool:
    """Whether an error says that somebody else holds a row."""
    return database_faults.fault_of(error) == DatabaseFault.BUSY


def ask_again(most: int | None = None, **carried: str) -> Document | None:
    """The document that asks the same again after a second; None where that was done `most` times.

    `carried`: what the address takes along in place of keys.
    """
    asked, keys = number_in(request.args, _ASKED), pressed()
    if most is not None and asked >= most:
        return None
    log.warning("a row is held by somebody else; it is tried again")
    kept = {_PRESSED: keys} if 0 < len(keys) <= _KEYS else {}
    query = {**request.args, **kept, **carried, _ASKED: str(asked + 1)}
    document = VoiceResponse()
    document.pause(length=1)
    document.redirect(voice_url(request.path.removeprefix("/voice"), **query), method="POST")
    return Document(document)
