"""Asks the carrier about one call or recording after the other: what it refuses about one holds up no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException

from ivr.carrier.exchanges import ExchangeAway
from ivr.carrier.refusals import AskedToWait

log = logging.getLogger(__name__)

_Item = TypeVar("_Item")
_Error = TypeVar("_Error", bound=Exception)


def each(items: Iterable[_Item], look: Callable[[_Item], None]) -> TwilioRestException | ExchangeAway | None:
    """Look at each; the first refusal among them, to be raised when nothing else is left to do.

    Of several exchanges of our own those that are away hold up none of the others.

    Raises:
        AskedToWait, requests.RequestException: the carrier has no room, or cannot be asked; nor about the others.
    """
    return _each(items, look, TwilioRestException, ExchangeAway)


def all_of(items: Iterable[_Item], look: Callable[[_Item], None]) -> Exception | None:
    """Look at each, even where the carrier cannot be asked about one: somebody waits. The first error, to be raised.

    Raises:
        AskedToWait: the carrier has no room.
    """
    return _each(items, look, TwilioException, requests.RequestException)


def _each(items: Iterable[_Item], look: Callable[[_Item], None], *borne: type[_Error]) -> _Error | ExchangeAway | None:
    first: _Error | ExchangeAway | None = None
    try:
        for item in items:
            try:
                look(item)
            except AskedToWait:
                raise
            except borne as error:
                log.warning("the carrier did not do what was asked about one call or recording (%s)", _reason(error))
                first = first or error
    except ExchangeAway as error:  # the list has come to its end, without what they have
        log.warning("%s could not be asked for a list", error)
        first = first or error
    return first


def _reason(error: Exception) -> str:
    if isinstance(error, ExchangeAway):
        return str(error)
    return f"status {error.status}" if isinstance(error, TwilioRestException) else type(error).__name__
