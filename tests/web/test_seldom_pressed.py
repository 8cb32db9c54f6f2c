"""Buttons and pages that no other test of pages presses: each does what it says for the person it is shown to."""

from __future__ import annotations

from datetime import time

from ivr.accounts import api_tokens
from ivr.callbacks import code_changes, danger, sms
from ivr.domain.enums import DangerKind, DeliveryState
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import ApiToken, User
from ivr.models.callbacks import CallbackTask, TextMessage
from ivr.models.calls import Call
from ivr.models.contact_centre import Duty
from ivr.models.team_tools import Macro, TextModule
from ivr.platform import database
from tests.support.contacts import NUMBER
from tests.support.people import a_task, the_task

TEXTS = "/supervision/texts"


def said(browser, path: str, **form: str) -> str:
    answer = browser.post(path, data=form, follow_redirects=True)
    assert answer.status_code == 200, path
    return answer.text


def test_a_token_that_is_revoked_is_worth_nothing(desk) -> None:
    with database.writing() as session:
        token = api_tokens.new_token(session, "Fachverfahren", utc_now())
        row = session.query(ApiToken).one().id
    client = desk()
    ask = {"headers": {"Authorization": f"Bearer {token}"}}
    assert client.get("/api/v1/tasks", **ask).status_code == 200
    assert "Fachverfahren" in said(desk("adam"), f"/administration/programs/{row}/revoke")
    assert client.get("/api/v1/tasks", **ask).status_code == 401


def test_a_duty_is_deleted(desk) -> None:
    with database.writing() as session:
        mia = session.get_one(User, desk.people["mia"].id)
        duty = Duty(team_id=mia.teams[0].id, user_id=mia.id, weekday=0, starts=time(8), ends=time(12))
        session.add(duty)
        session.flush()
        row = duty.id
    assert "Dienst gelöscht." in said(desk("lena"), f"/supervision/roster/duties/{row}/delete")
    with database.reading() as session:
        assert session.get(Duty, row) is None


def test_a_macro_and_a_text_module_are_opened_and_changed(desk) -> None:
    lena = desk("lena")
    said(lena, f"{TEXTS}/modules", team="benefits", name="Unterlagen", use="note", text_de="Es fehlen Unterlagen.")
    said(lena, f"{TEXTS}/macros", team="benefits", name="Nicht erreicht", attempt="no_answer")
    with database.reading() as session:
        module, macro = session.query(TextModule).one().id, session.query(Macro).one().id
    assert "Es fehlen Unterlagen." in lena.get(f"{TEXTS}/modules/{module}").text
    assert "Nicht erreicht" in lena.get(f"{TEXTS}/macros/{macro}").text
    changed = {"team": "benefits", "name": "Unterlagen", "use": "note", "text_de": "Es fehlt die Miete."}
    said(lena, f"{TEXTS}/modules/{module}", **changed)
    with database.reading() as session:
        assert session.get_one(TextModule, module).texts["de"] == "Es fehlt die Miete."


def test_a_danger_that_was_taken_back_by_mistake_counts_again(desk) -> None:
    task, now, browser = a_task(), utc_now(), desk("mia")
    said(browser, f"/desk/tasks/{task}/claim")
    with database.writing() as session:
        row, mia = session.get_one(CallbackTask, task), session.get_one(User, desk.people["mia"].id)
        danger.raise_by_words(session, row, DangerKind.LIFE, ["sterben"], now)
        danger.take_back(session, row, mia, now)
    assert "vor allen anderen" in said(browser, f"/desk/tasks/{task}/danger-again")
    assert the_task(task).in_danger


def test_a_task_gets_the_language_that_was_heard(desk) -> None:
    task = a_task()
    with database.writing() as session:
        session.get_one(CallbackTask, task).spoken_language = "ar"
    mia = desk("mia")
    said(mia, f"/desk/tasks/{task}/claim")
    assert "die in der Nachricht gesprochen wird" in said(mia, f"/desk/tasks/{task}/language")
    assert the_task(task).language == "ar"


def test_who_takes_a_call_that_waits_no_more_is_told_so(desk) -> None:
    page = desk("mia").post(f"/desk/live/take/{a_task()}", follow_redirects=True)
    assert page.status_code == 200
    assert "wartet niemand mehr" in page.text


def test_the_number_of_before_is_told_nothing_once_a_member_has_pressed_it(desk) -> None:
    """The telephone may lie with somebody violent."""
    task, mia, now = a_task(number=NUMBER), desk("mia"), utc_now()
    with database.writing() as session:
        sms.send_link(session, session.get_one(Call, the_task(task).call_id), NUMBER, "de")
        (contact,) = session.get_one(CallbackTask, task).contacts
        code_changes.change_number(session, contact, "+4915112345679", now)
    said(mia, f"/desk/tasks/{task}/claim")
    address = f"/desk/tasks/{task}/contacts/{contact.id}/stop-telling"
    assert address in mia.get(f"/desk/tasks/{task}").text
    assert "An die frühere Nummer geht keine SMS." in said(mia, address)
    assert address not in mia.get(f"/desk/tasks/{task}").text
    with database.reading() as session:
        (text,) = session.query(TextMessage).filter_by(template="sms_number_changed")
        assert text.state == DeliveryState.FAILED
