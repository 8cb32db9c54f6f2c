"""The URLs of the hotline's webhooks for the carrier."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from ivr.config.settings import settings
from ivr.domain.enums import CarrierName

#: Carrier: a failed webhook is only tried again if its URL's fragment says so, and all tries together may take 15 s
#: (`tt`, in milliseconds). With the usual read time-out of 15 s none would be left after one late answer; so each try
#: has 2 s to connect and 4 s to be answered. The signature excludes the fragment.
RETRIES = "#ct=2000&rt=4000&tt=15000&rc=2&rp=ct,rt,5xx"


def _fragment() -> str:
    # No other carrier documents it, and one that signs addresses may sign it too.
    return RETRIES if settings().manner == CarrierName.TWILIO else ""


def voice_url(path: str, **query: str | int) -> str:
    """The URL of a webhook under /voice, with retries."""
    return f"{settings().calls_url}/voice{path}{_query(query)}{_fragment()}"


#: What is the same in a query as it is: sealed states, numbers, keys.
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")


def _query(values: Mapping[str, str | int]) -> str:
    if not values:
        return ""
    if _PLAIN.fullmatch("".join([str(value) for value in values.values()])):
        return "?" + "&".join([f"{name}={value}" for name, value in values.items()])
    return f"?{urlencode(values)}"


def fallback_url() -> str:
    """The URL that the carrier asks when a document fails: of another host where there is one, else of `web`."""
    return f"{settings().fallback_url}/voice/fallback{_fragment()}"


def leg_url(path: str, leg_id: int, **query: str | int) -> str:
    """The URL of a webhook of one leg, with retries."""
    return voice_url(f"/leg{path}", leg=leg_id, **query)
