"""What runs before and after a request: pages pass every hook, the carrier's webhooks only their own."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Request, abort
from hypothesis import example, given
from hypothesis import settings as search
from hypothesis import strategies as some
from twilio.request_validator import RequestValidator
from werkzeug.test import EnvironBuilder

from ivr.telephony import document, voice_webhooks
from ivr.telephony.carrier_request import CarrierRequest
from ivr.web.app import create_app, create_call_app

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


@pytest.mark.parametrize("path", ["/login", "/voice/incoming", "/api/v1/tasks", "/healthz", "/static/app.css"])
def test_a_host_that_is_none_is_a_bad_request(app, path: str) -> None:
    """Not a fault of ours: of such a name no address can be made, and so no page of an error."""
    client = app.test_client()
    for host in ("x" * 64 + ".example", "a..example", ".", "[::1", "a b", "ä.example", "h:99999999", "h:x", "\x7f"):
        for method in ("GET", "POST"):
            answer = client.open(path, method=method, headers={"Host": host})
            assert answer.status_code == 400, host
            assert "Content-Security-Policy" in answer.headers
    for host in ("127.0.0.1:8000", "[::1]:8000", "web_1", "jobcenter.example.", "xn--mller-kva.example"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_a_page_that_is_said_to_have_led_here_and_is_none(desk) -> None:
    mia = desk("mia")
    for page in ("http://[::1", "https://[x]/", "http://a]b/"):
        for path in ("/desk/call/hold", "/desk/views", "/desk/telephone/off"):
            assert mia.post(path, data={"a": "b"}, headers={"Referer": page}).status_code < 500, page


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


# -- the short way of webhooks -------------------------------------------------------------------------

Way = Callable[[dict[str, Any], Any], Any]


def asked(way: Way, path: str, form: dict[str, str], token: str = "", address: str = "") -> tuple[str, dict, bytes]:
    """Status, headers and body of the answer to a request, as one of the ways through the application gives it."""
    signature = RequestValidator(token).compute_signature(address + path, form) if token else "x"
    environ = EnvironBuilder(path, method="POST", data=form, headers={"X-Twilio-Signature": signature}).get_environ()
    answers = []
    body = b"".join(way(environ, lambda status, headers, *_: answers.append((status, dict(headers)))))
    return *answers[0], re.sub(rb"I[\w-]{40,}\.[\w.~-]+", b"", body)  # each page has a token of its own


@pytest.mark.parametrize("create", [create_app, create_call_app])
def test_no_webhook_answers_without_a_signature(create, empty_database) -> None:
    """Each path is asked: the short way runs the guard of every blueprint."""
    app = create()
    paths = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/voice/") and "POST" in rule.methods and not rule.arguments
    ]
    assert len(paths) > 20
    for path in paths:
        status, _, body = asked(app.wsgi_app, path, FORM)
        assert status == "403 FORBIDDEN", path
        assert b"<Response" not in body


def test_the_short_way_answers_as_flask_does(app, empty_database, monkeypatch) -> None:
    """Status, headers and body of documents, empty answers and refusals."""
    monkeypatch.setattr(voice_webhooks, "reply", lambda *_: document.Document("<Response>grün &amp; rot</Response>"))

    def flasks_way(environ: dict[str, Any], start_response: Any) -> Any:
        return Flask.wsgi_app(app, environ, start_response)

    of_both = {}
    paths = ("/voice/incoming", "/voice/status", "/voice/recording", "/voice/leg/left", "/voice/last-resort/thanks")
    for path in paths:
        for token in (empty_database.auth_token, ""):
            given = path, FORM, token, empty_database.base_url
            of_both[path, bool(token)] = asked(app.wsgi_app, *given)
            assert of_both[path, bool(token)] == asked(flasks_way, *given), given
    assert of_both["/voice/incoming", True][0] == "200 OK"
    assert of_both["/voice/status", True][0] == "204 NO CONTENT"
    assert of_both["/voice/leg/left", True][0] == "404 NOT FOUND"


@pytest.mark.parametrize("path", ["/voice/incoming", "/voice/answer", "/voice/fallback", "/voice/wait"])
def test_a_view_that_breaks_is_answered_by_a_document(app, empty_database, monkeypatch, path: str) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("+4915112345678")

    endpoint = next(rule.endpoint for rule in app.url_map.iter_rules() if rule.rule == path)
    monkeypatch.setitem(app.view_functions, endpoint, breaks)
    status, headers, body = asked(app.wsgi_app, path, FORM, empty_database.auth_token, empty_database.base_url)
    assert status == "200 OK"
    assert headers["Content-Type"] == "text/xml; charset=utf-8"
    assert b"<Response>" in body
    assert b"15112345678" not in body


def test_an_error_that_no_webhook_handles_shows_nothing(app, empty_database, monkeypatch) -> None:
    """The page of the error is made of templates, which need addresses and a session."""

    def breaks() -> None:
        raise RuntimeError("+4915112345678")

    monkeypatch.setitem(app.view_functions, "last_resort.thanks", breaks)
    path = "/voice/last-resort/thanks"
    status, _, body = asked(app.wsgi_app, path, FORM, empty_database.auth_token, empty_database.base_url)
    assert status.startswith("500")
    assert b"15112345678" not in body
    assert b"Traceback" not in body


BODIES = some.one_of(
    some.binary(max_size=80),
    some.lists(some.tuples(some.text(max_size=9), some.text(max_size=9))).map(
        lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogatepass")
    ),
    some.text("ab=&;+%2B0123456789ABCDEFß€\0", max_size=60).map(str.encode),
)
KINDS = some.sampled_from(
    ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8", "text/plain", "",
     "application/json", "multipart/form-data; boundary=x"]
)  # fmt: skip


@search(max_examples=150)
@given(body=BODIES, kind=KINDS)
@example(body=b"a=%FF%fe&b=%C3%BC&c=+&d=%2B&&=x&e&a=1", kind="application/x-www-form-urlencoded")
@example(body=b"a=\xff", kind="application/x-www-form-urlencoded")
@example(body=b"a=" + b"x" * 70_000, kind="application/x-www-form-urlencoded")
def test_a_form_is_read_as_werkzeug_reads_it(body: bytes, kind: str) -> None:
    def environ() -> dict[str, Any]:
        return {
            "REQUEST_METHOD": "POST", "PATH_INFO": "/", "SERVER_NAME": "x", "SERVER_PORT": "80",
            "wsgi.url_scheme": "http", "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }  # fmt: skip

    expected, found, read_before = Request(environ()), CarrierRequest(environ()), CarrierRequest(environ())
    read_before.get_data()
    for one in (found, read_before):
        assert type(one.form) is type(expected.form)
        assert list(one.form.items(multi=True)) == list(expected.form.items(multi=True))
        assert one.fields == expected.form.to_dict()
        assert list(one.files) == list(expected.files) == []
    assert found.get_data() == expected.get_data()


@search(max_examples=80)
@given(query=BODIES)
@example(query=b"a=%FF%fe&b=%C3%BC&c=+&d=%2B&&=x&e&a=1")
@example(query=b"a=\xff")
def test_an_address_is_read_as_werkzeug_reads_it(query: bytes) -> None:
    def read(kind: type[Request]) -> list[tuple[str, str]] | type[Exception]:
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": "/", "SERVER_NAME": "x", "SERVER_PORT": "80",
            "wsgi.url_scheme": "http", "QUERY_STRING": query.decode("latin-1"), "wsgi.input": io.BytesIO(),
        }  # fmt: skip
        try:
            return list(kind(environ).args.items(multi=True))
        except UnicodeDecodeError as error:
            return type(error)

    assert read(CarrierRequest) == read(Request)
