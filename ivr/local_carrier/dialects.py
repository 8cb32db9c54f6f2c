"""In which carrier's manner the local carrier speaks: ids, signatures, log-in, paths, names of voices.

Written from the carriers' documentation and without their libraries or ours, so that each checks the other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
import uuid
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Request

from ivr.domain.carrier_ids import of_exchange
from ivr.domain.carrier_voices import at_carrier
from ivr.domain.enums import CarrierName
from ivr.local_carrier.twiml_parser import VOICE_LANGUAGES

#: Paths that are no carrier's.
_OWN = ("/softphone/", "/media/", "/healthz")
#: The path of all resources that the REST interface serves; carriers have others for the same.
_PATH = "/2010-04-01/"


@dataclass(frozen=True)
class Dialect:
    """The manner of one carrier."""

    name: CarrierName
    #: Makes an id; the one argument is the number of the exchange, which only ids in Twilio's manner carry.
    new_call_id: Callable[..., str]
    new_recording_id: Callable[..., str]
    #: Headers that sign a request: key, URL, form, body -> headers.
    signed: Callable[[str, str, Mapping[str, str], str], Mapping[str, str]]
    #: Whether a REST request is logged in: request, account, token.
    logged_in: Callable[[Request, str, str], bool]
    #: The path of a resource here, for the path at the carrier; None for what the carrier does not know.
    path: Callable[[str], str | None]
    voices: Mapping[str, str] = field(default_factory=lambda: VOICE_LANGUAGES)
    #: What is told about a text message by JSON, where it is no form: id, recipient, status, error of Twilio -> event.
    text_event: Callable[[str, str, str, int], object] | None = None
    #: What is told by JSON of a text message that comes in, where it is no form: id, sender, recipient, text -> event.
    text_received: Callable[[str, str, str, str], object] | None = None
    #: Statuses by which a webhook has been taken in.
    taken: Container[int] = range(200, 300)
    #: Whether browsers can be called as clients, by their identity.
    has_clients: bool = False


def sign(key: str, url: str, form: Mapping[str, str]) -> str:
    """HMAC-SHA1 over the URL without its fragment and the form's sorted names and values, in base64."""
    text = urldefrag(url).url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _ed25519(key: str, _url: str, _form: Mapping[str, str], body: str) -> Mapping[str, str]:
    at = str(int(time.time()))
    signature = Ed25519PrivateKey.from_private_bytes(key.encode()).sign(f"{at}|{body}".encode())
    return {"Telnyx-Signature-Ed25519": base64.b64encode(signature).decode(), "Telnyx-Timestamp": at}


def _basic(request: Request, account: str, token: str) -> bool:
    given = request.authorization
    return given is not None and given.username == account and hmac.compare_digest(given.password or "", token)


def _bearer(request: Request, _account: str, token: str) -> bool:
    return hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode())


def _laml_path(path: str) -> str | None:
    return path.removeprefix("/api/laml") if path.startswith("/api/laml" + _PATH) else None


def _texml_path(path: str) -> str | None:
    if path == "/v2/messages" or re.match(r"/v2/(phone_numbers|texml_applications|messaging_profiles)\b", path):
        return path
    found = re.fullmatch(r"/v2/texml/(Accounts/[^/]+/.+)", path)
    if found is None:
        return None
    # Recordings have the ending, the others do without.
    bare = re.search(r"/(Calls|Conferences|Participants)(/[^/.]+)?$", path)
    return _PATH + found[1] + (".json" if bare else "")


def _voices(carrier: CarrierName) -> Mapping[str, str]:
    return {at_carrier(carrier, voice): language for voice, language in VOICE_LANGUAGES.items()}


#: Telnyx's number for an error of Twilio, where it is not the general one.
_TELNYX_ERRORS = {30006: 40001, 30004: 40300, 30007: 40002}


def _message_event(sid: str, to: str, status: str, code: int) -> object:
    final = status != "sent"
    errors = [{"code": str(_TELNYX_ERRORS.get(code, 40008)), "title": "not delivered"}] if final and code else []
    state = {"undelivered": "delivery_failed"}.get(status, status)
    payload: dict[str, object] = {"record_type": "message", "direction": "outbound", "id": sid, "errors": errors}
    payload |= {"to": [{"phone_number": to, "status": state, "carrier": "", "line_type": ""}]}
    kind = "message.finalized" if final else "message.sent"
    return {"data": {"record_type": "event", "event_type": kind, "id": str(uuid.uuid4()), "payload": payload}}


def _received_event(sid: str, from_: str, to: str, body: str) -> object:
    sender = {"phone_number": from_, "carrier": "", "line_type": "Wireless"}
    receiver = {"phone_number": to, "status": "webhook_delivered", "carrier": "", "line_type": ""}
    payload: dict[str, object] = {"record_type": "message", "direction": "inbound", "id": sid, "type": "SMS"}
    payload |= {"from": sender, "to": [receiver], "cc": [], "text": body, "media": [], "errors": []}
    event = {"record_type": "event", "event_type": "message.received", "id": str(uuid.uuid4()), "payload": payload}
    return {"data": event, "meta": {"attempt": 1}}


TWILIO = Dialect(
    CarrierName.TWILIO,
    lambda exchange=1: of_exchange("CA", exchange),
    lambda exchange=1: of_exchange("RE", exchange),
    lambda key, url, form, _body: {"X-Twilio-Signature": sign(key, url, form)},
    _basic,
    lambda path: path,
    has_clients=True,
)
DIALECTS = {
    CarrierName.TWILIO: TWILIO,
    CarrierName.LOCAL: TWILIO,
    CarrierName.SIGNALWIRE: Dialect(
        CarrierName.SIGNALWIRE,
        lambda exchange=1: str(uuid.uuid4()),
        lambda exchange=1: str(uuid.uuid4()),
        lambda key, url, form, _body: {"X-SignalWire-Signature": sign(key, url, form)},
        _basic,
        _laml_path,
        _voices(CarrierName.SIGNALWIRE),
        taken=(200,),
    ),
    CarrierName.TELNYX: Dialect(
        CarrierName.TELNYX,
        lambda exchange=1: f"v3:{secrets.token_urlsafe(41)}",
        lambda exchange=1: str(uuid.uuid4()),
        _ed25519,
        _bearer,
        _texml_path,
        _voices(CarrierName.TELNYX),
        _message_event,
        _received_event,
        taken=(200,),
    ),
}


class Paths:
    """Serves the REST interface under the paths of a carrier. Carrier: others answer 404."""

    def __init__(self, application: Callable[..., Iterable[bytes]], dialect: Dialect) -> None:
        self._application = application
        self._dialect = dialect

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve a request."""
        path = environ["PATH_INFO"]
        environ["carrier.path"] = path
        if not path.startswith(_OWN):
            environ["PATH_INFO"] = self._dialect.path(path) or "/unknown"
        return self._application(environ, start_response)
