"""Asks the carrier about one call or recording after the other: what it refuses about one holds up no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException

from ivr.carrier.refusals import AskedToWait

log = logging.getLogger(__name__)

_Item = TypeVar("_Item")


def each(items: Iterable[_Item], look: Callable[[_Item], None]) -> TwilioRestException | None:
    """Look at each; the first refusal among them, to be raised when nothing else is left to do.

    Raises:
        AskedToWait, requests.RequestException: the carrier has no room, or cannot be asked; nor about the others.
    """
    first: TwilioRestException | None = None
    for item in items:
        try:
            look(item)
        except AskedToWait:
            raise
        except TwilioRestException as refused:
            log.warning("the carrier refuses something about one call or recording (%s)", refused.status)
            first = first or refused
    return first


def all_of(items: Iterable[_Item], look: Callable[[_Item], None]) -> Exception | None:
    """Look at each, even where the carrier cannot be asked about one: somebody waits. The first error, to be raised.

    Raises:
        AskedToWait: the carrier has no room.
    """
    first: Exception | None = None
    for item in items:
        try:
            look(item)
        except AskedToWait:
            raise
        except (TwilioException, requests.RequestException) as error:
            log.warning("the carrier could not be asked about one call (%s)", type(error).__name__)
            first = first or error
    return first
