"""What browsers are told, what is limited, and what leads nowhere."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import requests

from ivr.domain.permissions import CARRIER, permission_of
from ivr.web import rate_limits
from ivr.web.app import create_app
from tests.support.people import PASSWORD, hire, log_in

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def app(empty_database):
    found = create_app()
    hire()
    return found


def token_of(page: str) -> str:
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]


def test_every_answer_has_its_headers(app) -> None:
    client = app.test_client()
    for path in ("/login", "/nowhere", "/healthz", "/desk/", "/api/v1/tasks", "/static/app.css", "/voice/"):
        answer = client.get(path)
        answer.close()
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert {"default-src 'self'", "frame-ancestors 'none'", "object-src 'none'", "form-action 'self'"} <= set(
            policy.split("; ")
        )
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    cookies = client.get("/login").headers.getlist("Set-Cookie")
    cookie = next(one for one in cookies if one.startswith("hotline="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_no_page_has_script_or_style_within(app) -> None:
    """The policy would block it; so nobody relies on it."""
    for path in (ROOT / "ivr" / "web" / "templates").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path
        assert not re.search(r"<[a-z][^>{]*\s(on[a-z]+|style)=|javascript:", text), path


def test_every_form_needs_its_token(app) -> None:
    client = app.test_client()
    page = client.get("/login").text
    assert client.post("/login", data={"username": "mia", "password": PASSWORD}).status_code == 400
    form = {"username": "mia", "password": PASSWORD, "csrf_token": token_of(page)}
    assert client.post("/login", data=form).status_code == 302
    for rule in app.url_map.iter_rules():
        permission = permission_of(rule.endpoint)
        if "POST" not in rule.methods or CARRIER in permission.who or rule.endpoint.startswith(("softphone", "api.")):
            continue  # programs show a token of their own
        numbers = {text for is_name, text in rule._trace if is_name and f"int:{text}>" in rule.rule}
        values = {name: 1 if name in numbers else "x" for name in rule.arguments}
        address = rule.build(values, append_unknown=False)[1]
        assert client.post(address).status_code == 400, rule


def test_who_asks_too_often_has_to_wait(empty_database, monkeypatch) -> None:
    monkeypatch.setattr(rate_limits, "_LOG_IN", "3 per minute")
    monkeypatch.setattr(rate_limits, "_EVERYBODY", "10 per minute")
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    while time.time() % 60 > 50:  # all within one minute
        time.sleep(1)
    answers = [client.post("/login", data={"username": "x", "password": "y"}).status_code for _ in range(4)]
    assert answers == [401, 401, 401, 429]
    other = app.test_client().post(
        "/login", data={"username": "x", "password": "y"}, environ_overrides={"REMOTE_ADDR": "10.0.0.8"},
        headers={"Authorization": "Bearer x"},
    )  # fmt: skip
    assert other.status_code == 401, "another address is another"
    assert [client.get("/login").status_code for _ in range(11)][-1] == 429
    assert "Zu viele" in client.get("/login").text
    assert [client.get("/healthz").status_code for _ in range(20)] == [200] * 20
    assert [client.post("/voice/").status_code for _ in range(20)][-1] in (403, 404, 405)


def test_limits_are_shared_by_hosts_and_redis_holds_no_address(hotline) -> None:
    from ivr.platform import job_queue

    for _ in range(5):
        requests.get(f"{hotline.url}/login", timeout=10)
    connection = job_queue.patient()
    keys = [key.decode() for key in connection.scan_iter("*limits*")]
    assert keys
    assert not [key for key in keys if "127.0.0.1" in key]
    connection.close()


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "\\\\evil", "javascript:alert(1)",
     "/%0d%0aX: y", "http:evil.example", "///evil.example"],
)  # fmt: skip
def test_nothing_leads_to_another_site(app, target: str) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    for path, form in (("/login", {"username": "mia", "password": PASSWORD}), ("/language", {"next": target})):
        answer = app.test_client().post(path, query_string={"next": target}, data=form)
        location = answer.headers["Location"]
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\", "/\t")), location
        assert "X" not in answer.headers


def test_uploads_and_forms_have_an_end(app) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    lena = log_in(app.test_client(), "lena")
    for path, size in (("/studio/de/greeting/recording", 5_000_000), ("/desk/search", 1_200_000)):
        for kind in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
            answer = lena.post(path, data=b"q=" + b"x" * size, content_type=kind)
            assert answer.status_code == 413, (path, kind)


def test_fetching_goes_nowhere_an_event_names(empty_database) -> None:
    """The carrier's events name addresses of recordings; ours are built from ids (SSRF)."""
    from ivr.carrier import client as carrier
    from ivr.carrier import media

    assert media.media_url("../../../evil.example/x").startswith(carrier.base_url())
    for path in (ROOT / "ivr").rglob("*.py"):
        assert "RecordingUrl" not in path.read_text(encoding="utf-8") or "local_carrier" in str(path), path


def test_error_pages_tell_nothing(app, monkeypatch) -> None:
    from ivr.callbacks import queries

    app.config["WTF_CSRF_ENABLED"] = False
    mia = log_in(app.test_client(), "mia")

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("+4915112345678")

    monkeypatch.setattr(queries, "in_view", breaks)
    answer = mia.get("/desk/")
    assert answer.status_code == 500
    assert "15112345678" not in answer.text
    assert "Traceback" not in answer.text
