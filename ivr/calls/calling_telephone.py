"""From which telephone a call comes, as far as what the carrier says tells one telephone from others."""

from __future__ import annotations

from collections.abc import Iterable

from ivr.config.settings import settings
from ivr.domain import caller_ids
from ivr.domain.caller_ids import CallerId

#: Characters of a header that are read.
_LONGEST_FIELD = 2000


def identified(shown: str | None, *forwarded_by: str | None, verdict: str | None = None) -> CallerId:
    """The telephone of a call; nothing where it is withheld, or where a number of the house stands in its place.

    `shown`: the carrier's `From`. `forwarded_by`: who has passed the call on, in the carrier's words (`ForwardedFrom`,
    `Diversion`). That is never the caller: a telephone system that shows its own number for everybody is told by it.
    `verdict`: the network's on the number (`StirVerstat`). A number that has failed may be anybody's.
    """
    caller = caller_ids.read(shown)
    if caller.number and settings().is_house_number(caller.number):
        return caller_ids.WITHHELD
    # A telephone system may show an extension, which is no number that can be called.
    if caller.telephone and caller.telephone in _telephones(forwarded_by):
        return caller_ids.WITHHELD
    return caller_ids.unproven(caller) if caller_ids.has_failed(verdict) else caller


def _telephones(forwarded_by: Iterable[str | None]) -> set[str | None]:
    """Every telephone that has passed the call on; a header names several behind each other."""
    listed = (one for field in forwarded_by if field for one in field[:_LONGEST_FIELD].split(","))
    return {caller_ids.read(one).telephone for one in listed}
