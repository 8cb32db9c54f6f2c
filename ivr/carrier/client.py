"""The client of the carrier's REST interface, with a time-out and a configurable base URL."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from ivr.carrier.refusals import CarrierRefused, of_error
from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import settings

# The library logs every request with its telephone numbers at level INFO.
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)

#: The carrier refused a request. `status` is the HTTP status, `msg` the reason.
Refused = TwilioRestException


class _RedirectedHttpClient(TwilioHttpClient):
    """Sends every request to the configured base URL instead of the host that the library chose."""

    def __init__(self, base_url: str, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._base = urlsplit(base_url)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        path = urlsplit(url)
        target = urlunsplit((self._base.scheme, self._base.netloc, self._base.path + path.path, path.query, ""))
        return super().request(method, target, *args, **kwargs)


def base_url() -> str:
    """Base of the carrier's REST interface: that of its region, unless the settings name another."""
    configured = settings()
    if configured.twilio_region and not configured.twilio_api_base_url:
        return f"https://api.{configured.twilio_edge}.{configured.twilio_region}.twilio.com"
    return configured.carrier_base_url


def client() -> Client:
    """A client for the configured account. Each request may take `twilio_timeout` seconds."""
    configured = settings()
    return Client(
        configured.account_sid,
        configured.auth_token,
        http_client=_RedirectedHttpClient(base_url(), configured.twilio_timeout),
        region=configured.twilio_region or None,
        edge=configured.twilio_edge or None,
    )


def send_text_message(to: str, body: str, message_id: int | None = None) -> str:
    """Send a text message (SMS) from the hotline's number. Returns the carrier's id of the message.

    What became of the message with the id `message_id` is told to a webhook: only there it is known that it was not
    delivered.

    Raises:
        CarrierRefused: the carrier refuses; whose fault that is tells its refusal.
        requests.RequestException: the carrier could not be asked.
    """
    told = {} if message_id is None else {"status_callback": voice_url("/text/status", message=message_id)}
    try:
        return str(client().messages.create(to=to, from_=settings().hotline_number, body=body, **told).sid)
    except TwilioException as error:
        raise CarrierRefused(of_error(error), str(getattr(error, "msg", ""))) from error
