"""The hour a person at the local exchange wants to pretend, for trying open, closed and the DST nights.

It comes as a header of the (pretended) SIP trunk, and only local mode reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

FIELD = "SipHeader_X-Hotline-At"


def pretended_hour(form: Mapping[str, str]) -> str:
    """`open`, `closed`, an ISO instant with its offset, or nothing for the present hour."""
    at = form.get(FIELD, "")
    if at in ("open", "closed"):
        return at
    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        return ""
    return at if instant.tzinfo is not None and 2000 <= instant.year < 2100 else ""
