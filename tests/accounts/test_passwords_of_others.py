"""Who may set somebody's password cannot become that person; and the person is told."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from ivr.accounts import mfa, notices, oidc, second_factor_resets, users
from ivr.cli import hotline
from ivr.domain.enums import AccountChange, Role
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import AccountNotice, SecondFactorReset, User
from ivr.models.audit import AccessLine
from ivr.platform import database
from tests.support.people import PASSWORD, hire


def run(*words: str) -> tuple[int, str]:
    """A command line's exit status and what it says."""
    done = CliRunner().invoke(hotline, words)
    return done.exit_code, done.output


FIRST, OWN = "a first password 1", "my own password 22"


@pytest.fixture
def browser(empty_database):
    from ivr.web.app import create_app

    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    hire()
    with database.writing() as session:
        users.add(session, "ada", "Ada Zweit", "administrator", PASSWORD, [])

    def a_browser(username: str = "", password: str = PASSWORD):
        client = app.test_client()
        if username:
            client.post("/login", data={"username": username, "password": password})
        return client

    return a_browser


def user(name: str) -> User:
    with database.reading() as session:
        return session.scalars(select(User).where(User.username == name)).one()


def has_second_factor(name: str) -> None:
    with database.writing() as session:
        person = session.scalars(select(User).where(User.username == name)).one()
        secret = mfa.propose_totp(person)
        mfa.confirm_totp(session, person, pyotp.TOTP(secret).now(), utc_now())


def lost_factor(name: str) -> bool:
    with database.reading() as session:
        return not mfa.has_any(session, user(name))


def wish() -> int:
    with database.reading() as session:
        return session.scalars(select(SecondFactorReset.id)).all()[-1]


def set_password(admin, name: str, **more: str) -> None:
    answer = admin.post(f"/administration/people/{user(name).id}/password", data={"password": FIRST, **more})
    assert answer.status_code == 302


def test_a_password_set_by_others_must_be_changed_before_anything_else(browser) -> None:
    set_password(browser("adam"), "lena")
    lena = browser("lena", FIRST)
    for path in ("/desk/", "/supervision/roster", "/reports/", "/data-subjects/", "/account/app", "/account/codes"):
        answer = lena.get(path) if not path.startswith("/account/") else lena.post(path, data={"present": FIRST})
        assert answer.status_code in (302, 404), path
        assert answer.status_code == 404 or answer.headers["Location"].endswith("/account/"), path
    page = lena.get("/account/").text
    assert "Adam Admin" in page
    assert "Authenticator" not in page
    assert lena.post("/account/password", data={"present": FIRST, "new": FIRST}).headers["Location"] == "/account/"
    assert lena.get("/desk/").status_code == 302, "the same password again is none of her own"
    lena.post("/account/password", data={"present": FIRST, "new": OWN})
    assert browser("lena", OWN).get("/desk/").status_code == 200
    assert browser("lena", FIRST).get("/desk/").status_code == 302


def test_the_person_is_told_by_whom_and_when_until_she_has_read_it(browser) -> None:
    set_password(browser("adam"), "lena")
    browser("lena", FIRST).post("/account/password", data={"present": FIRST, "new": OWN})  # whoever that was
    for _ in range(2):
        lena = browser("lena", OWN)
        told = lena.get("/desk/").text
        assert "Adam Admin: Passwort gesetzt" in told
        assert re.search(r"\d\d\.\d\d\.\d{4} \d\d:\d\d, Adam Admin", told)
    page = lena.get("/account/").text
    last = re.search(r'name="last" value="(\d+)"', page)
    assert last is not None
    lena.post("/account/notices", data={"last": last[1]})
    assert "Adam Admin: Passwort gesetzt" not in browser("lena", OWN).get("/desk/").text
    assert "Adam Admin" in lena.get("/account/").text, "it can be looked up later"


def test_a_first_password_that_nobody_uses_ends(browser) -> None:
    browser("adam").post("/administration/people", data={
        "username": "neu", "name": "Neu", "role": "member", "password": FIRST, "team": "benefits"})  # fmt: skip
    assert browser("neu", FIRST).get("/account/").status_code == 200
    with database.writing() as session:
        session.execute(update(User).where(User.username == "neu").values(
            password_set_at=utc_now() - users.FIRST_PASSWORD_LASTS))  # fmt: skip
    assert browser("neu", FIRST).get("/account/").status_code == 302


def test_a_second_factor_is_removed_by_two_administrators(browser) -> None:
    has_second_factor("lena")
    adam, ada = browser("adam"), browser("ada")
    set_password(adam, "lena", second_factor="1")
    assert not lost_factor("lena"), "one alone asks for it"
    adam.post(f"/administration/people/resets/{wish()}/confirm")
    assert not lost_factor("lena"), "who has asked does not confirm"
    assert "<bdi>Lena Leitung</bdi> (lena) – <bdi>Adam Admin</bdi>" in ada.get("/administration/people").text
    ada.post(f"/administration/people/resets/{wish()}/confirm")
    assert lost_factor("lena")
    assert ada.post(f"/administration/people/resets/{wish()}/confirm").status_code == 404, "once"
    with database.reading() as session:
        told = [(notice.change, notice.by_name) for notice in notices.latest(session, user("lena").id)]
        logged = session.scalars(select(AccessLine.detail)).all()
    assert told[0] == (AccountChange.SECOND_FACTOR_REMOVED, "Adam Admin, Ada Zweit")
    assert (AccountChange.SECOND_FACTOR_ASKED, "Adam Admin") in told
    assert "lena: removal of second factor confirmed" in logged


