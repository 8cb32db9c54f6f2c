"""Checks the signature of the carrier's requests; how each carrier signs says its dialect."""

from __future__ import annotations

from flask import Request, abort
from flask import request as current_request

from ivr.carrier.dialects import dialect
from ivr.config.settings import settings
from ivr.domain.enums import CarrierName

FORM = "application/x-www-form-urlencoded"
#: Of a carrier that signs the body itself; by a signature of the form, any other body would pass.
JSON = "application/json"
#: Parameter of an address by which we ask ourselves whether the carrier gets through: a webhook answers it and does
#: nothing. As the address is signed, nobody else can put it there.
TRIAL = "trial"
#: The document that says nothing, and what a request of ours about a webhook is answered with.
NOTHING = "<Response/>"
Answer = tuple[str, int, dict[str, str]]


def called_url(request: Request, base_url: str = "") -> str:
    """The URL exactly as the carrier requested it, under our address for calls or another one."""
    return (base_url or settings().calls_url) + _target(request)


def _target(request: Request) -> str:
    """The path and query as they were sent.

    Flask's `request.url` is decoded (`%7E`, `%3A`, UTF-8), so genuine signatures would not match it. gunicorn keeps
    the raw target in RAW_URI, werkzeug in REQUEST_URI.
    """
    target = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path
    if target.startswith(("http://", "https://")):  # some proxies send the absolute form
        target = "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"
    return str(target)


def is_genuine(request: Request, kind: str = FORM) -> bool:
    """Whether the configured carrier has signed a request.

    Only bodies of one kind are accepted, forms as a rule: by a signature of the form any other body would be validated
    like an empty one, and a forged one would pass. What is about another account is not ours.
    """
    if _has_body(request) and not _is_of_kind(request, kind):
        return False
    configured = settings()
    ours = configured.account_sid
    if configured.manner == CarrierName.TWILIO and request.form.get("AccountSid", ours) != ours:
        return False
    # Without a public address the web process, which has a port of its own, answers calls too.
    addresses = dict.fromkeys((configured.calls_url, configured.base_url, configured.fallback_url))
    target = _target(request)
    return dialect().is_signed(request, tuple([address + target for address in addresses]))


def _has_body(request: Request) -> bool:
    environ = request.environ
    return environ.get("CONTENT_LENGTH", "0") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ


def _is_of_kind(request: Request, kind: str) -> bool:
    return request.environ.get("CONTENT_TYPE") == kind or request.mimetype == kind


def only_the_carrier(kind: str = FORM) -> Answer | None:
    """Refuse a request (403) that does not come from the carrier. For `before_request` of a webhook's blueprint."""
    if not is_genuine(current_request._get_current_object(), kind):  # type: ignore[attr-defined]
        abort(403)
    return of_trial(current_request)


def of_trial(request: Request) -> Answer | None:
    """What a request is answered with that only asks whether the carrier gets through; None for any other."""
    return (NOTHING, 200, {"Content-Type": "text/xml"}) if TRIAL in request.args else None
