"""Getting in, staying in, and being kept out."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, text, update

from ivr.accounts import api_tokens, login_sessions, mfa, users
from ivr.config import settings
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import ApiToken, LogIn, LogInDelay, User
from ivr.platform import database
from ivr.web.app import create_app
from tests.support.people import PASSWORD, hire


@pytest.fixture
def app(empty_database):
    found = create_app()
    found.config["WTF_CSRF_ENABLED"] = False
    hire()
    return found


def tries(browser, username: str = "mia", password: str = PASSWORD, address: str = "10.0.0.1", **extra):
    return browser.post(
        "/login", data={"username": username, "password": password}, environ_overrides={"REMOTE_ADDR": address}, **extra
    )


def user(name: str = "mia") -> User:
    with database.reading() as session:
        return session.scalars(select(User).where(User.username == name)).one()


def is_in(browser, address: str = "10.0.0.1") -> bool:
    return browser.get("/account/", environ_overrides={"REMOTE_ADDR": address}).status_code == 200


def test_passwords_are_argon2id(app) -> None:
    assert user().password_hash.startswith("$argon2id$")


def test_a_log_in_ends_after_thirty_idle_minutes(app) -> None:
    browser = app.test_client()
    tries(browser)
    assert is_in(browser)

    def idle(minutes: int) -> None:
        with database.writing() as session:
            session.execute(update(LogIn).values(used_at=utc_now() - timedelta(minutes=minutes)))

    idle(29)
    for path in ("/desk/?seen=x", "/desk/live/?part=me", "/desk/alerts"):  # the page asks by itself
        assert browser.get(path, environ_overrides={"REMOTE_ADDR": "10.0.0.1"}).status_code in (200, 204)
    with database.reading() as session:
        assert session.scalars(select(LogIn)).one().used_at < utc_now() - timedelta(minutes=28)
    assert is_in(browser)
    with database.reading() as session:
        assert session.scalars(select(LogIn)).one().used_at > utc_now() - timedelta(minutes=1)
    idle(31)
    assert not is_in(browser)


def test_log_out_is_everywhere_and_a_copied_cookie_is_worth_nothing(app) -> None:
    office, phone = app.test_client(), app.test_client()
    tries(office)
    tries(phone, address="10.0.0.2")
    assert is_in(office)
    cookie = office.get_cookie("hotline").value
    office.post("/logout", environ_overrides={"REMOTE_ADDR": "10.0.0.1"})
    assert not is_in(office)
    assert not is_in(phone, "10.0.0.2")
    office.set_cookie("hotline", cookie)
    assert not is_in(office)


def test_who_guesses_waits_longer_and_longer(app) -> None:
    browser, waits = app.test_client(), []
    for _ in range(5):
        assert tries(browser, password="wrong").status_code == 401
    assert tries(browser, password="wrong").status_code == 429
    assert tries(browser).status_code == 429, "the right password has to wait as well"
    for _ in range(4):
        with database.writing() as session:
            delays = session.scalars(select(LogInDelay)).all()
            waits.append(max((one.until_at - one.failed_at).total_seconds() for one in delays))
            session.execute(update(LogInDelay).values(until_at=utc_now()))
        tries(browser, password="wrong")
    assert waits == [30, 60, 120, 240]
    unknown = app.test_client()
    answers = [tries(unknown, "nobody", "x").status_code for _ in range(6)]
    assert answers == [401] * 5 + [429], "a name that does not exist behaves alike"
    with database.writing() as session:
        session.execute(update(LogInDelay).values(until_at=utc_now()))
    assert tries(browser).status_code == 302
    assert is_in(browser)


def test_nobody_is_locked_out_by_others(app) -> None:
    """Somebody elsewhere guesses Mia's password hundreds of times; Mia, at her desk, gets in."""
    mine = app.test_client()
    tries(mine, address="10.0.0.9")
    mine.post("/logout", environ_overrides={"REMOTE_ADDR": "10.0.0.9"})
    with database.writing() as session:
        for number in range(40):
            address = f"10.9.0.{number}"
            login_sessions.attempt(session, login_sessions.of_log_in(session, "mia", address, utc_now()), utc_now())
    assert tries(app.test_client(), address="10.7.7.7").status_code == 429
    assert tries(mine, address="10.0.0.9").status_code == 302


def test_names_and_second_factors_are_counted_apart(app) -> None:
    keys = {
        login_sessions.Delay("log-in", "a", "b").key, login_sessions.Delay("log-in", "a1:b", "").key,
        login_sessions.Delay("second factor", "a", "b").key, login_sessions.Delay("log-in", "ab", "").key,
    }  # fmt: skip
    assert len(keys) == 4
    assert tries(app.test_client(), "mia\0x").status_code == 400


def code_of(secret: str, ahead: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(utc_now().timestamp()) + ahead)


