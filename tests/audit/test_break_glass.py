"""Covered tasks, and how they are opened with a reason."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, text

from ivr.audit import break_glass
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording
from ivr.platform import database
from tests.support.access_lines import SECRETS, _recording, a_secret_task, lines
from tests.support.people import the_task


def test_a_task_is_hidden_until_somebody_claims_it(desk) -> None:
    task = a_secret_task()
    recording = _recording(task)
    nils = desk("nils")
    page = nils.get(f"/desk/tasks/{task}").text
    assert [secret for secret in SECRETS if secret in page] == []
    assert the_task(task).receipt_code in page
    assert nils.get(f"/desk/recordings/{recording}.wav").status_code == 403
    drawn = nils.get(f"/desk/recordings/{recording}.svg")
    assert (drawn.status_code, drawn.data) == (204, b""), "no picture, and no complaint of the browser"
    for path, form in (("name", {"name": "X"}), ("text", {"template": "sms_missed", "text": "Hallo"})):
        nils.post(f"/desk/tasks/{task}/{path}", data=form)
    nils.post(f"/desk/recordings/{recording}/correct", data={"text": "anders"})
    assert the_task(task).caller_name == "Yıldız Demir"
    nils.post(f"/desk/tasks/{task}/claim")
    page = nils.get(f"/desk/tasks/{task}").text
    assert [secret for secret in SECRETS if secret not in page] == []
    assert nils.get(f"/desk/recordings/{recording}.wav").status_code == 200
    assert [secret for secret in SECRETS if secret in desk("mia").get(f"/desk/tasks/{task}").text] == []
    assert "Demir" not in desk("mia").get("/desk/?view=all").text
    assert "Demir" in nils.get("/desk/?view=all").text


def test_a_closed_task_is_covered_again_and_opened_with_a_reason(desk) -> None:
    task, mia = a_secret_task(), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/tasks/{task}/close", data={"outcome": "letter_sent"})
    assert "Demir" in mia.get(f"/desk/tasks/{task}").text, "what was just written can be looked at"
    with database.writing() as session:
        session.get_one(CallbackTask, task).closed_at = utc_now() - timedelta(minutes=61)
    assert "Demir" not in mia.get(f"/desk/tasks/{task}").text
    for reason in ({}, {"reason": "curious"}, {"reason": "other", "reason_text": " . "}):
        mia.post(f"/desk/tasks/{task}/open", data=reason)
        assert "Demir" not in mia.get(f"/desk/tasks/{task}").text
    mia.post(f"/desk/tasks/{task}/open", data={"reason": "complaint", "reason_text": "Widerspruch"})
    assert "Demir" in mia.get(f"/desk/tasks/{task}").text
    opened = lines("open")[-1]
    assert (opened.actor, opened.task_id, opened.reason) == ("Mia Mitglied", task, "complaint: Widerspruch")
    with database.writing() as session:
        session.execute(text("UPDATE openings SET until_at = opened_at"))
    assert "Demir" not in mia.get(f"/desk/tasks/{task}").text, "an hour is over"


def test_another_teams_task_is_opened_by_its_code_and_that_team_sees_it(desk) -> None:
    task, sven, mia = a_secret_task(), desk("sven"), desk("mia")
    code, recording = the_task(task).receipt_code, _recording(task)
    assert sven.get(f"/desk/tasks/{task}").status_code == 404
    assert sven.get(f"/desk/recordings/{recording}.wav").status_code == 404
    unreasoned = sven.post("/desk/open", data={"code": code})
    assert (unreasoned.status_code, "Demir" in unreasoned.text) == (400, False)
    assert sven.post("/desk/open", data={"code": "12345674", "reason": "caller_asks"}).status_code == 404
    page = sven.post("/desk/open", data={"code": f"{code[:4]} {code[4:]}", "reason": "caller_asks"})
    assert (page.status_code, "Demir" in page.text) == (200, True)
    assert sven.get(f"/desk/recordings/{recording}.wav").status_code == 200
    assert sven.post(f"/desk/tasks/{task}/claim").status_code == 404, "reading is all"
    seen = mia.get("/desk/readers").text
    assert "Sven Fremd" in seen
    assert code in seen
    assert "Sven Fremd" in mia.get(f"/desk/tasks/{task}/readers").text


def test_codes_cannot_be_guessed(desk) -> None:
    task, sven = a_secret_task(), desk("sven")
    for _ in range(6):
        sven.post("/desk/open", data={"code": "00000000", "reason": "caller_asks"})
    locked = sven.post("/desk/open", data={"code": the_task(task).receipt_code, "reason": "caller_asks"})
    assert (locked.status_code, "Demir" in locked.text) == (429, False)


def test_a_reason_of_nothing_is_none(desk) -> None:
    task = a_secret_task()
    for nothing in (".....", "\u200b" * 6, "- - - - -", "x"):
        desk("nils").post(f"/desk/tasks/{task}/open", data={"reason": "other", "reason_text": nothing})
        assert "Demir" not in desk("nils").get(f"/desk/tasks/{task}").text


def test_a_restricted_task_is_opened_by_nobody(desk) -> None:
    task, mia = a_secret_task(), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    with database.writing() as session:
        session.get_one(CallbackTask, task).restricted_at = utc_now()
    assert "Demir" not in mia.get(f"/desk/tasks/{task}").text
    mia.post(f"/desk/tasks/{task}/open", data={"reason": "complaint"})
    assert "Demir" not in mia.get(f"/desk/tasks/{task}").text
    with database.reading() as session:
        assert (
            break_glass.reason_for(session, session.get_one(CallbackTask, task), desk.people["mia"], utc_now()) is None
        )
        assert session.scalar(select(Recording.state)) == "stored"
