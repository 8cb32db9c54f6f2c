"""A request of the carrier: its form, and what is read out of it once for the whole request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from typing import Any, cast
from urllib.parse import unquote_plus

from flask import Request, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import ClientDisconnected

from ivr.calls import calling_telephone
from ivr.domain.caller_ids import CallerId
from ivr.domain.carrier_ids import call_id, carrier_id, is_ours, new_id

#: The only kind of form that is read in one go, as the carrier and browsers write it.
_FORM = "application/x-www-form-urlencoded"
#: Bytes of the longest form that is read so. The carrier's have some 500.
_LONGEST = 64 * 1024
#: Parameter of an address: our id of a call to which the carrier gives none.
OUR_ID = "call"
#: What the carrier asks for the document of a call, and not to tell of an event.
_FROM_A_CALLER = frozenset(f"/voice/{path}" for path in ("incoming", "answer", "fallback", "last-resort/agreed"))


class CarrierRequest(Request):
    """A request whose small form is read without Werkzeug's machinery for uploads; any other body is left to that."""

    #: The key that this request follows from, where the carrier does not name it again.
    answered_key = ""
    #: Whether the carrier has given the call no id, and neither have we before.
    has_no_id = False
    #: The instant at which the call script is asked, once it has been asked anything.
    answered_at: datetime | None = None

    @cached_property
    def form(self) -> ImmutableMultiDict[str, str]:
        """The fields of the form, as Werkzeug reads them."""
        environ = self.environ
        stated = environ.get("CONTENT_LENGTH") or ""
        length = int(stated) if stated.isascii() and stated.isdecimal() else 0
        is_read = "stream" in self.__dict__  # a carrier's signature may be one of the body as it is
        if is_read or not 0 < length <= _LONGEST or environ.get("CONTENT_TYPE") != _FORM:
            return cast(ImmutableMultiDict[str, str], cast(Any, super()).form)
        body = environ["wsgi.input"].read(length)
        if len(body) != length:
            raise ClientDisconnected
        # Whoever asks for files or the body afterwards finds what Werkzeug leaves: nothing.
        self.__dict__.update(files=ImmutableMultiDict(), stream=BytesIO())
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return ImmutableMultiDict()
        return ImmutableMultiDict(_pairs(text))

    @cached_property
    def args(self) -> ImmutableMultiDict[str, str]:
        """The parameters of the address, as Werkzeug reads them."""
        return ImmutableMultiDict(_pairs(self.query_string.decode()))

    @cached_property
    def fields(self) -> dict[str, str]:
        """The first value of each field of the form. Asking a form for one that is missing takes longer."""
        return self.form.to_dict()

    @cached_property
    def call_sid(self) -> str:
        """The carrier's id of the call; where it is missing, ours; empty where the request is about no call.

        Whoever rings is in a call, whatever the carrier leaves out: what they say has to be told from what others say.
        """
        if given := call_id(self.fields.get("CallSid", "")):
            return given
        ours = carrier_id(self.args.get(OUR_ID, ""))
        if is_ours(ours):
            return ours
        self.has_no_id = self.path in _FROM_A_CALLER
        return new_id() if self.has_no_id else ""

    @cached_property
    def caller(self) -> CallerId:
        """What is known of the telephone that calls."""
        fields = self.fields
        passed_on_by = fields.get("ForwardedFrom"), fields.get("SipHeader_Diversion")
        return calling_telephone.identified(fields.get("From"), *passed_on_by, verdict=fields.get("StirVerstat"))

    @cached_property
    def identity(self) -> str:
        """What this request has in common with its repetitions, and with no other request.

        A repetition has the same address and the same form. Of two requests of one call no address is the same: each
        document seals the call's state anew, and a log-in by telephone ends the call.
        """
        form = sorted(self.form.items(multi=True))
        return sha256(repr((self.path, self.query_string, form)).encode()).hexdigest()

    @cached_property
    def looked_at_ms(self) -> int:
        """When it was first looked at, in milliseconds."""
        return time.time_ns() // 1_000_000


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Names and values of a form or of an address; most have nothing that is escaped."""
    for pair in text.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            yield _plain(name), _plain(value)


def _plain(text: str) -> str:
    return unquote_plus(text, errors="werkzeug.url_quote") if "%" in text or "+" in text else text


def current() -> CarrierRequest:
    """The request that is answered now."""
    found: CarrierRequest = request._get_current_object()  # type: ignore[attr-defined]
    return found
