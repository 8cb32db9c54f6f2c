"""The Flask application of the web process: the carrier's webhooks take a short way, without what pages need.

A webhook answers a caller who waits. It has no session, no user, no language of an interface, and is neither limited
nor compressed; what Flask and the extensions do around each request takes longer than rendering its document.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response, request
from flask.ctx import RequestContext
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from itsdangerous import URLSafeTimedSerializer
from werkzeug.routing import MapAdapter, Rule

from ivr.platform import monitoring, tracing
from ivr.platform.timed_signatures import Signer
from ivr.telephony.carrier_request import CarrierRequest, current
from ivr.telephony.document import Document
from ivr.web import security_headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

#: What a document is, for its headers.
_XML = "text/xml"
_DOCUMENT_TYPE = ("Content-Type", f"{_XML}; charset=utf-8")
#: The name of a host and its port, or nothing. Of what is no name no address can be made, nor the page of an error.
_HOST = re.compile(
    r"(?:(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?)(?::[0-9]{1,5})?)?", re.ASCII
)
_NO_HOST = b"The header Host does not name a host.\n"


class _Sessions(SecureCookieSessionInterface):
    """Sessions in signed cookies; a request without cookies needs no signature to be prepared."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a request."""
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Signs sessions; those of another host, whose clock differs, are read as well."""
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.signer = Signer
        return serializer


@dataclass(frozen=True)
class _Webhook:
    """What answers the carrier's requests of one path."""

    rule: Rule
    view: Callable[[], ResponseReturnValue]
    #: What runs before it; an answer of one of them counts in its place.
    guards: tuple[Callable[[], ResponseReturnValue | None], ...]

    def answer(self) -> ResponseReturnValue:
        """The answer to the present request."""
        for guard in self.guards:
            if (refusal := guard()) is not None:
                return refusal
        return self.view()


class Application(Flask):
    """Flask, with blueprints of webhooks."""

    session_interface = _Sessions()
    request_class = CarrierRequest

    def __init__(self, import_name: str, webhooks: frozenset[str]) -> None:
        """`webhooks`: names of the blueprints that the carrier asks. Each must refuse whoever else asks it."""
        super().__init__(import_name)
        self._webhooks = webhooks

    # -- the short way ------------------------------------------------------------------------------

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request. A webhook is found by its path alone, and its hooks are those of its blueprint."""
        if not _HOST.fullmatch(environ.get("HTTP_HOST", "")):
            length = ("Content-Length", str(len(_NO_HOST)))
            start_response(
                "400 Bad Request", [("Content-Type", "text/plain"), *security_headers.of_every_answer(), length]
            )
            return [_NO_HOST]
        webhook = self._by_path.get(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        if webhook is None:
            _forget_what_is_no_address(environ)
            return super().wsgi_app(environ, start_response)
        began = time.monotonic()
        request = CarrierRequest(environ)
        request.url_rule, request.view_args = webhook.rule, {}
        with RequestContext(self, environ, request, self.session_interface.session_class()) as context:
            with tracing.span("webhook", endpoint=webhook.rule.endpoint) as span:
                answer = self._answer(webhook, context)
                tracing.tell(span, status=200 if isinstance(answer, Document) else answer.status_code)
            self._count(webhook.rule.endpoint, began, environ)
            if not isinstance(answer, Document):
                return answer(environ, start_response)
            body = answer.encode()
            length = ("Content-Length", str(len(body)))
            start_response("200 OK", [_DOCUMENT_TYPE, *security_headers.of_every_answer(), length])
            return [body]

    def _count(self, endpoint: str, began: float, environ: WSGIEnvironment) -> None:
        now = time.monotonic()
        monitoring.observe("webhook_seconds", now - began, endpoint)
        whole_at = getattr(environ.get("gunicorn.socket"), "whole_at", 0.0)
        monitoring.observe("document_seconds", now - (whole_at or began))

    @cached_property
    def _by_path(self) -> Mapping[str, _Webhook]:
        """The webhooks whose addresses have no variable parts; the first request finds all of them here."""
        found = {}
        for rule in self.url_map.iter_rules():
            blueprint = rule.endpoint.partition(".")[0]
            if blueprint in self._webhooks and not rule.arguments and "POST" in (rule.methods or ()):
                guards = tuple(self.before_request_funcs.get(blueprint, ()))
                found[rule.rule] = _Webhook(rule, self.view_functions[rule.endpoint], guards)  # type: ignore[arg-type]
        return found

    def _answer(self, webhook: _Webhook, context: RequestContext) -> Document | Response:
        """The answer of a webhook, or what its blueprint says of an error; what nobody says anything of is a 500."""
        try:
            try:
                answer = webhook.answer()
            except Exception as error:
                # A page of an error needs addresses of others.
                context.url_adapter = super().create_url_adapter(context.request)
                answer = self.handle_user_exception(error)
            return answer if isinstance(answer, Document) else self.finalize_request(answer)
        except Exception as error:
            return self.handle_exception(error)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What finds the view of a request; the view of a webhook is known already."""
        return None if request is not None and request.url_rule is not None else super().create_url_adapter(request)

    def make_response(self, rv: Any) -> Response:
        """The response of what a view has returned."""
        if isinstance(rv, Document):
            return self.response_class(rv, mimetype=_XML)
        return super().make_response(rv)

    # -- the way of pages, which webhooks take whose addresses have variable parts -------------------

    def preprocess_request(self) -> ResponseReturnValue | None:
        """Run the hooks before a request; of a webhook those of its blueprint."""
        blueprint = (request.endpoint or "").partition(".")[0]
        if blueprint not in self._webhooks:
            return super().preprocess_request()
        for hook in self.before_request_funcs.get(blueprint, ()):
            answer: ResponseReturnValue | None = self.ensure_sync(hook)()
            if answer is not None:
                return answer
        return None

    def process_response(self, response: Response) -> Response:
        """Run the hooks after a request; a webhook's answer gets the headers that every answer has."""
        if not self._is_webhook():
            return super().process_response(response)
        return security_headers.add(response)

    def do_teardown_request(self, *arguments: Any) -> None:
        """Run the hooks at the end of a request; a webhook has none."""
        if self._is_webhook():
            return
        super().do_teardown_request(*arguments)

    def _is_webhook(self) -> bool:
        return (current().endpoint or "").partition(".")[0] in self._webhooks


def _forget_what_is_no_address(environ: WSGIEnvironment) -> None:
    """A page that is said to have led here, and is none, is as if nothing was said: several parts read it."""
    with suppress(ValueError):
        urlsplit(environ.get("HTTP_REFERER", ""))
        return
    del environ["HTTP_REFERER"]
