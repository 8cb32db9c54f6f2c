"""Who tries codes and PINs: a stranger finds none, and nobody else is refused for it."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from ivr.accounts import mfa, staff_telephones, users
from ivr.callbacks import guessing
from ivr.config import settings
from ivr.domain import receipt_codes
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.alerts import AlertMessage, HouseAlarm
from ivr.models.calls import CodeTry
from ivr.models.contact_centre import Presence
from ivr.platform import database
from tests.support.people import a_task, hire, the_task
from tests.support.webhook_call import WebhookCall, carrier

STAFF = "+494211782668"
DESK = "+494211234567"
ELSEWHERE = "+4917611111111"
ALERTS = '[{"name": "house", "to": "sms:+4915112345678", "events": ["guessing"]}]'


@pytest.fixture
def hotline(empty_database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CODE_TRIES_WITHHELD", "6")
    monkeypatch.setenv("CODE_TRIES_OVERALL", "12")
    monkeypatch.setenv("STAFF_NUMBER", STAFF)
    monkeypatch.setenv("ALERTS", ALERTS)
    settings.settings.cache_clear()
    return carrier()


def asks(client, from_: str = "anonymous") -> WebhookCall:
    """Somebody rings, and is asked for a receipt code."""
    person = WebhookCall(client, from_).rings()
    if "Deutsch eins" in person.heard:
        person.presses("1")
    return person.presses("3", "4").hears("enter_code")


def wrong() -> str:
    return receipt_codes.draw()


def alarms() -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(HouseAlarm.event)))


def test_a_right_code_counts_at_the_first_try_whatever_strangers_have_tried(hotline) -> None:
    """A guesser rings again and again, withheld and with made-up numbers."""
    code = the_task(a_task()).receipt_code
    for number in ("anonymous", *(f"+4917622{guess:06d}" for guess in range(12))):
        for _ in range(3):
            guesser = asks(hotline, number).presses(wrong())
            while "finden wir nicht" in guesser.heard:
                guesser.presses(wrong())
            guesser.hears("code_locked")
    for number in ("anonymous", ELSEWHERE, "+4917622000000"):
        asks(hotline, number).presses(code).hears("request_open")


def test_a_guesser_has_one_try_a_call_as_soon_as_the_house_notices(hotline) -> None:
    for _ in range(2):
        guesser = asks(hotline)
        for _ in range(3):
            guesser.presses(wrong()).hears("code_unknown", "enter_code")
    assert alarms() == ["guessing"]
    later = asks(hotline).presses(wrong()).hears("code_unknown", "enter_code")
    later.presses(wrong()).hears("code_locked")
    shown = asks(hotline, ELSEWHERE)
    for _ in range(3):  # who shows a number is counted apart
        shown.presses(wrong()).hears("code_unknown", "enter_code")


def test_a_number_that_has_tried_too_much_has_one_try_a_call(hotline) -> None:
    guesser = asks(hotline, ELSEWHERE)
    for _ in range(5):
        guesser.presses(wrong()).hears("code_unknown")
    guesser.presses(wrong()).hears("code_locked")
    asks(hotline, ELSEWHERE).presses(wrong()).hears("code_unknown").presses(wrong()).hears("code_locked")
    others = asks(hotline, DESK)
    others.presses(wrong()).hears("code_unknown").presses(wrong()).hears("code_unknown")


def test_the_house_is_told_once_an_hour_and_not_of_a_few_slips(hotline) -> None:
    now = utc_now()
    who = guessing.Guesser(None, "CA1")
    with database.writing() as session:
        for _ in range(5):
            guessing.note(session, who, now)
        assert session.scalars(select(AlertMessage)).all() == []
        for minutes in range(0, 130, 10):
            guessing.note(session, who, now + timedelta(minutes=minutes))
        for _ in range(20):
            guessing.note(session, who, now + timedelta(minutes=121))
        told = session.scalars(select(AlertMessage).order_by(AlertMessage.id)).all()
        assert [(one.created_at - now) >= timedelta(hours=1) for one in told] == [False, True, True][: len(told)]
        assert len(told) >= 2
        guessing.forget(session, now + timedelta(hours=4))
        assert session.scalars(select(CodeTry)).all() == []


# -- team members ------------------------------------------------------------------------------------


@pytest.fixture
def team(hotline):
    """Two members have PINs, and a telephone on their desk."""
    hire()
    with database.writing() as session:
        users.set_pin(session, "mia", "1234", "987654")
        users.set_pin(session, "nils", "2345", "876543")
        staff_telephones.add(session, DESK, "", "Front desk", utc_now())
    return hotline


def logs_in(client, number: str, pin: str, from_: str = DESK, app: str = "") -> WebhookCall:
    person = WebhookCall(client, from_, To=STAFF).rings().presses(number, pin)
    return person.presses(app) if app else person


def state_of(username: str) -> str | None:
    with database.reading() as session:
        return session.scalar(
            select(Presence.state).join(User, Presence.user_id == User.id).where(User.username == username)
        )


def test_a_member_logs_in_at_a_telephone_the_administrator_knows(team) -> None:
    person = logs_in(team, "1234", "987654")
    assert "Anrufe annehmen" in person.heard
    assert "Sie sind erreichbar" in person.presses("1").heard
    assert state_of("mia") == "available"


def test_a_right_pin_at_an_unknown_telephone_is_not_enough(team) -> None:
    """Nobody learns there whether the PIN was right."""
    for pin in ("987654", "111111"):
        person = logs_in(team, "1234", pin, ELSEWHERE)
        assert "Authenticator-App" in person.heard
        assert "Das stimmt nicht" in person.presses("123456").heard
    withheld = WebhookCall(team, "anonymous", To=STAFF).rings()
    assert "unterdrückt" in withheld.heard
    assert state_of("mia") is None


def test_the_code_of_the_app_lets_a_member_in_from_anywhere_once(team) -> None:
    with database.writing() as session:
        mia = users.named(session, "mia")
        app = pyotp.TOTP(mfa.propose_totp(mia))
        mfa.confirm_totp(session, mia, app.at(int(utc_now().timestamp()) - 30), utc_now())
    code = app.now()
    assert "Das stimmt nicht" in logs_in(team, "1234", "111111", ELSEWHERE, code).heard
    assert "Anrufe annehmen" in logs_in(team, "1234", "987654", ELSEWHERE, code).heard
    assert "Das stimmt nicht" in logs_in(team, "1234", "987654", ELSEWHERE, code).heard, "it was used"
    assert "Das stimmt nicht" in logs_in(team, "2345", "876543", ELSEWHERE, app.now()).heard, (
        "it is not the colleague's"
    )


def test_who_guesses_at_a_pin_holds_up_nobody_else(team) -> None:
    for guess in range(5):
        assert "Das stimmt nicht" in logs_in(team, "1234", f"{guess:06d}").heard
    assert "später" in logs_in(team, "1234", "987654").heard, "not even the right one is looked at"
    assert "Anrufe annehmen" in logs_in(team, "2345", "876543").heard, "colleagues are served"


def test_a_stranger_elsewhere_does_not_lock_a_member_out_at_the_desk(team) -> None:
    for guess in range(8):
        logs_in(team, "1234", f"{guess:06d}", ELSEWHERE, "000000")
    assert "später" in logs_in(team, "1234", "987654", ELSEWHERE, "000000").heard
    assert "Anrufe annehmen" in logs_in(team, "1234", "987654").heard


def test_the_delay_of_a_personal_number_grows_and_ends(team, monkeypatch: pytest.MonkeyPatch) -> None:
    from ivr.accounts import telephone_log_in

    now, waits = utc_now(), []
    with database.writing() as session:
        for _ in range(9):
            try:
                assert telephone_log_in.log_in(session, "1234", "000000", "", DESK, now) is None
            except telephone_log_in.Later as later:
                waits.append(later.seconds)
                now += timedelta(seconds=later.seconds)
        assert waits == sorted(waits)
        assert waits[-1] > waits[0]
        with pytest.raises(telephone_log_in.Later) as later:
            telephone_log_in.log_in(session, "1234", "987654", "", DESK, now)
        later_still = now + timedelta(seconds=later.value.seconds)
        assert telephone_log_in.log_in(session, "1234", "987654", "", DESK, later_still).username == "mia"


def test_a_telephone_of_one_member_is_not_everybodys(team) -> None:
    with database.writing() as session:
        staff_telephones.add(session, "0421 555 0123", "mia", "", utc_now())
        staff_telephones.add(session, "+4942177*", "", "second floor", utc_now())
        assert staff_telephones.is_known(session, "1234", "+494215550123")
        assert not staff_telephones.is_known(session, "2345", "+494215550123")
        assert staff_telephones.is_known(session, "2345", "+4942177123")
        assert not staff_telephones.is_known(session, "2345", "+494217")
        for wrong_number in ("110", "", "*", "+49*", "0900 1234567", STAFF, "nobody"):
            with pytest.raises(ValueError, match=r"number|block|nobody"):
                staff_telephones.add(session, wrong_number, "", "", utc_now())
        with pytest.raises(ValueError, match="known"):
            staff_telephones.add(session, DESK, "", "", utc_now())
        with pytest.raises(ValueError, match="no user"):
            staff_telephones.add(session, DESK, "nobody", "", utc_now())


def test_a_log_in_belongs_to_its_call(team) -> None:
    """The address that leads on from one call's log-in is worth nothing in another call."""
    mia = logs_in(team, "1234", "987654")
    stranger = WebhookCall(team, ELSEWHERE, To=STAFF).rings()
    stranger.document = mia.document
    with pytest.raises(AssertionError, match="403"):
        stranger.presses("1")
    at_code = logs_in(team, "1234", "987654", ELSEWHERE)
    stranger.document = at_code.document
    with pytest.raises(AssertionError, match="403"):
        stranger.presses("123456")
    assert state_of("mia") is None
