"""From which telephone a call comes, as far as what the carrier says tells one telephone from others."""

from __future__ import annotations

from ivr.config.settings import settings
from ivr.domain import caller_ids
from ivr.domain.caller_ids import CallerId


def identified(shown: str | None, *forwarded_by: str | None, verdict: str | None = None) -> CallerId:
    """The telephone of a call; nothing where it is withheld, or where a number of the house stands in its place.

    `shown`: the carrier's `From`. `forwarded_by`: who has passed the call on, in the carrier's words (`ForwardedFrom`,
    `Diversion`). That is never the caller: a telephone system that shows its own number for everybody is told by it.
    `verdict`: the network's on the number (`StirVerstat`). A number that has failed may be anybody's.
    """
    caller = caller_ids.read(shown)
    if caller.number is None:
        return caller
    if settings().is_house_number(caller.number):
        return caller_ids.WITHHELD
    passed_on_by = {caller_ids.read(forwarder).number for forwarder in forwarded_by}
    if caller.number in passed_on_by:
        return caller_ids.WITHHELD
    return caller_ids.unproven(caller) if caller_ids.has_failed(verdict) else caller
