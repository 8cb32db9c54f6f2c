"""SECRET_KEY or a master key was changed and the former one forgotten: pages say so, and what to do."""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree

import pyotp
import pytest
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

from ivr.accounts import mfa, users
from ivr.callbacks.filters import Filters
from ivr.config.settings import settings
from ivr.domain import master_keys
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.privacy import SubjectRequest
from ivr.platform import database, sealed_query
from ivr.platform.sealed_query import CannotOpenSearch
from ivr.privacy import sealed_subjects
from ivr.telephony.agent_webhooks import _tokens
from ivr.web.app import create_app
from tests.support.former_version import FORMER_SECRET, SEARCH_WORDS, SESSION_COOKIE, STAFF_TOKEN
from tests.support.people import PASSWORD, a_task, hire, log_in
from tests.support.secret_keys import FIRST, SECOND, changer
from tests.support.webhook_caller import hotline_of_webhooks

NUMBER = "+4915112345678"


@pytest.fixture
def change(empty_database, monkeypatch: pytest.MonkeyPatch):
    return changer(monkeypatch)


def application(*, csrf: bool = False):
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = csrf
    return app


def browser_of(name: str):
    return log_in(application().test_client(), name)


def test_a_request_of_a_data_subject_that_cannot_be_opened_says_so(change) -> None:
    change(FIRST)
    hire()
    task = a_task(number=NUMBER)
    lena = browser_of("lena")
    asked = {"kind": "erasure", "named": NUMBER, "identity_check": "document"}
    page = lena.post("/supervision/subjects/", data=asked).headers["Location"]
    assert "Rückrufaufträge: 1" in lena.get(page).text
    change(SECOND)
    lena = browser_of("lena")
    answer = lena.get(page)
    assert answer.status_code == 503
    assert "SECRET_KEY_PREVIOUS" in answer.text
    assert "haben wir nichts" not in answer.text
    for step in ("erase", "restrict", "rectify", "data.zip"):
        answer = lena.post(f"{page}/{step}", data={"sure": "1", "name": "X"})
        assert answer.status_code in (404, 503), step
    assert "request 1 of a data subject" in lena.post(f"{page}/erase", data={"sure": "1"}).text
    change(SECOND, FIRST)
    lena = browser_of("lena")
    assert "Rückrufaufträge: 1" in lena.get(page).text
    change(SECOND)
    assert browser_of("lena").post(f"{page}/close").status_code == 302
    with database.reading() as session:
        request = session.scalars(select(SubjectRequest)).one()
        assert (request.state, request.named, task) == ("done", "", task)


def test_a_request_that_the_version_before_sealed_is_opened(change) -> None:
    change(FORMER_SECRET)
    hire()
    with database.writing() as session:
        by = session.scalars(select(User)).first()
        request = SubjectRequest(kind="access", identity_check="document", named=SEARCH_WORDS, opened_by_id=by.id,
                                 opened_at=utc_now(), result="")  # fmt: skip
        session.add(request)
        session.flush()
        assert sealed_subjects.named_in(request) == "Özlem 0421"


def test_a_search_that_was_kept_is_found_again_or_an_error(change) -> None:
    change(FORMER_SECRET)
    assert sealed_query.unseal(SEARCH_WORDS) == "Özlem 0421"
    kept = sealed_query.seal("Özlem")
    assert kept == sealed_query.seal("Özlem"), "the same search has the same address"
    assert Filters.of({"q": kept}).q == "Özlem"
    change(FIRST, FORMER_SECRET)
    assert [sealed_query.unseal(one) for one in (kept, SEARCH_WORDS)] == ["Özlem", "Özlem 0421"]
    hire()
    assert browser_of("mia").get(f"/desk/?q={kept}").status_code == 200
    change(FIRST)
    for changed in (kept, SEARCH_WORDS, kept[:-4] + "AAAA"):
        with pytest.raises(CannotOpenSearch, match="SECRET_KEY_PREVIOUS"):
            sealed_query.unseal(changed)
        answer = browser_of("mia").get(f"/desk/?q={changed}")
        assert answer.status_code == 400
        assert "suchen Sie noch einmal" in answer.text
    for typed in ("~", "~AAAA", "~ ungefähr 23 Zeichen lang", "1. Mai"):
        assert sealed_query.unseal(typed) == typed, "what a person types is no sealed search"


