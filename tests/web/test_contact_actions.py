"""Members compare, merge and split tasks, and decide about what was changed by receipt code."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select

from ivr.callbacks import intake, workflow
from ivr.calls import calls
from ivr.domain.enums import AccessAction, TaskEventKind
from ivr.domain.timestamps import utc_now
from ivr.models.audit import AccessLine
from ivr.models.callbacks import CallbackTask
from ivr.models.merges import JudgedPair
from ivr.platform import database
from tests.support.contacts import NUMBER, changed_by_code, first_contact, joined, opened, the_contact
from tests.support.people import a_task, the_task

HOUR = timedelta(hours=1)
MARK = "per Anfragenummer geändert, noch nicht bestätigt"
OTHER_NUMBER = "+4917633333333"


def compared(desk, task: int, other: int, name: str = "mia"):
    """The page that shows two tasks beside each other, after somebody has claimed both."""
    browser = desk(name)
    page = browser.post(f"/desk/tasks/{task}/compare", data={"other": other}, follow_redirects=True)
    return browser, page.text


# -- proposals and the comparison ------------------------------------------------------------------


def test_two_callers_of_one_telephone_are_proposed_in_the_queue_and_on_the_page_and_never_merged(desk) -> None:
    task, other = opened(age=HOUR), opened()
    mia = desk("mia")
    assert mia.get("/desk/").text.count("vielleicht dieselbe Person</small>") == 2
    covered = mia.get(f"/desk/tasks/{task}").text
    assert "Vielleicht dieselbe Person" not in covered, "what they share is theirs, and covered"
    mia.post(f"/desk/tasks/{task}/claim")
    page = mia.get(f"/desk/tasks/{task}").text
    assert "Vielleicht dieselbe Person" in page
    assert f"/desk/tasks/{task}/compare/{other}" in page
    assert "gleiche Telefonnummer" in page
    assert the_task(task).state != the_task(other).state


def test_nobody_is_shown_or_offered_a_task_of_another_team(desk) -> None:
    own, foreign = opened(), opened(concern="under_25")
    mia = desk("mia")
    mia.post(f"/desk/tasks/{own}/claim")
    page = mia.get(f"/desk/tasks/{own}").text
    assert the_task(foreign).receipt_code not in page
    assert "vielleicht dieselbe Person" not in mia.get("/desk/").text
    assert mia.get(f"/desk/tasks/{own}/compare/{foreign}").status_code == 404
    assert mia.get(f"/desk/tasks/{foreign}/compare/{own}").status_code == 404
    data = {"other": foreign, "keep": own}
    assert mia.post(f"/desk/tasks/{own}/merge", data=data).status_code == 404
    assert mia.post(f"/desk/tasks/{own}/compare", data=data).status_code == 404
    assert the_task(foreign).state == "open"


def test_what_each_caller_said_stands_side_by_side_once_both_are_claimed(desk) -> None:
    task = a_task(number=NUMBER, text="Hier spricht die Mutter")
    other = a_task(number=NUMBER, text="Hier spricht der Sohn", language="de")
    mia = desk("mia")
    page = mia.get(f"/desk/tasks/{task}/compare/{other}").text
    assert "Mutter" not in page
    assert "Beide übernehmen und vergleichen" in page
    _, page = compared(desk, task, other)
    said = re.sub(r"<[^>]*>\s*", " ", page)
    assert "Hier spricht die Mutter" in said.replace("  ", " ")
    assert "Sohn" in said
    assert page.count('name="keep"') == 2
    assert "0176 22222222" in page
    with database.reading() as session:
        seen = session.scalars(
            select(AccessLine).where(AccessLine.action == "view", AccessLine.reason == "claim")
        ).all()
        assert {line.task_id for line in seen} >= {task, other}, "both are in the access log"


def test_a_member_merges_and_takes_it_back(desk) -> None:
    task, other = opened(age=HOUR), opened()
    mia, _ = compared(desk, task, other)
    done = mia.post(f"/desk/tasks/{other}/merge", data={"other": task, "keep": task}, follow_redirects=True).text
    assert "Zusammengeführt: Alle Kontakte stehen jetzt hier" in done
    assert done.count("Anruf vom") == 2
    codes = [the_task(one).receipt_code for one in (task, other)]
    assert all(code in done for code in codes)
    assert "für alle 2 Kontakte" in done
    assert (the_task(other).state, the_task(other).merged_into_id) == ("closed", task)
    assert "Zusammengeführt" in mia.get(f"/desk/tasks/{other}").text
    back = mia.post(f"/desk/tasks/{other}/undo-merge", follow_redirects=True).text
    assert "Die Zusammenführung ist rückgängig gemacht" in back
    assert (the_task(other).state, the_task(other).claimed_by_id) == ("claimed", desk.people["mia"].id)
    assert [event.kind for event in the_task(task).events][-2:] == [TaskEventKind.MERGED, TaskEventKind.MERGE_UNDONE]


def test_sent_twice_closed_meanwhile_or_held_by_a_colleague_has_a_clear_answer(desk) -> None:
    task, other = opened(age=HOUR), opened()
    mia, _ = compared(desk, task, other)
    data = {"other": other, "keep": task}
    for _ in range(2):
        assert "Zusammengeführt: Alle" in mia.post(f"/desk/tasks/{task}/merge", data=data, follow_redirects=True).text
    third = opened()
    desk("nils").post(f"/desk/tasks/{third}/claim")
    taken = mia.post(f"/desk/tasks/{task}/merge", data={"other": third, "keep": task}, follow_redirects=True).text
    assert "Nils Nebenan hat diesen Auftrag übernommen." in taken
    assert "Nils Nebenan" in mia.post(f"/desk/tasks/{task}/compare", data={"other": third}, follow_redirects=True).text
    fourth = opened()
    compared(desk, task, fourth)
    with database.writing() as session:
        workflow.withdraw(session, session.get_one(CallbackTask, fourth), utc_now())
    gone = mia.post(f"/desk/tasks/{task}/merge", data={"other": fourth, "keep": task}, follow_redirects=True).text
    assert "Dieser Auftrag ist schon abgeschlossen." in gone
    assert mia.post(f"/desk/tasks/{task}/merge", data={"other": fourth, "keep": 99}).status_code == 400


def test_nobody_merges_what_they_have_not_looked_at(desk) -> None:
    task, other = opened(age=HOUR), opened()
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    page = mia.post(f"/desk/tasks/{task}/merge", data={"other": other, "keep": task}, follow_redirects=True).text
    assert "Das ist verdeckt." in page or "geschützt" in page
    assert the_task(other).state == "open"


def test_an_order_of_forms_is_not_merged_with_a_callback(desk) -> None:
    task, other = opened(), opened(kind="postal_order", concern="forms")
    _, page = compared(desk, task, other, "lena")
    assert "Sie bleiben eigene Aufträge." in page
    assert 'name="keep"' not in page


def test_a_contact_is_taken_out_and_merged_back(desk) -> None:
    task = opened(age=HOUR)
    contact = joined(task)
    mia = desk("mia")
    address = f"/desk/tasks/{task}/contacts/{contact}/split"
    assert address not in mia.get(f"/desk/tasks/{task}").text
    mia.post(address)
    assert the_contact(contact).task_id == task, "covered"
    mia.post(f"/desk/tasks/{task}/claim")
    assert address in mia.get(f"/desk/tasks/{task}").text
    page = mia.post(address, follow_redirects=True).text
    own = the_contact(contact).task_id
    assert own != task
    assert f"Auftrag {the_contact(contact).receipt_code}" in page
    assert "Der Kontakt hat jetzt einen eigenen Auftrag." in page
    again = mia.post(address, follow_redirects=True).text
    assert "Dieser Kontakt gehört inzwischen zu einem anderen Auftrag." in again
    assert mia.post(f"/desk/tasks/{task}/contacts/99/split").status_code == 404


def test_the_number_of_calls_is_what_the_page_lists_after_a_later_call_by_code(desk) -> None:
    task = opened(age=HOUR)
    joined(task)
    with database.writing() as session:
        call = calls.seen(session, "CA" + "7" * 32, None, utc_now())
        for contact in session.get_one(CallbackTask, task).contacts[:1]:
            intake.note_later_call(session, contact, call, utc_now())
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    page = mia.get(f"/desk/tasks/{task}").text
    assert "(3 Anrufe)" in page
    assert (page.count("Anruf vom"), page.count("Späterer Anruf mit dieser Anfragenummer")) == (2, 1)


def test_one_call_that_keys_in_two_codes_of_a_task_is_one_call(desk) -> None:
    task = opened(age=HOUR)
    joined(task)
    with database.writing() as session:
        call = calls.seen(session, "CA" + "7" * 32, None, utc_now())
        for contact in session.get_one(CallbackTask, task).contacts:
            intake.note_later_call(session, contact, call, utc_now())
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    assert "(3 Anrufe)" in mia.get(f"/desk/tasks/{task}").text


# -- judged not to be the same person --------------------------------------------------------------


def test_a_pair_that_was_judged_two_people_is_proposed_no_more_until_that_is_undone(desk) -> None:
    task, other = opened(age=HOUR), opened()
    mia, page = compared(desk, task, other)
    assert f"/desk/tasks/{task}/tell-apart" in page
    done = mia.post(f"/desk/tasks/{task}/tell-apart", data={"other": other}, follow_redirects=True).text
    assert "Notiert: nicht dieselbe Person." in done
    for one, another in ((task, other), (other, task)):
        page = mia.get(f"/desk/tasks/{one}").text
        assert "Vielleicht dieselbe Person" not in page
        assert "beurteilt von <bdi>Mia" in page
        assert the_task(another).receipt_code in page
        assert the_task(one).events[-1].kind == TaskEventKind.TOLD_APART
    assert "vielleicht dieselbe Person" not in mia.get("/desk/").text
    assert 'name="keep"' not in mia.get(f"/desk/tasks/{other}/compare/{task}").text
    back = mia.post(f"/desk/tasks/{other}/undo-tell-apart", data={"other": task}, follow_redirects=True).text
    assert "ist rückgängig gemacht" in back
    assert "Vielleicht dieselbe Person" in back
    assert mia.get("/desk/").text.count("vielleicht dieselbe Person</small>") == 2
    assert the_task(task).events[-1].kind == TaskEventKind.TOLD_APART_UNDONE


def test_a_colleague_who_merges_what_was_judged_two_people_is_told_so(desk) -> None:
    task, other = opened(age=HOUR), opened()
    mia, _ = compared(desk, task, other)
    for _ in range(2):
        mia.post(f"/desk/tasks/{task}/tell-apart", data={"other": other})
    data = {"other": other, "keep": task}
    page = mia.post(f"/desk/tasks/{task}/merge", data=data, follow_redirects=True).text
    assert "nicht dieselbe Person ist. Bitte machen Sie das zuerst rückgängig" in page
    assert the_task(other).merged_into_id is None


def test_nobody_judges_what_they_may_not_see(desk) -> None:
    task, other, foreign = opened(), opened(), opened(concern="under_25")
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    page = mia.post(f"/desk/tasks/{task}/tell-apart", data={"other": other}, follow_redirects=True).text
    assert "Notiert" not in page
    assert mia.post(f"/desk/tasks/{task}/tell-apart", data={"other": foreign}).status_code == 404
    assert mia.post(f"/desk/tasks/{task}/undo-tell-apart", data={"other": foreign}).status_code == 404
    with database.reading() as session:
        assert not session.scalars(select(JudgedPair)).all()


# -- changed by receipt code -----------------------------------------------------------------------


def decided(desk, task: int, contact: int, name: str = "mia", **data: str) -> str:
    browser = desk(name)
    return browser.post(f"/desk/tasks/{task}/contacts/{contact}/decide", data=data, follow_redirects=True).text


def test_a_number_changed_by_code_is_marked_in_queue_and_task(desk) -> None:
    task = opened()
    changed_by_code(task, OTHER_NUMBER)
    mia = desk("mia")
    assert MARK in mia.get("/desk/").text
    covered = mia.get(f"/desk/tasks/{task}").text
    assert MARK in covered
    assert "0176 33333333" not in covered
    mia.post(f"/desk/tasks/{task}/claim")
    page = mia.get(f"/desk/tasks/{task}").text
    assert "von 0176 22222222 in 0176 33333333 geändert" in page
    assert "unter der früheren Nummer zurückgerufen, die Person hat es bestätigt (0176 22222222)" in page


def test_a_change_is_confirmed_with_a_proof_and_written_down(desk) -> None:
    task = opened()
    contact = changed_by_code(task, OTHER_NUMBER)
    desk("mia").post(f"/desk/tasks/{task}/claim")
    assert "Bitte geben Sie an, woher Sie wissen" in decided(desk, task, contact, decision="confirm")
    assert the_contact(contact).is_unconfirmed
    assert "Bestätigt." in decided(desk, task, contact, decision="confirm", proof="file_data")
    found = the_contact(contact)
    assert (found.is_unconfirmed, found.confirmed_by_id) == (False, desk.people["mia"].id)
    assert (found.callback_number, the_task(task).callback_number) == (OTHER_NUMBER, OTHER_NUMBER)
    assert "Es ist nichts mehr zu bestätigen." in decided(desk, task, contact, decision="reject")
    page = desk("mia").get(f"/desk/tasks/{task}").text
    assert 'Die Änderung mit der Anfragenummer ist bestätigt</strong>: <bdi class="said">Kundennummer' in page
    assert MARK not in page
    with database.reading() as session:
        line = session.scalars(select(AccessLine).where(AccessLine.action == AccessAction.CODE_CHANGE)).one()
        assert (line.task_id, line.reason) == (task, "file_data")


def test_a_call_to_a_number_that_only_came_by_code_proves_nothing(desk) -> None:
    task = opened(None)
    contact = changed_by_code(task, OTHER_NUMBER)
    desk("mia").post(f"/desk/tasks/{task}/claim")
    assert "called_back" not in desk("mia").get(f"/desk/tasks/{task}").text
    decided(desk, task, contact, decision="confirm", proof="called_back")
    assert the_contact(contact).is_unconfirmed


def test_a_rejected_change_restores_the_number_and_the_request(desk) -> None:
    task = opened()
    contact = changed_by_code(task, OTHER_NUMBER, withdrawn=True)
    desk("mia").post(f"/desk/tasks/{task}/claim")
    assert "Abgelehnt" in decided(desk, task, contact, decision="reject")
    found = the_contact(contact)
    assert (found.callback_number, found.withdrawn_at, found.is_unconfirmed) == (NUMBER, None, False)
    assert (the_task(task).callback_number, the_task(task).state) == (NUMBER, "claimed")


def test_a_confirmed_withdrawal_closes_the_contact_and_the_last_one_the_task(desk) -> None:
    task = opened(age=HOUR)
    second = joined(task)
    first = changed_by_code(task, withdrawn=True)
    desk("mia").post(f"/desk/tasks/{task}/claim")
    decided(desk, task, first, decision="confirm", proof="called_back")
    assert the_task(task).state == "claimed", "the other caller still waits"
    assert "zurückgenommen am" in desk("mia").get(f"/desk/tasks/{task}").text
    with database.writing() as session:
        session.get_one(type(the_contact(second)), second).withdrawn_at = utc_now()
    decided(desk, task, second, decision="confirm", proof="document")
    assert (the_task(task).state, the_task(task).outcome) == ("closed", "withdrawn")


def test_who_has_not_claimed_the_task_decides_nothing(desk) -> None:
    task = opened()
    contact = changed_by_code(task, OTHER_NUMBER)
    decided(desk, task, contact, decision="confirm", proof="document")
    assert the_contact(contact).is_unconfirmed
    desk("nils").post(f"/desk/tasks/{task}/claim")
    decided(desk, task, contact, decision="reject")
    assert the_contact(contact).is_unconfirmed
    assert desk("sven").post(f"/desk/tasks/{task}/contacts/{contact}/decide").status_code == 404
    assert desk("mia").post(f"/desk/tasks/{task}/contacts/{first_contact(task)}/decide").status_code == 400
