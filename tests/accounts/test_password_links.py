"""A link with which somebody chooses a password: an invitation, and for who has forgotten it."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, update

from ivr.accounts import link_mail_job, mfa, notices, password_links, users
from ivr.domain.enums import LinkPurpose, WorkKind
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import AccountLink, User
from ivr.models.audit import AccessLine
from ivr.platform import database
from ivr.platform.work_models import Work
from tests.support.environment import forget_settings
from tests.support.people import PASSWORD

OWN = "my own password 22"


@pytest.fixture
def with_mail(monkeypatch, mailbox, desk):
    """A hotline that can send e-mail; Lena has an address."""
    monkeypatch.setenv("SMTP_URL", mailbox.url)
    forget_settings()
    with database.writing() as session:
        users.set_mail(session, users.named(session, "lena"), "Lena@example.org", utc_now())
    return mailbox


def user(name: str) -> User:
    with database.reading() as session:
        return users.named(session, name)


def send_mails() -> None:
    """What the scheduler does in its next round."""
    with database.reading() as session:
        waiting = session.scalars(select(Work.subject_id).where(Work.kind == WorkKind.SEND_LINK)).all()
    for link_id in waiting:
        link_mail_job.send(link_id)


def link_in(text: str) -> str:
    found = re.findall(r"/login/link/[\w-]+", text)
    assert found, text
    return str(found[0])


def enters(desk, name: str, password: str) -> bool:
    answer = desk().post("/login", data={"username": name, "password": password})
    return bool(answer.status_code == 302 and "second-factor" not in answer.headers["Location"])


def forgets(desk, email: str):
    return desk().post("/login/forgotten", data={"email": email}, follow_redirects=True)


def without_token(page: str) -> str:
    """A page without what protects its forms, which is another one each time."""
    return re.sub(r'(content|value)="[\w.~-]{40,}"', "", page)


def logged() -> list[str]:
    with database.reading() as session:
        lines = session.scalars(select(AccessLine).order_by(AccessLine.number))
        return [str(line.detail) for line in lines if line.action == "user_changed"]


def test_somebody_new_chooses_a_password_with_a_link_that_is_used_once(desk) -> None:
    new = {"username": "neu", "name": "Nele Neu", "role": "member", "team": "benefits"}
    shown = desk("adam").post("/administration/people", data=new)
    link = link_in(shown.text)
    assert link not in desk("adam").get("/administration/people").text, "shown once"
    with database.reading() as session:
        kept = session.scalars(select(AccountLink)).one()
        assert kept.token_hash not in (None, link.rpartition("/")[2]), "the database has no token"
    visitor = desk()
    for _ in range(2):
        assert "neu" in visitor.get(link).text, "looking uses nothing"
    assert "12 Zeichen" in visitor.post(link, data={"new": "short"}, follow_redirects=True).text
    assert visitor.post(link, data={"new": OWN}).headers["Location"] == "/login"
    assert enters(desk, "neu", OWN), "and nothing has to be changed first"
    assert visitor.get(link).status_code == 410
    visitor.post(link, data={"new": "another password 3"})
    assert not enters(desk, "neu", "another password 3")
    assert logged()[-2:] == ["made neu, member, with a link", "own password, with a link"]


def test_a_newer_link_replaces_the_one_before_and_an_old_one_expires(desk) -> None:
    page = f"/administration/people/{user('mia').id}/link"
    first, second = (link_in(desk("adam").post(page).text) for _ in range(2))
    assert desk().get(first).status_code == 410
    assert desk().get(second).status_code == 200
    assert enters(desk, "mia", PASSWORD), "her password is good until she has chosen another one"
    with database.writing() as session:
        session.execute(update(AccountLink).values(expires_at=utc_now() - timedelta(seconds=1)))
    assert desk().post(second, data={"new": OWN}).status_code == 302
    assert not enters(desk, "mia", OWN)
    with database.reading() as session:
        assert [one.by_name for one in notices.unread(session, user("mia").id)] == ["Adam Admin", "Adam Admin"]


def test_a_link_opens_nothing_for_who_does_not_work_here_any_more(desk) -> None:
    link = link_in(desk("adam").post(f"/administration/people/{user('mia').id}/link").text)
    with database.writing() as session:
        users.named(session, "mia").active = False
    assert desk().get(link).status_code == 410
    assert desk("adam").post(f"/administration/people/{user('mia').id}/link").status_code == 404


@pytest.mark.parametrize("name", ["lena", "mia", "dora"])
def test_a_link_that_an_administrator_uses_passes_no_second_factor(desk, name: str) -> None:
    with database.writing() as session:
        person = users.named(session, name)
        mfa.confirm_totp(session, person, pyotp.TOTP(mfa.propose_totp(person)).now(), utc_now())
    adam = desk("adam")
    link = link_in(adam.post(f"/administration/people/{user(name).id}/link").text)
    desk().post(link, data={"new": OWN})
    thief = desk()
    entered = thief.post("/login", data={"username": name, "password": OWN})
    assert "second-factor" in entered.headers["Location"]
    for path in ("/desk/", "/account/", "/reports/"):
        assert thief.get(path).status_code in (302, 404), path
    assert thief.post("/account/app", data={"present": OWN}).status_code in (302, 404)
    with database.reading() as session:
        assert mfa.has_any(session, users.named(session, name))
        assert [one.by_name for one in notices.unread(session, user(name).id)] == ["Adam Admin"]
    assert logged()[-2:] == [f"{name}: link for a new password", "own password, with a link"]


def test_a_forgotten_password_is_chosen_anew_by_mail_and_the_second_factor_stays(desk, with_mail) -> None:
    lena = desk("lena")
    with database.writing() as session:
        person = users.named(session, "lena")
        mfa.confirm_totp(session, person, pyotp.TOTP(mfa.propose_totp(person)).now(), utc_now())
    assert "/login/forgotten" in desk().get("/login").text
    forgets(desk, " LENA@example.org ")
    send_mails()
    (mail,) = with_mail.mails
    assert mail["To"] == "lena@example.org"
    text = mail.get_content()
    assert "Guten Tag Lena Leitung" in text
    assert "Hello Lena Leitung" in text
    assert desk().post(link_in(text), data={"new": OWN}).headers["Location"] == "/login"
    assert lena.get("/desk/").status_code == 302, "who was logged in is not any more"
    second = desk().post("/login", data={"username": "lena", "password": OWN})
    assert "second-factor" in second.headers["Location"]
    assert logged()[-2:] == ["asked for a link: password", "own password, with a link"]


def test_the_answer_does_not_tell_whose_address_it_is(desk, with_mail) -> None:
    known, unknown = (forgets(desk, one) for one in ("lena@example.org", "nobody@example.org"))
    assert without_token(known.text) == without_token(unknown.text)
    assert known.status_code == unknown.status_code == 200
    with database.reading() as session:
        links = session.scalars(select(AccountLink).order_by(AccountLink.id)).all()
        assert [(link.purpose, link.user_id) for link in links] == [
            (LinkPurpose.FORGOTTEN, user("lena").id), (LinkPurpose.FORGOTTEN, None),
        ]  # fmt: skip
    send_mails()
    assert len(with_mail.mails) == 1


def test_who_asks_again_and_again_has_to_wait_whoever_has_the_address(desk, with_mail) -> None:
    for email in ("lena@example.org", "nobody@example.org"):
        answers = [forgets(desk, email).status_code for _ in range(6)]
        assert answers == [200] * 5 + [429], email


def test_without_a_mail_server_there_is_no_forgotten_password(desk) -> None:
    assert "/login/forgotten" not in desk().get("/login").text
    assert desk().get("/login/forgotten").status_code == 404
    assert desk().post("/login/forgotten", data={"email": "lena@example.org"}).status_code == 404


def test_a_repeated_mail_has_another_token(desk, with_mail) -> None:
    forgets(desk, "lena@example.org")
    for _ in range(2):
        send_mails()
    first, second = (link_in(mail.get_content()) for mail in with_mail.mails)
    assert desk().get(first).status_code == 410
    assert desk().get(second).status_code == 200


@pytest.mark.parametrize("email", ["nothing", "a@b@c", "with space@example.org", "x" * 250 + "@example.org"])
def test_what_is_no_address_is_told(desk, with_mail, email) -> None:
    assert "keine E-Mail-Adresse" in forgets(desk, email).text


def test_an_address_is_one_persons_and_changing_it_needs_the_password(desk, with_mail) -> None:
    mia = desk("mia")
    mia.post("/account/mail", data={"email": "mia@example.org", "present": "wrong"})
    assert user("mia").email is None
    answer = mia.post("/account/mail", data={"email": "Lena@Example.org", "present": PASSWORD}, follow_redirects=True)
    assert "jemand anderem" in answer.text
    mia.post("/account/mail", data={"email": "Mia@example.org", "present": PASSWORD})
    assert user("mia").email == "mia@example.org"


def test_links_are_forgotten_after_a_month(desk) -> None:
    with database.writing() as session:
        password_links.invite(session, users.named(session, "mia"), "Adam Admin", utc_now(), by_mail=False)
        password_links.forget(session, utc_now() + timedelta(days=38))
        assert session.scalars(select(AccountLink)).all() == []