def set_up(browser) -> tuple[str, list[str]]:
    page = browser.post("/account/app", data={"present": PASSWORD}, environ_overrides={"REMOTE_ADDR": "10.0.0.1"}).text
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page)[1]
    assert "<svg" in page
    shown = browser.post(
        "/account/app/confirm", data={"code": code_of(secret)}, environ_overrides={"REMOTE_ADDR": "10.0.0.1"}
    ).text
    return secret, re.findall(r"<code>([A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4})</code>", shown)


def second(browser, **form: str):
    return browser.post("/login/second-factor", data=form, environ_overrides={"REMOTE_ADDR": "10.0.0.1"})


def test_a_second_factor(app) -> None:
    first = app.test_client()
    tries(first)
    secret, codes = set_up(first)
    assert len(codes) == mfa.RECOVERY_CODES
    here = {"REMOTE_ADDR": "10.0.0.1"}
    first.post("/account/app/confirm", data={"code": code_of(secret)}, environ_overrides=here)
    again = first.get("/account/", environ_overrides=here)
    assert "Die App ist eingerichtet" in again.text, "of a double click the second answer is seen, without the codes"
    assert secret not in (user().totp_secret or ""), "kept wrapped"
    browser = app.test_client()
    assert tries(browser).headers["Location"].startswith("/login/second-factor")
    assert not is_in(browser)
    assert second(browser, code=code_of(secret)).status_code == 401, "each code once"
    for wrong in ("000000", "", "１２３４５６", "abc", "9" * 40):
        assert second(browser, code=wrong).status_code in (401, 429)
    with database.writing() as session:
        session.execute(update(LogInDelay).values(until_at=utc_now()))
    assert second(browser, code=code_of(secret, 30)).status_code == 302
    assert is_in(browser)
    other = app.test_client()
    tries(other)
    assert second(other, recovery_code=codes[0].lower().replace("-", " ")).status_code == 302
    again = app.test_client()
    tries(again)
    assert second(again, recovery_code=codes[0]).status_code == 401, "each recovery code once"


def test_second_factors_cannot_be_guessed_without_end(app) -> None:
    first = app.test_client()
    tries(first)
    secret, _ = set_up(first)
    browser = app.test_client()
    tries(browser)
    answers = [second(browser, code="000000").status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]
    assert second(browser, code=code_of(secret, 30)).status_code == 429


def test_half_a_log_in_ends_with_the_password(app) -> None:
    first = app.test_client()
    tries(first)
    secret, _ = set_up(first)
    half = app.test_client()
    tries(half)
    with database.writing() as session:
        users.set_password(session, session.get(User, user().id), "another long password", utc_now())
    assert not is_in(first), "a new password logs out"
    assert second(half, code=code_of(secret, 30)).headers["Location"] == "/login"


def test_a_secret_that_was_never_confirmed_is_not_left_behind(app) -> None:
    browser = app.test_client()
    tries(browser)
    browser.post("/account/app", data={"present": PASSWORD}, environ_overrides={"REMOTE_ADDR": "10.0.0.1"})
    assert user().totp_secret
    with database.writing() as session:
        users.set_password(session, session.get(User, user().id), "another long password", utc_now())
    assert user().totp_secret is None


def test_an_unattended_browser_changes_nothing_without_the_password(app) -> None:
    browser = app.test_client()
    tries(browser)
    where = {"environ_overrides": {"REMOTE_ADDR": "10.0.0.1"}}
    browser.post("/account/app", data={"present": "guess"}, **where)
    assert user().totp_secret is None
    browser.post("/account/password", data={"present": "guess", "new": "x" * 20}, **where)
    assert is_in(browser)
    short = browser.post("/account/password", data={"present": PASSWORD, "new": "short"}, **where)
    assert short.headers["Location"] == "/account/"
    browser.post("/account/password", data={"present": PASSWORD, "new": "a longer password"}, **where)
    assert not is_in(browser)
    assert tries(browser, password="a longer password").status_code == 302


def test_another_master_key_is_no_stack_trace(app, monkeypatch) -> None:
    first = app.test_client()
    tries(first)
    secret, codes = set_up(first)
    with database.writing() as session:
        session.execute(update(User).where(User.username == "mia").values(totp_secret="gone|AAAA"))
    browser = app.test_client()
    tries(browser)
    refused = second(browser, code=code_of(secret, 30))
    assert (refused.status_code, "AUDIO_MASTER_KEYS" in refused.text) == (503, True)
    assert second(browser, recovery_code=codes[1]).status_code == 302


