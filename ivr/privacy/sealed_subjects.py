"""Whose data an open request of a data subject is about: a number or a receipt code, sealed in the database."""

from __future__ import annotations

from ivr.models.privacy import SubjectRequest
from ivr.platform import crypto, sealed_query
from ivr.platform.crypto import Purpose


def seal(named: str) -> str:
    """A number or code for the database."""
    return crypto.seal(Purpose.SUBJECT_REQUEST, named)


def named_in(request: SubjectRequest) -> str:
    """The number (E.164) or receipt code that a request names.

    Raises:
        CannotOpen: it was sealed with a secret key that is not here; the error names the request.
    """
    return opened(request.id, request.named)


def opened(request_id: int, sealed: str) -> str:
    """As :func:`named_in`, of the columns. In version 0 it was sealed like the words of a search."""
    what = f"request {request_id} of a data subject"
    if sealed.startswith("~"):
        try:
            return sealed_query.unseal(sealed)
        except crypto.CannotOpen as error:
            raise crypto.CannotOpen(what, error.why) from error
    return crypto.unseal(Purpose.SUBJECT_REQUEST, sealed, what=what).decode()
