"""Reads what the carrier tells about a text message: a form, or JSON where it has another interface for texts."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request, abort
from pydantic import ValidationError

from ivr.carrier import signature, telnyx_texts
from ivr.carrier.dialects import dialect
from ivr.carrier.signature import FORM, JSON, Answer
from ivr.domain.carrier_ids import carrier_id
from ivr.domain.digits import LARGEST_NUMBER, number_in


@dataclass(frozen=True)
class TextEvent:
    """The state of a message, by the words of Twilio; `code`: the number of the error, 0 where there is none.

    The id is empty where it can be none of a carrier.
    """

    message_sid: str
    status: str
    code: int


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
