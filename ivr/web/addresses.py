"""Addresses of pages: parameters that several have, which addresses are ours, and who asks for them."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from urllib.parse import urlsplit

from flask import abort, request

from ivr.domain.permissions import permission_of
from ivr.domain.timestamps import utc_now
from ivr.reporting import daily_metrics
from ivr.web import forms
from ivr.web.form_fields import Day, Id

#: Days of the longest period that a page shows.
_LONGEST = 366


class LinesAddress(forms.Form):
    """A page of an access log: the lines before this one."""

    before: Id | None = None


class PeriodAddress(forms.Form):
    """A period in local days, both counted."""

    since: Day | None = None
    until: Day | None = None


def period(days: int) -> tuple[date, date]:
    """The first and the last day of the address; without them the last so many days. 400 for what is no period."""
    asked, today = forms.query(PeriodAddress, 400), daily_metrics.local_day(utc_now())
    first = asked.since or today - timedelta(days=days - 1)
    last = asked.until or max(today, first)
    if not 0 <= (last - first).days <= _LONGEST:
        abort(400)
    return first, last


def asked_by_the_page() -> bool:
    """Whether a page asks by itself, and not the person who looks at it."""
    permission = permission_of(request.endpoint or "")
    return permission is None or permission.polled or (bool(permission.fragment) and forms.asks(permission.fragment))


def own_address(target: str | None) -> str:
    """An address of ours; empty for another site's."""
    if target and target.startswith("/") and not target.startswith("//") and "\\" not in target:
        with suppress(ValueError):
            parts = urlsplit(target)
            if not parts.scheme and not parts.netloc and target.isprintable():
                return target
    return ""
