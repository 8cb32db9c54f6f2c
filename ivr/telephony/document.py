"""What a webhook answers the carrier with."""

from __future__ import annotations


class Document(str):
    """A document (TwiML) as text: of verbs that were put together here, or of the carrier's library's objects.

    The web process sends it with the headers that every document has (`ivr.web.application`).
    """

    __slots__ = ()
