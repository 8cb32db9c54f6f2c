"""The telephone window over HTTP: who may have one, what it is told, and what its policy lets it connect to."""

from __future__ import annotations

from collections.abc import Callable

import jwt
import pytest
from flask.testing import FlaskClient

from ivr.carrier import client_tokens
from ivr.config.carrier import Carrier
from ivr.config.installation import Installation
from ivr.config.settings import settings
from ivr.domain import client_passes
from ivr.domain.enums import Refusal
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.contact_centre import Presence
from ivr.platform import database
from tests.support.environment import forget_settings

ONE, TWO = "window-one", "window-two"
KEY, SECRET = "SK" + "a1" * 16, "the secret of that key, 32 chars"


@pytest.fixture
def mia(desk: Callable[..., FlaskClient]) -> FlaskClient:
    return desk("mia")


def alive(browser: FlaskClient, window: str = ONE) -> dict[str, object]:
    return browser.post("/desk/telephone/alive", data={"window": window}).json


def test_a_window_becomes_the_telephone_and_is_so_until_another_takes_over(mia: FlaskClient) -> None:
    assert alive(mia)["mine"] is False
    assert mia.post("/desk/telephone/on", data={"window": ONE, "language": ["de", "en", "xx"]}).status_code == 200
    assert {"mine": True, "state": "available", "call": None}.items() <= alive(mia).items()
    refused = mia.post("/desk/telephone/on", data={"window": TWO})
    assert (refused.status_code, refused.json["reason"]) == (409, "other_window")
    assert (
        mia.post("/desk/telephone/on", data={"window": TWO, "from_another": "1", "language": "en"}).status_code == 200
    )
    assert (alive(mia, ONE)["mine"], alive(mia, TWO)["mine"]) == (False, True)
    with database.reading() as session:
        here = session.query(Presence).one()
        assert (here.number, here.languages) == (f"client:member_{here.user_id}", ["de", "en"])
    for page in ("/desk/live/", "/desk/live/bar"):
        assert "client:" not in mia.get(page).text
    assert "Browserfenster" in mia.get("/desk/live/bar").text
    mia.post("/desk/telephone/off", data={"window": TWO})
    assert alive(mia, TWO)["mine"] is False


def test_a_number_takes_the_place_of_the_window(mia: FlaskClient) -> None:
    mia.post("/desk/telephone/on", data={"window": ONE})
    mia.post("/desk/live/come", data={"number": "0421 98765"})
    assert alive(mia)["mine"] is False
    with database.reading() as session:
        assert session.query(Presence).one().number == "+4942198765"


def test_who_logs_out_is_told_so_in_the_window(mia: FlaskClient) -> None:
    mia.post("/desk/telephone/on", data={"window": ONE})
    mia.post("/logout")
    assert mia.post("/desk/telephone/alive", data={"window": ONE}).status_code == 302
    with database.reading() as session:
        assert session.query(Presence).one().state == "offline"


@pytest.mark.parametrize("window", ["", "short", "with space", "x" * 40, "<script>"])
def test_what_is_no_window_is_refused(mia: FlaskClient, window: str) -> None:
    for path in ("on", "off", "alive", "closes"):
        assert mia.post(f"/desk/telephone/{path}", data={"window": window}).status_code == 400


def test_nothing_is_declined_while_nothing_rings(mia: FlaskClient) -> None:
    assert mia.post("/desk/telephone/decline", data={"no_microphone": "1"}).json == {"done": True}


@pytest.mark.parametrize("reason", [Refusal.NO_CLIENTS, Refusal.NO_CLIENT_KEY])
def test_where_no_browser_can_be_rung_the_pages_say_so(
    mia: FlaskClient, monkeypatch: pytest.MonkeyPatch, reason: Refusal
) -> None:
    monkeypatch.setattr(client_tokens, "why_not", lambda: reason)
    refused = mia.post("/desk/telephone/on", data={"window": ONE})
    assert (refused.status_code, refused.json["reason"]) == (409, reason)
    for path in ("/desk/telephone/", "/desk/live/"):
        page = mia.get(path).text
        assert refused.json["said"] in page
        assert "browser-telephone.js" not in page
        assert "data-telephone-window" not in page


def test_in_local_mode_the_window_connects_to_nobody_else(mia: FlaskClient) -> None:
    page = mia.get("/desk/telephone/")
    assert "connect-src" not in page.headers["Content-Security-Policy"]
    assert "twilio.min.js" not in page.text
    with database.reading() as session:
        user_id = session.query(User).filter_by(username="mia").one().id
    token = mia.post("/desk/telephone/token").json["token"]
    keys = (settings().auth_token,)
    assert client_passes.identity_in(keys, token, utc_now()) == f"member_{user_id}"
    assert client_passes.identity_in(keys, token, utc_now() + client_tokens.LIFETIME) == ""


@pytest.mark.parametrize("given", ["", "x", "member_1.1.", "member_1.x.y", "\udc00", "ä.1.b"])
def test_what_is_no_pass_is_of_nobody(given: str) -> None:
    assert client_passes.identity_in(("a key",), given, utc_now()) == ""


@pytest.fixture
def with_account(mia: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """The pages as they are with an account at Twilio."""
    account = {"TWILIO_ACCOUNT_SID": "AC" + "b2" * 16, "TWILIO_API_KEY": KEY, "TWILIO_API_SECRET": SECRET}
    for name, value in account.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://hotline.example.org")
    monkeypatch.setenv("REQUIRE_SECOND_FACTOR", "[]")
    forget_settings()
    settings()  # which are those of local mode; production would need many more
    monkeypatch.setattr(Installation, "local", property(lambda _: False))
    monkeypatch.setattr(Carrier, "has_exchange", property(lambda _: False))
    mia.application.config["LOCAL"] = False
    return mia


def test_with_an_account_the_library_and_its_servers_are_named_on_this_page_alone(with_account: FlaskClient) -> None:
    page = with_account.get("/desk/telephone/")
    policy = page.headers["Content-Security-Policy"]
    assert "connect-src 'self' wss://voice-js.roaming.twilio.com https://eventgw.twilio.com" in policy
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "twilio.min.js" in page.text
    other = with_account.get("/desk/live/")
    assert "twilio" not in other.headers["Content-Security-Policy"]
    assert "twilio.min.js" not in other.text


def test_with_an_account_a_window_gets_a_token_of_its_member(with_account: FlaskClient) -> None:
    answer = with_account.post("/desk/telephone/token")
    claims = jwt.decode(answer.json["token"], SECRET, algorithms=["HS256"])
    with database.reading() as session:
        user_id = session.query(User).filter_by(username="mia").one().id
    assert claims["grants"]["identity"] == f"member_{user_id}"
    assert "no-store" in answer.headers["Cache-Control"]
    assert with_account.post("/desk/telephone/exchange/register").status_code == 404
