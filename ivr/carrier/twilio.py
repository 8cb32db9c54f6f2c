"""Twilio: the carrier whose documents and library all of this is written for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Request

from ivr.carrier.hmac_signature import is_signed_with
from ivr.config.settings import settings

#: Whether an answer of its interface names the address of a recording's audio.
NAMES_MEDIA = False
#: Whether text messages are sent by the same interface.
SENDS_TEXTS = True
#: Whether it calls browsers as clients, so that one can be a member's telephone.
HAS_CLIENTS = True
#: The status that answers an event which was taken in.
EVENT_TAKEN = 204


def path(path: str) -> str:
    """The path as it is."""
    return path


def login(account: str, token: str) -> Mapping[str, Any]:
    """Basic authentication."""
    return {"auth": (account, token)}


def fields(form: Mapping[str, Any]) -> Mapping[str, Any]:
    """The form as it is."""
    return form


def is_signed(request: Request, urls: tuple[str, ...]) -> bool:
    """Whether one of the account's tokens has signed; while tokens are exchanged, either of two does."""
    return is_signed_with(settings().auth_tokens, request, request.environ.get("HTTP_X_TWILIO_SIGNATURE", ""), urls)
