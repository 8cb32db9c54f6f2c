"""Actions for several ticked tasks at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.support.desk import change
from tests.support.people import a_task, the_task
from tests.support.spreadsheets import local, opened_csv, opened_xlsx


def test_ticked_tasks_are_assigned_closed_and_exported(desk) -> None:
    tasks, foreign = [a_task() for _ in range(3)], a_task("under_25")
    nils = desk.people["nils"]
    desk("mia").post(f"/desk/tasks/{tasks[2]}/claim")
    chosen = [str(task) for task in (*tasks, foreign)]
    page = desk("mia").post(
        "/desk/selected", data={"task": chosen, "action": "assign", "to": nils.id}, follow_redirects=True
    )
    assert "2 Aufträge zugewiesen." in page.text
    assert f"1 Auftrag blieb, wie er ist: {the_task(tasks[2]).receipt_code}." in page.text
    assert [the_task(task).claimed_by_id for task in tasks] == [nils.id, nils.id, desk.people["mia"].id]
    assert the_task(foreign).state == "open"
    page = desk("nils").post(
        "/desk/selected", data={"task": chosen, "action": "close", "outcome": "letter_sent"}, follow_redirects=True
    )
    assert "2 Aufträge abgeschlossen." in page.text
    exported = desk("mia").post("/desk/selected", data={"task": chosen, "action": "export"})
    assert [row[0] for row in opened_csv(exported.data)[1:]] == [the_task(task).receipt_code for task in tasks]
    nothing = desk("mia").post("/desk/selected", data={"action": "assign"}, follow_redirects=True)
    assert "Bitte markieren Sie zuerst" in nothing.text
    stranger = desk("mia").post(
        "/desk/selected", data={"task": chosen, "action": "assign", "to": desk.people["sven"].id}, follow_redirects=True
    )
    assert "Bitte wählen Sie jemanden." in stranger.text
    assert desk("mia").post("/desk/selected", data={"task": ["x", "1"], "action": "explode"}).status_code == 400


def test_a_task_that_a_colleague_has_meanwhile_is_named_and_one_of_another_team_is_counted(desk) -> None:
    free, closed, moved = (a_task() for _ in range(3))
    chosen = [str(task) for task in (free, closed, moved, moved)]
    mia, nils = desk("mia"), desk("nils")
    for task in (closed, moved):
        nils.post(f"/desk/tasks/{task}/claim")
    nils.post(f"/desk/tasks/{closed}/close", data={"outcome": "letter_sent", "text": "Brief"})
    nils.post(f"/desk/tasks/{moved}/hand-over", data={"team": "youth", "reason": "Unter 25"})
    close = {"task": chosen, "action": "close", "outcome": "letter_sent"}
    page = mia.post("/desk/selected", data=close, follow_redirects=True).text
    assert "1 Auftrag abgeschlossen." in page
    assert f"1 Auftrag blieb, wie er ist: {the_task(closed).receipt_code}." in page
    assert "Mit 1 markierten Auftrag geschah nichts" in page
    page = mia.post("/desk/selected", data={**close, "task": chosen[1:]}, follow_redirects=True).text
    assert "0 Aufträge" not in page, "nothing was done"
    exported = mia.post("/desk/selected", data={"task": chosen, "action": "export"})
    assert len(opened_csv(exported.data)) == 3
    assert "Mit 1 markierten Auftrag geschah nichts" in mia.get("/desk/").text
    nothing = mia.post("/desk/selected", data={"task": [str(moved)], "action": "export_xlsx"}, follow_redirects=True)
    assert "Mit 1 markierten Auftrag geschah nichts" in nothing.text


def test_nobody_is_given_a_task_they_cannot_see(desk) -> None:
    foreign = a_task("under_25")
    page = desk("lena").post(
        "/desk/selected",
        data={"task": [foreign], "action": "assign", "to": desk.people["mia"].id},
        follow_redirects=True,
    )
    assert "1 Auftrag blieb, wie er ist" in page.text
    assert the_task(foreign).state == "open"


@pytest.mark.parametrize(("action", "opened"), [("export", opened_csv), ("export_xlsx", opened_xlsx)])
def test_exported_tasks_are_readable_in_the_spreadsheet_of_a_german_office(desk, action: str, opened) -> None:
    task = a_task("under_25", language="tr")
    change(
        task, receipt_code="0012345675", first_contact_at=datetime(2026, 7, 31, 22, 30, tzinfo=UTC),
        due_at=datetime(2026, 11, 27, 7, 30, tzinfo=UTC), urgency="emergency",
    )  # fmt: skip
    answer = desk("sven").post("/desk/selected", data={"task": [str(task)], "action": action})
    ending = "xlsx" if action == "export_xlsx" else "csv"
    assert f"filename=auftraege.{ending}" in answer.headers["Content-Disposition"]
    heads, row = opened(answer.data)
    found = dict(zip(heads, row, strict=True))
    assert found["Anfragenummer"] == "0012345675", "with its zeros"
    assert found["Erster Kontakt (Ortszeit, Europe/Berlin)"] == local(2026, 8, 1, 0, 30)
    assert found["Fällig (Ortszeit, Europe/Berlin)"] == local(2026, 11, 27, 8, 30)
    assert not found["Abgeschlossen (Ortszeit, Europe/Berlin)"]
    assert (found["Sprache"], found["Dringlichkeit"], found["Status"]) == ("Türkisch", "Notfall", "offen")


def test_a_reader_of_english_gets_english_headings_and_values(desk) -> None:
    task, mia = a_task(), desk("mia")
    mia.post("/language", data={"language": "en"})
    heads, row = opened_csv(mia.post("/desk/selected", data={"task": [str(task)], "action": "export"}).data)
    found = dict(zip(heads, row, strict=True))
    assert found["Receipt code"] == the_task(task).receipt_code
    assert (found["Language"], found["Kind"]) == ("German", "Callback")
    assert isinstance(found["Due (local time, Europe/Berlin)"], datetime)


def test_each_action_says_what_was_done_in_the_language_of_the_reader(desk) -> None:
    task = a_task(text="Mir fehlt Geld")
    steps = [
        ("claim", {}, "Auftrag übernommen.", "You have claimed the task."),
        ("note", {"text": "Rückruf am Montag"}, "Notiz gespeichert.", "The note is saved."),
        ("note", {"text": " "}, "Nichts gespeichert: Die Notiz ist leer.", "Nothing was saved: the note is empty."),
        ("name", {"name": "Ada"}, "Name gespeichert.", "The name is saved."),
        ("name", {"name": ""}, "Name gelöscht.", "The name is deleted."),
        ("keep", {}, "Notiert: Sie arbeiten noch an diesem Auftrag.", "Noted: you still work on this task."),
        ("attempt", {"outcome": "busy"}, "Versuch festgehalten.", "The attempt is recorded."),
        ("release", {}, "Auftrag an das Team zurückgegeben.", "The task is released"),
    ]
    mia = desk("mia")
    for language in (0, 1):
        for action, data, *said in steps:
            page = mia.post(f"/desk/tasks/{task}/{action}", data=data, follow_redirects=True).text
            assert said[language] in page, action
            assert "Gespeichert." not in page
        mia.post("/language", data={"language": "en"})