def test_an_authenticator_app_whose_master_key_is_gone_is_an_error_and_no_wrong_code(
    change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIO_MASTER_KEYS", master_keys.new("2025"))
    change(FIRST)
    mia = hire()["mia"]
    with database.writing() as session:
        user = session.get_one(User, mia.id)
        secret = mfa.propose_totp(user)
        codes = mfa.confirm_totp(session, user, pyotp.TOTP(secret).now(), utc_now())
    monkeypatch.setenv("AUDIO_MASTER_KEYS", master_keys.new("2026"))
    change(SECOND, FIRST)
    browser = application().test_client()
    browser.post("/login", data={"username": "mia", "password": PASSWORD})
    answer = browser.post("/login/second-factor", data={"code": pyotp.TOTP(secret).now()})
    assert answer.status_code == 503
    assert "AUDIO_MASTER_KEYS" in answer.text
    assert "Code oder Schlüssel ist falsch" not in answer.text
    assert browser.post("/login/second-factor", data={"recovery_code": codes[0]}).status_code == 302
    assert browser.get("/account/").status_code == 200


def test_a_member_at_the_telephone_is_not_told_that_a_right_code_is_wrong(
    change, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    """Their app cannot be opened, or the key of the call was changed while they keyed: it is our fault."""
    monkeypatch.setenv("AUDIO_MASTER_KEYS", master_keys.new("2025"))
    change(FIRST)
    mia = hire()["mia"]
    with database.writing() as session:
        users.set_pin(session, "mia", "1234", "987654")
        user = session.get_one(User, mia.id)
        secret = mfa.propose_totp(user)
        mfa.confirm_totp(session, user, pyotp.TOTP(secret).now(), utc_now())
    with hotline_of_webhooks(settings(), monkeypatch) as hotline:
        asked = {"CallSid": "CA" + "1" * 32, "From": "+4942198765"}
        document = hotline.post("/voice/staff/pin?number=1234", **asked, Digits="987654")
    address = ElementTree.fromstring(document).find("Gather").get("action")
    monkeypatch.setenv("AUDIO_MASTER_KEYS", master_keys.new("2026"))
    for keys in ((SECOND, FIRST), (SECOND,)):
        change(*keys)
        with hotline_of_webhooks(settings(), monkeypatch) as hotline:
            said = html.unescape(hotline.post(address, **asked, Digits=pyotp.TOTP(secret).now()))
        assert "Das stimmt nicht" not in said, keys
        assert "hat gerade nicht geklappt" in said, keys
        assert "cannot be opened" in caplog.text
        caplog.clear()


def test_log_ins_and_open_forms_outlive_a_change_of_the_key(change) -> None:
    change(FIRST)
    hire()
    app = application(csrf=True)
    before = app.test_client()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', before.get("/login").text)[1]
    change(SECOND, FIRST)
    after = application(csrf=True).test_client()
    after.set_cookie("hotline", before.get_cookie("hotline").value)
    form = {"username": "mia", "password": PASSWORD, "csrf_token": token}
    assert after.post("/login", data=form).status_code == 302, "the form was open while the key was changed"
    assert after.get("/account/").status_code == 200
    change(FIRST)
    stranger = application(csrf=True).test_client()
    stranger.set_cookie("hotline", after.get_cookie("hotline").value)
    assert stranger.get("/account/").status_code == 302, "nobody knows the second key here"


def test_cookies_and_tokens_of_the_version_before_are_read(change) -> None:
    change(FIRST, FORMER_SECRET)
    app = application()
    serializer = app.session_interface.get_signing_serializer(app)
    assert serializer.loads(SESSION_COOKIE) == {"language": "en", "_user_id": "abc"}
    assert _tokens().loads(STAFF_TOKEN) == 7
    assert URLSafeTimedSerializer(FORMER_SECRET, salt="staff").loads_unsafe(_tokens().dumps(7))[0] is False
