"""The time of day that a person at the local carrier simulates, to try business hours and the nights of DST changes.

It comes as a header of the (simulated) SIP trunk, and only local mode reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ivr.domain.enums import SimulatedHours

FIELD = "SipHeader_X-Hotline-At"


def simulated_time(form: Mapping[str, str]) -> SimulatedHours | datetime | None:
    """Business hours, an instant, or None for the present time."""
    given = form.get(FIELD, "")
    if not given:
        return None
    if given in tuple(SimulatedHours):
        return SimulatedHours(given)
    try:
        instant = datetime.fromisoformat(given)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None and 2000 <= instant.year < 2100 else None
