"""Single sign-on with a real provider: who gets in, as what, and who does not."""

from __future__ import annotations

import html
import re
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests
from sqlalchemy import select, text
from werkzeug.serving import make_server

from ivr.accounts import oidc
from ivr.models.accounts import User
from ivr.platform import database
from ivr.web.app import create_app
from tests.support.environment import forget_settings
from tests.support.identity_provider import PASSWORD
from tests.support.people import hire
from tests.support.servers import QuietRequestHandler, free_port
from tests.support.waiting import eventually

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def ports():
    provider, port = free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.support.identity_provider", str(provider),
         f"http://localhost:{port}/login/sso/back"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def answers() -> bool:
        try:
            return requests.get(f"http://localhost:{provider}/.well-known/openid-configuration", timeout=5).ok
        except requests.RequestException:
            return False

    eventually(answers, 60, 0.2)
    yield provider, port
    process.kill()
    process.wait()


@pytest.fixture
def hotline_url(empty_database, ports, monkeypatch):
    provider, port = ports
    for name, value in {
        "PUBLIC_BASE_URL": f"http://localhost:{port}",
        "SSO_ISSUER": f"http://localhost:{provider}",
        "SSO_CLIENT_ID": "hotline",
        "SSO_CLIENT_SECRET": "s" * 32,
        "SSO_SCOPE": "openid profile email groups",
        "SSO_ROLES": '{"hotline-leitung": "supervisor", "hotline-benefits": "member"}',
        "SSO_TEAMS": '{"hotline-leitung": ["benefits", "youth"], "hotline-benefits": ["benefits"]}',
    }.items():
        monkeypatch.setenv(name, value)
    forget_settings()
    hire()
    server = make_server("localhost", port, create_app(), threaded=True, request_handler=QuietRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{port}"
    server.shutdown()
    server.server_close()


def through_the_provider(
    hotline_url: str, name: str, browser: requests.Session | None = None, wanted: str = ""
) -> requests.Response:
    """As a person would: our button, the provider's two pages, and back."""
    browser = browser or requests.Session()
    answer = browser.get(f"{hotline_url}/login/sso", params={"next": wanted}, timeout=20)
    for field, value in (("login", name), ("password", PASSWORD)):
        if f'name="{field}"' not in answer.text:
            break  # the provider still knows them
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.text)[1]
        answer = browser.post(answer.url, data={"csrf_token": token, field: value}, timeout=20)
    return answer


def user(name: str) -> User | None:
    with database.reading() as session:
        return session.scalar(select(User).where(User.username == name))


def test_role_and_teams_follow_the_claims(hotline_url) -> None:
    assert "Single Sign-on" in requests.get(f"{hotline_url}/login", timeout=10).text
    browser = requests.Session()
    answer = through_the_provider(hotline_url, "sina", browser)
    assert (answer.status_code, urlsplit(answer.url).path) == (200, "/desk/")
    sina = user("sina")
    assert (sina.name, sina.role, {team.key for team in sina.supervised}) == (
        "Sina Sommer", "supervisor", {"benefits", "youth"},
    )  # fmt: skip
    assert browser.get(f"{hotline_url}/supervision/figures/", timeout=10).status_code == 200
    kim = through_the_provider(hotline_url, "kim")
    assert urlsplit(kim.url).path == "/desk/"
    assert (user("kim").role, [team.key for team in user("kim").teams]) == ("member", ["benefits"])
    again = through_the_provider(hotline_url, "kim")
    assert again.status_code == 200
    with database.reading() as session:
        assert len(session.scalars(select(User).where(User.username == "kim")).all()) == 1
        told = session.scalars(text("SELECT detail FROM access_log WHERE action = 'log_in' ORDER BY number")).all()
    assert told == ["single sign-on"] * 3


def test_one_comes_to_the_page_one_wanted(hotline_url) -> None:
    browser = requests.Session()
    asked = browser.get(f"{hotline_url}/supervision/figures/", timeout=10)
    wanted = parse_qs(urlsplit(asked.url).query)["next"][0]
    assert f"/login/sso?next={wanted}" in html.unescape(asked.text).replace("%2F", "/")
    assert urlsplit(through_the_provider(hotline_url, "sina", browser, wanted).url).path == "/supervision/figures/"
    elsewhere = through_the_provider(hotline_url, "kim", wanted="//elsewhere.example/desk")
    assert elsewhere.url == f"{hotline_url}/desk/"


def test_who_has_no_role_does_not_get_in(hotline_url) -> None:
    answer = through_the_provider(hotline_url, "otto")
    assert urlsplit(answer.url).path == "/login"
    assert "keinen Zugang" in answer.text
    assert user("otto") is None


def test_a_password_never_fits_who_comes_by_single_sign_on(hotline_url) -> None:
    through_the_provider(hotline_url, "kim")
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    for password in ("!", "", PASSWORD):
        browser = app.test_client()
        browser.post("/login", data={"username": "kim", "password": password})
        assert "/login" in browser.get("/desk/").headers["Location"]


def test_who_was_deactivated_here_stays_out(hotline_url) -> None:
    through_the_provider(hotline_url, "kim")
    with database.writing() as session:
        session.scalars(select(User).where(User.username == "kim")).one().active = False
    assert urlsplit(through_the_provider(hotline_url, "kim").url).path == "/login"


def test_an_answer_nobody_asked_for_is_refused(hotline_url) -> None:
    """Replayed, or sent to somebody else's browser."""
    browser = requests.Session()
    first = browser.get(f"{hotline_url}/login/sso", allow_redirects=False, timeout=10)
    asked = parse_qs(urlsplit(first.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["nonce"]
    for query in ("code=x&state=y", f"code=x&state={asked['state'][0]}", "error=access_denied", ""):
        answer = requests.get(f"{hotline_url}/login/sso/back?{query}", timeout=10)
        assert urlsplit(answer.url).path == "/login"
        assert answer.status_code == 200
    answer = browser.get(f"{hotline_url}/login/sso/back?code=wrong&state={asked['state'][0]}", timeout=10)
    assert urlsplit(answer.url).path == "/login"


def test_a_name_that_belongs_to_a_password_is_not_taken_over(hotline_url) -> None:
    with database.writing() as session:
        claims = {"iss": "x", "sub": "1", "preferred_username": "mia", "groups": ["hotline-leitung"]}
        with pytest.raises(oidc.NotMapped):
            oidc.user_of(session, claims)


def test_without_the_provider_one_is_told(hotline_url, monkeypatch) -> None:
    monkeypatch.setenv("SSO_ISSUER", "http://localhost:1")
    forget_settings()
    client = create_app().test_client()
    answer = client.get("/login/sso", follow_redirects=True)
    assert "antwortet nicht" in answer.text
    assert urljoin("http://localhost", answer.request.path).endswith("/login")
