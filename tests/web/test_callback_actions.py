"""Actions for several ticked tasks at once."""

from __future__ import annotations

import csv
import io

from tests.support.people import a_task, the_task


def test_ticked_tasks_are_assigned_closed_and_exported(desk) -> None:
    tasks, foreign = [a_task() for _ in range(3)], a_task("under_25")
    nils = desk.people["nils"]
    desk("mia").post(f"/desk/tasks/{tasks[2]}/claim")
    chosen = [str(task) for task in (*tasks, foreign)]
    page = desk("mia").post(
        "/desk/selected", data={"task": chosen, "action": "assign", "to": nils.id}, follow_redirects=True
    )
    assert "2 Aufträge zugewiesen." in page.text
    assert "1 Auftrag blieb, wie er ist" in page.text
    assert [the_task(task).claimed_by_id for task in tasks] == [nils.id, nils.id, desk.people["mia"].id]
    assert the_task(foreign).state == "open"
    page = desk("nils").post(
        "/desk/selected", data={"task": chosen, "action": "close", "outcome": "letter_sent"}, follow_redirects=True
    )
    assert "2 Aufträge abgeschlossen." in page.text
    exported = desk("mia").post("/desk/selected", data={"task": chosen, "action": "export"})
    rows = list(csv.DictReader(io.StringIO(exported.text.lstrip("\ufeff")), delimiter=";"))
    assert [row["receipt_code"] for row in rows] == [the_task(task).receipt_code for task in tasks]
    nothing = desk("mia").post("/desk/selected", data={"action": "assign"}, follow_redirects=True)
    assert "Bitte markieren Sie zuerst" in nothing.text
    stranger = desk("mia").post(
        "/desk/selected", data={"task": chosen, "action": "assign", "to": desk.people["sven"].id}, follow_redirects=True
    )
    assert "Bitte wählen Sie jemanden." in stranger.text
    assert desk("mia").post("/desk/selected", data={"task": ["x", "1"], "action": "explode"}).status_code == 400


def test_nobody_is_given_a_task_they_cannot_see(desk) -> None:
    foreign = a_task("under_25")
    page = desk("lena").post(
        "/desk/selected",
        data={"task": [foreign], "action": "assign", "to": desk.people["mia"].id},
        follow_redirects=True,
    )
    assert "1 Auftrag blieb, wie er ist" in page.text
    assert the_task(foreign).state == "open"