def test_an_administrator_made_for_the_purpose_confirms_nothing(browser) -> None:
    has_second_factor("lena")
    adam = browser("adam")
    adam.post("/administration/people", data={
        "username": "puppet", "name": "Puppet", "role": "administrator", "password": FIRST})  # fmt: skip
    set_password(adam, "lena", second_factor="1")
    browser("puppet", FIRST).post("/account/password", data={"present": FIRST, "new": OWN})
    puppet = browser("puppet", OWN)
    puppet.post(f"/administration/people/resets/{wish()}/confirm")
    assert not lost_factor("lena")
    set_password(adam, "ada")  # nor another administrator's log-in that was taken over
    browser("ada", FIRST).post("/account/password", data={"present": FIRST, "new": OWN})
    browser("ada", OWN).post(f"/administration/people/resets/{wish()}/confirm")
    assert not lost_factor("lena")


def test_a_person_does_not_confirm_her_own_and_old_wishes_lapse(browser) -> None:
    has_second_factor("ada")
    now = utc_now()
    with database.writing() as session:
        ada = session.scalars(select(User).where(User.username == "ada")).one()
        adam = session.scalars(select(User).where(User.username == "adam")).one()
        asked = second_factor_resets.ask(session, ada, adam, now)
        session.flush()
        assert second_factor_resets.ask(session, ada, adam, now) is asked
        with pytest.raises(second_factor_resets.NeedsAnother):
            second_factor_resets.decide(session, asked, ada, True, now)
        assert second_factor_resets.waiting(session, now + second_factor_resets.LASTS) == []
    assert not lost_factor("ada")


def test_a_refused_wish_changes_nothing(browser) -> None:
    has_second_factor("lena")
    set_password(browser("adam"), "lena", second_factor="1")
    browser("ada").post(f"/administration/people/resets/{wish()}/refuse")
    assert not lost_factor("lena")
    assert "<bdi>Lena Leitung</bdi> (lena) –" not in browser("ada").get("/administration/people").text


def test_the_operators_way_without_a_second_administrator_is_logged_and_told(browser) -> None:
    has_second_factor("lena")
    code, said = run("users", "reset", "lena", "--second-factor", "--password", FIRST, "--reason", "only administrator")
    assert code == 0, said
    assert lost_factor("lena")
    with database.reading() as session:
        assert (
            "reset lena, second factor removed alone: only administrator"
            in session.scalars(select(AccessLine.detail)).all()
        )
        told = {notice.change for notice in notices.unread(session, user("lena").id)}
    assert told == {AccountChange.PASSWORD_SET, AccountChange.SECOND_FACTOR_REMOVED}
    assert browser("lena", FIRST).get("/desk/").headers["Location"].endswith("/account/")


def test_other_changes_of_a_log_in_are_told_as_well(browser) -> None:
    adam, mia = browser("adam"), user("mia")
    adam.post(f"/administration/people/{mia.id}", data={"role": "supervisor", "name": "Mia Mitglied", "active": "1"})
    assert run("users", "pin", "mia", "--number", "4711", "--pin", "13579")[0] == 0
    adam.post(f"/administration/people/{mia.id}", data={"role": "supervisor", "name": "Mia Mitglied"})
    with database.reading() as session:
        told = [(one.change, one.by_name) for one in session.scalars(select(AccountNotice).order_by(AccountNotice.id))]
    assert told == [
        (AccountChange.ROLE_CHANGED, "Adam Admin"), (AccountChange.PIN_SET, "command line"),
        (AccountChange.ACTIVITY_CHANGED, "Adam Admin"),
    ]  # fmt: skip


def test_a_member_chooses_a_pin_that_nobody_else_knows(browser) -> None:
    run("users", "pin", "mia", "--number", "4711", "--pin", "13579")
    mia = browser("mia")
    mia.post("/account/pin", data={"present": "wrong", "pin": "86420"})
    mia.post("/account/pin", data={"present": PASSWORD, "pin": "x1"})
    with database.reading() as session:
        assert users.by_pin(session, "4711", "13579") is not None
    mia.post("/account/pin", data={"present": PASSWORD, "pin": "86420"})
    with database.reading() as session:
        assert users.by_pin(session, "4711", "13579") is None
        assert users.by_pin(session, "4711", "86420") is not None


def test_another_role_by_single_sign_on_is_told(empty_database, monkeypatch) -> None:
    hire()
    settings = empty_database.model_copy(update={"sso_roles": {"m": "member", "s": "supervisor"}})
    monkeypatch.setattr(oidc, "settings", lambda: settings)
    claims = {"iss": "https://id.example", "sub": "7", "preferred_username": "kim"}
    with database.writing() as session:
        kim = oidc.user_of(session, {**claims, "groups": ["m"]})
        assert notices.unread(session, kim.id) == []
        assert oidc.user_of(session, {**claims, "groups": ["s"]}).role == Role.SUPERVISOR
        assert [one.change for one in notices.unread(session, kim.id)] == [AccountChange.ROLE_CHANGED]
        notices.read(session, kim.id, 10**6, utc_now() - timedelta(days=400))
        notices.forget(session, utc_now())
        assert notices.latest(session, kim.id) == []
