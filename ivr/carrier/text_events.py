"""Reads what the carrier tells about text messages: a form, or JSON where it has another interface for texts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Request, abort
from pydantic import ValidationError

from ivr.carrier import signature, telnyx_texts
from ivr.carrier.dialects import dialect
from ivr.carrier.signature import FORM, JSON, Answer
from ivr.domain.carrier_ids import carrier_id
from ivr.domain.digits import LARGEST_NUMBER, number_in
from ivr.domain.phone_numbers import callable_number

#: A sender that is a telephone. Others are short codes, names, or of another service (`whatsapp:+49…`).
_NUMBER = re.compile(r"\+[0-9]{6,15}")
#: Words to which the carrier itself answers: it sends nothing more, or sends again, or says whose number it is. Each
#: counts as a whole message only. `yes` is none of them here, because people answer so to what they are asked.
_KEYWORDS = frozenset(
    {
        *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out"),
        *("arret", "arrete", "arrett", "start", "unstop", "help", "info"),
    }
)


@dataclass(frozen=True)
class TextEvent:
    """The state of a message, by the words of Twilio; `code`: the number of the error, 0 where there is none.

    The id is empty where it can be none of a carrier.
    """

    message_sid: str
    status: str
    code: int


@dataclass(frozen=True)
class IncomingText:
    """A text message that somebody has sent to the hotline, without what it says.

    `number`: in E.164, empty where it is none, as that of a short code or a name. `is_keyword`: whether the carrier
    answers it itself.
    """

    message_sid: str
    number: str
    is_keyword: bool


def only_the_carrier() -> Answer | None:
    """Refuse a request (403) that the carrier has not signed. For `before_request` of a webhook's blueprint."""
    return signature.only_the_carrier(FORM if dialect().SENDS_TEXTS else JSON)


def read(request: Request) -> TextEvent:
    """What a request tells.

    Raises:
        BadRequest: nothing that can be understood.
    """
    if dialect().SENDS_TEXTS:
        form = request.form
        return TextEvent(
            carrier_id(form.get("MessageSid", "")),
            form.get("MessageStatus", ""),
            number_in(form, "ErrorCode", most=LARGEST_NUMBER),
        )
    try:
        told = telnyx_texts.Event.model_validate_json(request.get_data())
    except ValidationError:
        abort(400)
    return TextEvent(carrier_id(told.message_sid), told.status, told.code)


def read_incoming(request: Request) -> IncomingText | None:
    """The text message that a request brings; None where it tells about one of ours.

    Raises:
        BadRequest: nothing that can be understood.
    """
    if dialect().SENDS_TEXTS:
        form = request.form
        said, sid, sender = form.get("Body", ""), form.get("MessageSid", ""), form.get("From", "")
        return _incoming(sid, sender, said, answered="OptOutType" in form)
    try:
        told = telnyx_texts.Incoming.model_validate_json(request.get_data()).data
    except ValidationError:
        abort(400)
    if told.event_type != telnyx_texts.RECEIVED:
        return None
    return _incoming(told.payload.id, told.payload.sender.phone_number or "", told.payload.text or "")


def _incoming(sid: str, sender: str, said: str, *, answered: bool = False) -> IncomingText:
    word = " ".join(said[:20].split()).lower()
    number = callable_number(sender) if _NUMBER.fullmatch(sender) else None
    return IncomingText(carrier_id(sid), number or "", answered or word in _KEYWORDS)
