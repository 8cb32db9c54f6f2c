"""Who guesses passwords is held up; nobody else is: no colleague, no owner, no office behind one address."""

from __future__ import annotations

import pyotp
import pytest
from sqlalchemy import select

from ivr.accounts import api_tokens, mfa
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.platform import database
from ivr.web.app import create_app
from tests.support.people import PASSWORD, hire

#: The office, behind one address; and somewhere else.
OFFICE, ELSEWHERE = "10.0.0.1", "203.0.113.9"


@pytest.fixture
def app(empty_database):
    found = create_app()
    found.config["WTF_CSRF_ENABLED"] = False
    hire()
    return found


def tries(browser, username: str, password: str = PASSWORD, address: str = OFFICE, **headers: str) -> int:
    """A log-in; 302 if it was right, 401 if wrong, 429 if nothing was tried."""
    data = {"username": username, "password": password}
    return browser.post(
        "/login", data=data, environ_overrides={"REMOTE_ADDR": address}, headers=headers
    ).status_code  # fmt: skip


@pytest.mark.parametrize("names", [["mia"], ["mia", "lena", "nobody"], [f"nobody {number}" for number in range(70)]])
def test_a_colleague_gets_in_while_somebody_guesses_at_the_same_address(app, names: list[str]) -> None:
    guesser = app.test_client()
    said = {tries(guesser, names[number % len(names)], f"wrong {number}") for number in range(70)}
    assert said <= {401, 429}
    assert tries(app.test_client(), "sven") == 302
    assert tries(app.test_client(), "nils") == 302


def test_the_guesser_is_held_up_for_the_name_that_is_guessed(app) -> None:
    said = [tries(app.test_client(), "mia", f"wrong {number}") for number in range(10)]
    assert said == [401] * 5 + [429] * 5
    assert tries(app.test_client(), "mia", PASSWORD, ELSEWHERE) == 302, "the owner, from elsewhere"


def test_another_address_of_the_same_network_is_no_new_guesser(app) -> None:
    """Whoever has IPv6 has as many addresses as they like; and IPv4 is the same however it is written."""
    said = [tries(app.test_client(), "mia", f"wrong {n}", f"2001:db8:1:2::{n:x}") for n in range(10)]
    assert said == [401] * 5 + [429] * 5
    assert tries(app.test_client(), "mia", PASSWORD, "2001:db8:1:3::1") == 302, "the owner, from the next network"
    said = [tries(app.test_client(), "lena", "wrong", address) for address in [ELSEWHERE, f"::ffff:{ELSEWHERE}"] * 3]
    assert said == [401] * 5 + [429]


def test_an_owner_whose_address_changes_within_her_network_is_at_a_known_place(app) -> None:
    assert tries(app.test_client(), "mia", PASSWORD, "2001:db8:7:7::1") == 302
    for number in range(35):  # by many others
        tries(app.test_client(), "mia", "wrong", f"198.51.100.{number}")
    assert tries(app.test_client(), "mia", PASSWORD, "2001:db8:7:7:a:b:c:d") == 302


def test_who_has_logged_in_with_a_browser_before_is_let_in_while_others_guess(app) -> None:
    mine = app.test_client()
    assert tries(mine, "mia") == 302
    mine.post("/logout", environ_overrides={"REMOTE_ADDR": OFFICE})
    for number in range(20):
        tries(app.test_client(), "mia", f"wrong {number}")  # at the next desk
    for number in range(60):
        tries(app.test_client(), "mia", f"wrong {number}", f"198.51.100.{number}")  # from everywhere
    assert tries(app.test_client(), "mia") == 429
    assert tries(mine, "mia") == 302
    assert tries(mine, "mia", PASSWORD, ELSEWHERE) == 302, "the browser has travelled"


def test_a_known_browser_guesses_no_more_than_another(app) -> None:
    mine = app.test_client()
    tries(mine, "mia")
    assert [tries(mine, "mia", f"wrong {number}") for number in range(7)] == [401] * 5 + [429] * 2
    assert [tries(mine, "lena", f"wrong {number}") for number in range(7)] == [401] * 5 + [429] * 2, "of one user only"


@pytest.mark.parametrize("cookie", ["", "nonsense", "W10.Zz.zz", "\u00e4"])
def test_a_forged_browser_is_an_unknown_one(app, cookie: str) -> None:
    browser = app.test_client()
    browser.set_cookie("hotline-device", cookie, path="/login")
    assert [tries(browser, "mia", f"wrong {number}") for number in range(6)][-1] == 429


@pytest.mark.since("ci")
def test_an_office_logs_in_at_eight(app) -> None:
    assert {tries(app.test_client(), "mia") for _ in range(100)} == {302}


def test_nobody_states_another_address(app) -> None:
    """Without a configured proxy the header is worth nothing."""
    said = [tries(app.test_client(), "mia", f"wrong {number}", **{"X-Forwarded-For": f"198.51.100.{number}"})
            for number in range(7)]  # fmt: skip
    assert said[-1] == 429


def test_who_knows_the_password_does_not_lock_the_owner_out_at_the_second_factor(app) -> None:
    with database.writing() as session:
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        secret = mfa.propose_totp(mia)
        codes = mfa.confirm_totp(session, mia, pyotp.TOTP(secret).now(), utc_now())

    def code(browser, address: str, **data: str) -> int:
        answer = browser.post("/login/second-factor", data=data, environ_overrides={"REMOTE_ADDR": address})
        return answer.status_code

    thief = app.test_client()
    assert tries(thief, "mia", PASSWORD, ELSEWHERE) == 302
    assert [code(thief, ELSEWHERE, code=f"00000{number % 10}") for number in range(7)] == [401] * 5 + [429] * 2
    mine = app.test_client()
    tries(mine, "mia")
    assert code(mine, OFFICE, recovery_code=codes[0]) == 302
    for number in range(40):
        thief = app.test_client()
        tries(thief, "mia", PASSWORD, f"198.51.100.{number}")
        last = code(thief, f"198.51.100.{number}", code="000000")
    assert last == 429, "nor is it guessed from many addresses"
    tries(mine, "mia")
    assert code(mine, OFFICE, recovery_code=codes[1]) == 302


def test_a_right_token_is_taken_while_others_at_its_address_are_wrong(app) -> None:
    with database.writing() as session:
        token = api_tokens.new_token(session, "report", utc_now())
    browser = app.test_client()
    for number in range(620):
        browser.get("/api/v1/tasks", headers={"Authorization": f"Bearer wrong {number % 3}"})
    assert browser.get("/api/v1/tasks", headers={"Authorization": f"Bearer {token}"}).status_code == 200
