"""Statements that every public body owes to anybody: accessibility, callers' data, whom to tell of a weakness."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, abort, render_template
from flask_babel import gettext

from ivr import __version__
from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.domain.timestamps import utc_now
from ivr.platform import database
from ivr.privacy import caller_information, retention_periods
from ivr.privacy.compliance import OperatorFacts

public = Blueprint("public", __name__)

#: The contact comes from the settings in use, so it counts for a while from each answer on (RFC 9116: below a year).
_COUNTS_FOR = timedelta(days=90)


@public.get("/.well-known/security.txt")
def security() -> Response:
    """Whom to tell of a weakness (RFC 9116); 404 where the settings name nobody."""
    contact = settings().security_contact
    if not contact:
        abort(404)
    until = (utc_now() + _COUNTS_FOR).replace(microsecond=0)
    lines = (
        f"Contact: {contact}",
        f"Expires: {until:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: de, en",
        f"Canonical: {settings().base_url}/.well-known/security.txt",
    )
    return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@public.get("/accessibility")
def accessibility() -> str:
    """The accessibility statement of the pages (BITV 2.0)."""
    number = phone_numbers.readable(settings().hotline_number)
    return render_template(
        "accessibility.html", email=settings().accessibility_contact, number=number, version=__version__
    )


@public.get("/privacy")
def privacy() -> str:
    """What callers are told about their data (Art. 13 GDPR)."""
    number = phone_numbers.readable(settings().hotline_number)
    with database.reading() as session:
        periods = retention_periods.all_days(session)
    told = caller_information.sections(periods, OperatorFacts.of(settings()), gettext)
    return render_template("privacy.html", sections=told, number=number)
