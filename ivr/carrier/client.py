"""The client of the carrier's REST interface, with a time-out and a configurable base URL."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from ivr.carrier import exchanges, telnyx_texts, tokens
from ivr.carrier.answers import named, readable
from ivr.carrier.dialects import dialect
from ivr.carrier.exchanges import ExchangeAway
from ivr.carrier.refusals import refused
from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import settings
from ivr.domain.enums import CarrierName

# The library logs every request with its telephone numbers at level INFO.
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)

_Item = TypeVar("_Item")

#: Carrier: seconds for which it keeps a text message at most.
_LONGEST_VALIDITY = 14400

#: Tells an exchange that another one can do what is asked, so that one which is about to stop leaves it to that one.
_ELSEWHERE = "X-Another-Exchange"

#: The carrier refused a request. `status` is the HTTP status, `msg` the reason.
Refused = TwilioRestException


class _Around(Protocol):
    def __call__(self, name: str, /, *, method: str) -> AbstractContextManager[Any]: ...


def _nothing(_name: str, /, *, method: str) -> AbstractContextManager[Any]:
    return nullcontext()


#: What stands around each request; processes that are traced put a span there.
around: _Around = _nothing


class _Adapter(HTTPAdapter):
    """Waits for a connection and for an answer as the settings say; the library knows one time-out for both."""

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a prepared request."""
        return super().send(*args, **kwargs | {"timeout": settings().carrier_timeouts})


class _HttpClient(TwilioHttpClient):
    """Sends requests to the configured base URL where there is one, with the token of the account that works.

    Without a configured base URL each request goes to the host that the library chose: not all are of one host. Of
    several exchanges of our own that one is asked which the request is about, unless it is named (`at`).
    """

    def __init__(self, timeout: float, tokens: Sequence[str] = (), at: Sequence[int] = ()) -> None:
        super().__init__(timeout=timeout)
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, _Adapter())
        self._tokens, self._at = tokens, tuple(at)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Send a request, with each token that may count until one is taken."""
        with around("carrier", method=method):
            if not exchanges.numbers():
                return self._request(method, _target(url), *args, **kwargs)
            asked = self._at or exchanges.for_request(urlsplit(url).path, kwargs.get("params"))

            def at_one(base: str, others: bool) -> Response:
                headers = (kwargs.get("headers") or {}) | ({_ELSEWHERE: "yes"} if others else {})
                return self._request(method, _under(base, url), *args, **kwargs | {"headers": headers})

            return exchanges.ask(asked, at_one)

    def _request(self, method: str, target: str, *args: Any, **kwargs: Any) -> Response:
        spoken = dialect()
        if kwargs.get("data"):
            kwargs["data"] = spoken.fields(kwargs["data"])
        login = kwargs.get("auth")
        if not login or not self._tokens:
            return readable(method, target, super().request(method, target, *args, **kwargs))
        for token in self._tokens:
            logged_in = dict(spoken.login(login[0], token))
            logged_in["headers"] = {**(kwargs.get("headers") or {}), **logged_in.get("headers", {})}
            response = super().request(method, target, *args, **kwargs | logged_in)
            if response.status_code != 401:
                tokens.worked(token)
                break
        return readable(method, target, response)


def _target(url: str) -> str:
    """Where a request to a URL of the carrier is sent."""
    configured = settings()
    if configured.carrier == CarrierName.TWILIO and not configured.local and not configured.twilio_api_base_url:
        return url
    return _under(configured.carrier_base_url, url)


def _under(base_url: str, url: str) -> str:
    base, path = urlsplit(base_url), urlsplit(url)
    return urlunsplit((base.scheme, base.netloc, base.path + dialect().path(path.path), path.query, ""))


def base_url() -> str:
    """Base of the carrier's REST interface: that of its region, unless the settings name another."""
    configured = settings()
    if configured.twilio_region and not configured.twilio_api_base_url:
        return f"https://api.{configured.twilio_edge}.{configured.twilio_region}.twilio.com"
    return configured.carrier_base_url


def client(at: Sequence[int] = ()) -> Client:
    """A client for the configured account. Each request may take `twilio_timeout` seconds.

    `at`: the exchanges that are asked, where there are several of our own; the first that answers.
    """
    tried = tokens.in_order()
    return _client(tried[0], tried, at)


def everywhere(asked: Callable[[Client], Iterable[_Item]]) -> Iterator[_Item]:
    """What the carrier lists; of several exchanges of our own what each of them does.

    Raises:
        ExchangeAway: some could not be asked, when everything of the others was given.
    """
    if not exchanges.numbers():
        yield from asked(client())
        return
    away: list[int] = []
    for number in exchanges.numbers():
        try:
            yield from asked(client((number,)))
        except ExchangeAway as error:
            away += error.numbers
    if away:
        raise ExchangeAway(away)


def client_with(token: str) -> Client:
    """A client that tries one token only, whichever has worked so far. Twilio only."""
    return _client(token)


def client_with_key() -> Client:
    """A client that logs in with the API key of the settings."""
    configured = settings()
    return Client(
        configured.twilio_api_key,
        configured.twilio_api_secret,
        configured.account_sid,
        http_client=_HttpClient(configured.twilio_timeout),
        region=configured.twilio_region or None,
        edge=configured.twilio_edge or None,
    )


def _client(token: str, tried: Sequence[str] = (), at: Sequence[int] = ()) -> Client:
    configured = settings()
    return Client(
        configured.account_sid,
        token,
        http_client=_HttpClient(configured.twilio_timeout, tried, at),
        region=configured.twilio_region or None,
        edge=configured.twilio_edge or None,
    )


def client_of_us1() -> Client:
    """A client for the region `us1`, which alone tells and changes in which region a number is processed.

    Each region has tokens of its own: `twilio_us1_auth_token`, or the usual one where no other region is configured.
    """
    configured = settings()
    token = configured.twilio_us1_auth_token
    if not token and not configured.twilio_region:
        return client()
    # Named, because the library takes a region from the environment where none is.
    return Client(
        configured.account_sid,
        token or configured.auth_token,
        http_client=_HttpClient(configured.twilio_timeout),
        region="us1",
        edge="ashburn",
    )


def send_text_message(to: str, body: str, message_id: int | None = None, valid_for: timedelta | None = None) -> str:
    """Send a text message (SMS) from `sms_sender`, or the hotline's number. Returns the carrier's id of the message.

    What became of the message with the id `message_id` is told to a webhook: only there it is known that it was not
    delivered. What the carrier cannot send within `valid_for` it does not send later; Telnyx knows no such limit.

    Raises:
        CarrierRefused: the carrier refuses; whose fault that is tells its refusal.
        requests.RequestException: the carrier could not be asked.
    """
    status_url = "" if message_id is None else voice_url("/text/status", message=message_id)
    if not dialect().SENDS_TEXTS:
        return telnyx_texts.send(to, body, settings().sms_sender or settings().hotline_number, status_url)
    wishes: dict[str, Any] = {"status_callback": status_url} if status_url else {}
    if valid_for is not None:
        wishes["validity_period"] = min(max(int(valid_for.total_seconds()), 1), _LONGEST_VALIDITY)
    try:
        return named(client().messages.create(to=to, body=body, **_sender(), **wishes).sid)
    except TwilioException as error:
        raise refused(error) from error


def _sender() -> dict[str, str]:
    """The sender of a text message: a messaging service, or a number or name."""
    sender = settings().sms_sender or settings().hotline_number
    return {"messaging_service_sid": sender} if sender.startswith("MG") else {"from_": sender}
