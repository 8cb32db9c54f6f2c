"""Who cannot hear or speak well on the telephone is answered by text message or letter: nobody rings them."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from ivr.callbacks import merging
from ivr.callbacks.filters import Filters
from ivr.domain.enums import ReplyBy
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.platform import database
from tests.support.desk import change
from tests.support.people import a_task, the_task
from tests.support.webhook_caller import WebhookCaller


def task_of(person: WebhookCaller) -> CallbackTask:
    with database.reading() as session:
        query = select(CallbackTask).join(Contact).join(Call, Contact.call_id == Call.id)
        return session.scalars(query.where(Call.call_sid == person.sid)).one()


def up_to_the_hours(person: WebhookCaller, *keys: str) -> WebhookCaller:
    """A request for a callback without a recording, up to the question when to call."""
    return until(person.dials().presses("1", *keys), "availability")


def until(person: WebhookCaller, question: str) -> WebhookCaller:
    """Press what leads on without a recording: no call before, the shown number, no postal code."""
    keys = {"consent": "2", "consent_emergency": "2", "called_before": "2", "confirm_number": "1", "postal_code": "#"}
    while question not in person.last:
        person.presses(next(keys[asked] for asked in person.last if asked in keys))
    return person


@pytest.mark.parametrize(("key", "reply_by"), [("4", "writing"), ("1", "call")])
def test_the_callback_path_asks_for_it(webhook_caller, key: str, reply_by: str) -> None:
    person = up_to_the_hours(webhook_caller(), "2").presses(key).hears("receipt")
    assert task_of(person).reply_by == reply_by


def test_it_can_be_changed_by_receipt_code(webhook_caller) -> None:
    first = up_to_the_hours(webhook_caller(), "2").presses("1")
    code = task_of(first).receipt_code
    webhook_caller("anonymous").dials().presses("1", "3", "4", code, "2", "4").hears("noted").hangs_up()
    task = the_task(task_of(first).id)
    assert task.reply_by == "writing"
    assert [event.kind for event in task.events].count("changed") == 1


def test_the_task_says_so_first_and_offers_a_text_message(desk) -> None:
    task_id = change(a_task(number="+4917612345678"), reply_by=ReplyBy.WRITING)
    plain = a_task()
    mia = desk("mia")
    listed = mia.get("/desk/").text
    assert listed.count("Schriftlich antworten, nicht anrufen") == 1
    mia.post(f"/desk/tasks/{task_id}/claim")
    page = mia.get(f"/desk/tasks/{task_id}").text
    assert "<h2" in page
    assert "Antwort schriftlich, nicht am Telefon" in page
    assert 'name="despite_wish"' in page
    assert "sms=sms_answer#sms" in page.replace("&amp;", "&")
    written = mia.get(f"/desk/tasks/{task_id}?sms=sms_answer").text
    assert "Sie haben um eine Antwort als SMS oder Brief gebeten." in written
    assert "Wir haben Sie nicht erreicht" not in written
    assert "nicht am Telefon" not in mia.get(f"/desk/tasks/{plain}").text


def test_the_list_finds_them_and_the_file_names_them(desk) -> None:
    task_id = change(a_task(), reply_by=ReplyBy.WRITING)
    other = a_task()
    with database.reading() as session:
        found = session.scalars(
            select(CallbackTask.id).where(*Filters.of({"reply_by": "writing"}).conditions(session))
        ).all()
    assert found == [task_id]
    mia = desk("mia")
    assert the_task(other).receipt_code not in mia.get("/desk/?reply_by=writing").text
    file = mia.post("/desk/selected", data={"action": "export_xlsx", "task": [task_id]}).data
    cells = [cell.value for row in load_workbook(io.BytesIO(file)).active.iter_rows() for cell in row]
    assert "schriftlich" in cells


def test_a_call_back_needs_the_tick(desk, monkeypatch: pytest.MonkeyPatch) -> None:
    noon = utc_now().replace(hour=11, minute=0)  # nobody is called outside opening hours, whenever the test runs
    monkeypatch.setattr("ivr.web.contact_centre.utc_now", lambda: noon)
    task_id = change(a_task(number="+4917612345678"), reply_by=ReplyBy.WRITING)
    said = desk("mia").post(f"/desk/live/call-back/{task_id}", data={"anyway": "1"}, follow_redirects=True).text
    assert "Diese Person möchte eine schriftliche Antwort" in said


def test_a_merged_task_keeps_it_until_it_is_taken_apart(desk) -> None:
    stays, gone = a_task(), change(a_task(), reply_by=ReplyBy.WRITING)
    now = utc_now()
    with database.writing() as session:
        tasks = [session.get_one(CallbackTask, one) for one in (stays, gone)]
        merging.merge(session, *tasks, None, now)
    assert the_task(stays).reply_by == "writing"
    with database.writing() as session:
        merging.undo(session, session.get_one(CallbackTask, gone), None, now)
    assert the_task(stays).reply_by == "call"
