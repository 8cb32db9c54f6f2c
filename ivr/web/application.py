"""The Flask application of the web process: hooks for pages do not run for the carrier's webhooks.

A webhook answers a caller who waits. It has no session, no user, no language of an interface, and is neither limited
nor compressed; what the extensions do before and after each request takes longer than rendering its document.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask.typing import ResponseReturnValue

from ivr.web import security_headers


class _Sessions(SecureCookieSessionInterface):
    """Sessions in signed cookies; a request without cookies needs no signature to be prepared."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a request."""
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)


class Application(Flask):
    """Flask, with blueprints of webhooks."""

    session_interface = _Sessions()

    def __init__(self, import_name: str, webhooks: frozenset[str]) -> None:
        """`webhooks`: names of the blueprints that the carrier asks. Each must refuse whoever else asks it."""
        super().__init__(import_name)
        self._webhooks = webhooks

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
        return (request.endpoint or "").partition(".")[0] in self._webhooks
