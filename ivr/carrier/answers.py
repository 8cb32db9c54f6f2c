"""Tells the carrier's answers from those of others, such as a proxy in between."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from requests.exceptions import InvalidJSONError
from twilio.base.exceptions import TwilioRestException
from twilio.http.response import Response

from ivr.carrier.refusals import AskedToWait
from ivr.domain.carrier_ids import carrier_id
from ivr.domain.digits import is_digits, whole_number
from ivr.domain.timestamps import utc_now

#: How the name of a field ends that holds an id, an address, or the request itself.
_NAMES_ONE = ("sid", "uri", "url", "update_request")
#: Seconds: the longest pause that a carrier may ask for.
_LONGEST_PAUSE = 3600


def readable(method: str, url: str, response: Response) -> Response:
    """An answer of the carrier that is no refusal.

    The library has three kinds of exceptions for refusals, by what was asked (a resource, or a list of them) and by how
    the refusal is written. Here all are one.

    Raises:
        AskedToWait: it has no room (429), or it says when to ask again, whatever the reason.
        TwilioRestException: it refuses.
        requests.exceptions.InvalidJSONError: it is not the carrier's; nothing is known then. What it does not find the
            carrier says by JSON too, or by the status alone.
    """
    status, text = response.status_code, response.text
    pause = pause_of(response.headers or {})
    if status == 429 or (status >= 400 and status != 404 and pause):
        raise AskedToWait(status, url, _code(text) or (20429 if status == 429 else None), pause)
    tells = status < 400 and not (method == "DELETE" and status < 300 and not text)
    if (tells and not _is_the_carriers(told(text))) or (status == 404 and text and told(text) is None):
        raise InvalidJSONError("the answer is not the carrier's: it is no JSON, and tells of nothing that it has")
    if status >= 300:
        raise TwilioRestException(status, url, _reason(text) or f"status {status}", _code(text) or status, method)
    return response


def _is_the_carriers(found: object) -> bool:
    """Whether an answer can be the carrier's: an object names an id or an address, a list holds objects.

    Whoever stands in between may answer by JSON too, such as a log-in that has ended.
    """
    if not isinstance(found, dict):
        return False
    lists = [value for value in found.values() if isinstance(value, list)]
    objects = all(isinstance(one, dict) for value in lists for one in value)
    return objects and (bool(lists) or any(name.endswith(_NAMES_ONE) for name in found))


def _code(text: str) -> int:
    """The number of the error in an answer; 0 where it has none."""
    found = told(text)
    code = found.get("code") if isinstance(found, dict) else None
    return code if isinstance(code, int) else 0


def _reason(text: str) -> str:
    """What a refusal says, in the carrier's manner or in that of RFC 9457; empty where it says nothing."""
    found = told(text)
    said = [found.get(name) for name in ("message", "detail", "title")] if isinstance(found, dict) else []
    return next((one for one in said if isinstance(one, str) and one), "")


def told(text: str) -> Any:
    """What an answer says; None where it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def named(sid: object) -> str:
    """The id that the carrier has given to what it was asked to make.

    Raises:
        requests.exceptions.InvalidJSONError: its answer names none; perhaps it was made.
    """
    if found := carrier_id(str(sid)) if sid is not None else "":
        return found
    raise InvalidJSONError("the answer is not the carrier's: it names no id")


def pause_of(headers: Mapping[str, str]) -> float:
    """Seconds that `Retry-After` asks for, by their number or by a date; an hour at most, 0 where there is none."""
    retry_after = headers.get("Retry-After", "").strip()
    if is_digits(retry_after):
        number = whole_number(retry_after)
        return float(_LONGEST_PAUSE if number is None else min(number, _LONGEST_PAUSE))
    return min(max(_until(retry_after), 0.0), _LONGEST_PAUSE)


def _until(date: str) -> float:
    """Seconds until a date in one of the three manners of HTTP, which are all in UTC; 0 for what is none."""
    try:
        found = parsedate_to_datetime(date)
        return ((found if found.tzinfo else found.replace(tzinfo=UTC)) - utc_now()).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
