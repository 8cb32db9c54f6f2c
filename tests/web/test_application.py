"""What runs before and after a request: pages pass every hook, the carrier's webhooks only their own."""

from __future__ import annotations

import pytest
from flask import abort
from twilio.request_validator import RequestValidator

from ivr.web.app import create_app

FORM = {"CallSid": "CA1", "From": "+4915112345678", "To": "+494211782666"}


def ring(app, empty_database, sign: bool = True):
    signature = RequestValidator(empty_database.auth_token).compute_signature(
        f"{empty_database.base_url}/voice/incoming", FORM
    )
    return app.test_client().post(
        "/voice/incoming", data=FORM, headers={"X-Twilio-Signature": signature if sign else "x"}
    )


@pytest.fixture
def app(empty_database):
    return create_app()


def test_a_caller_does_not_wait_for_the_hooks_of_pages(app, empty_database) -> None:
    """Log-in, languages of the interface, limits and compression are for people at a browser."""
    passed = []

    @app.before_request
    def stop() -> None:
        passed.append("before")
        abort(503)

    app.after_request(lambda response: (passed.append("after"), response)[1])
    assert app.test_client().get("/login").status_code == 503
    assert passed == ["before", "after"]
    assert ring(app, empty_database).status_code == 200
    assert passed == ["before", "after"]


def test_a_webhook_answers_nobody_but_the_carrier(app, empty_database) -> None:
    """The blueprint's own guard runs, whatever is skipped."""
    assert ring(app, empty_database, sign=False).status_code == 403


def test_a_document_has_the_headers_of_every_answer(app, empty_database) -> None:
    headers = ring(app, empty_database).headers
    page = app.test_client().get("/login").headers
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Cache-Control"):
        assert headers.getlist(name) == page.getlist(name)
    assert "Set-Cookie" not in headers


def test_a_browser_without_a_cookie_gets_a_session(app) -> None:
    answer = app.test_client().get("/login")
    assert any(cookie.startswith("hotline=") for cookie in answer.headers.getlist("Set-Cookie"))