def test_roles_that_need_a_second_factor_see_nothing_before(empty_database, monkeypatch) -> None:
    monkeypatch.setenv("REQUIRE_SECOND_FACTOR", '["member"]')
    settings.settings.cache_clear()
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    hire()
    browser = app.test_client()
    tries(browser)
    answer = browser.get("/desk/", environ_overrides={"REMOTE_ADDR": "10.0.0.1"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/account/")
    set_up(browser)
    assert browser.get("/desk/", environ_overrides={"REMOTE_ADDR": "10.0.0.1"}).status_code == 200


def test_a_wrong_password_is_in_the_log(app) -> None:
    tries(app.test_client(), password="wrong")
    tries(app.test_client())
    with database.reading() as session:
        told = session.execute(text("SELECT action, actor FROM access_log ORDER BY number")).all()
    assert [tuple(one) for one in told] == [("log_in_failed", "Mia Mitglied"), ("log_in", "Mia Mitglied")]


def test_a_wrong_name_takes_as_long_and_is_not_written_down(app) -> None:
    """It may be a password, typed into the wrong field."""
    tries(app.test_client(), username="hunter2hunter2")
    with database.reading() as session:
        told = session.execute(text("SELECT action, actor, address FROM access_log")).all()
        assert "hunter2" not in str(session.execute(text("SELECT * FROM access_log")).all())
    assert [tuple(one) for one in told] == [("log_in_failed", "unknown", "10.0.0.1")]


def test_guesses_sent_at_once_are_counted_one_by_one(app) -> None:
    delays, now, together = [login_sessions.Delay("log-in", "mia", "10.0.0.1")], utc_now(), threading.Barrier(20)

    def guess(_: int) -> int:
        together.wait()
        with database.writing() as session:
            return login_sessions.attempt(session, delays, now)

    with ThreadPoolExecutor(20) as crowd:
        waits = list(crowd.map(guess, range(20)))
    assert waits.count(0) == 5


def test_tokens_have_scopes_and_an_end(app) -> None:
    client, now = app.test_client(), utc_now()
    with database.writing() as session:
        short = api_tokens.new_token(session, "short", now - timedelta(days=2), days=1)
        good = api_tokens.new_token(session, "good", now)
        for wrong in ({"days": 0}, {"days": 3650}, {"scopes": ("everything",)}, {"scopes": ()}):
            with pytest.raises(ValueError, match="token"):
                api_tokens.new_token(session, f"wrong {wrong}", now, **wrong)

    def status(token: str) -> int:
        return client.get("/api/v1/tasks", headers={"Authorization": f"Bearer {token}"}).status_code

    assert (status(short), status(good), status("x"), status("")) == (401, 200, 401, 401)
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM api_tokens WHERE token_hash = :t"), {"t": good}) == 0
        assert session.scalar(text("SELECT last_used_at FROM api_tokens WHERE name = 'good'")) is not None
    with database.writing() as session:
        api_tokens.revoke_token(session, "good", now)
    assert status(good) == 401


def test_the_administrator_makes_changes_and_resets(app) -> None:
    adam = app.test_client()
    tries(adam, "adam")
    where = {"environ_overrides": {"REMOTE_ADDR": "10.0.0.1"}}
    new = {"username": "neu", "name": "Nele Neu", "role": "member", "team": "benefits", "password": "first password"}
    adam.post("/administration/people", data=new, **where)
    assert (user("neu").name, [team.key for team in user("neu").teams]) == ("Nele Neu", ["benefits"])
    adam.post("/administration/people", data=new, **where)
    assert "vergeben" in adam.get("/administration/people", **where).text
    changed = {"name": "Nele Neu", "role": "supervisor", "team": ["benefits", "youth"], "active": "1"}
    adam.post(f"/administration/people/{user('neu').id}", data=changed, **where)
    assert ({team.key for team in user("neu").supervised}, user("neu").teams) == ({"benefits", "youth"}, [])
    own = {"name": "Adam", "role": "member", "active": "1"}
    adam.post(f"/administration/people/{user('adam').id}", data=own, **where)
    assert user("adam").role == "administrator", "nobody takes their own role away"
    adam.post(f"/administration/people/{user('neu').id}/password", data={"password": "second password"}, **where)
    assert tries(app.test_client(), "neu", "second password").status_code == 302
    made = adam.post(
        "/administration/programs", data={"name": "archiv", "days": "30", "scope": "callers"}, **where
    ).text
    token = re.search(r"<code>([\w-]{40,})</code>", made)[1]
    assert app.test_client().get("/api/v1/tasks", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    with database.reading() as session:
        assert session.scalars(select(ApiToken.scopes)).all() == [["tasks"]]
    shown = adam.get("/administration/settings", **where).text
    assert "secret_key" in shown
    assert settings.settings().secret not in shown


def test_addresses_behind_a_proxy(empty_database, monkeypatch) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    settings.settings.cache_clear()
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    hire()
    app.test_client().post(
        "/login", data={"username": "mia", "password": PASSWORD}, headers={"X-Forwarded-For": "1.2.3.4, 203.0.113.7"}
    )
    with database.reading() as session:
        assert session.scalars(select(LogIn.address)).all() == ["203.0.113.7"]
