"""Command palette, notices of new tasks, and help."""

from __future__ import annotations

import json
from datetime import timedelta

from ivr.domain.timestamps import utc_now
from ivr.domain.words import PAGE_HELP
from ivr.models.accounts import User
from ivr.platform import database
from tests.support.desk import change
from tests.support.pages import csp_is_strict
from tests.support.people import a_task, the_task


def test_the_palette_leads_to_tasks_views_and_pages(desk) -> None:
    task, foreign = a_task(), a_task("under_25")
    mia = desk("mia")

    def found(words: str) -> list[str]:
        return [one.get("url", one.get("action")) for one in mia.post("/desk/palette", data={"q": words}).json["found"]]

    assert found(the_task(task).receipt_code) == [f"/desk/tasks/{task}"]
    assert found(the_task(foreign).receipt_code) == []
    assert "/desk/?view=emergencies" in found("notf")
    assert "/desk/live/" in found("live")
    assert found("") != []


def test_the_palette_finds_colleagues_however_their_names_are_spelled(desk) -> None:
    with database.writing() as session:
        session.get_one(User, desk.people["mia"].id).name = "Şükran Yıldız-Øzgür"
    lena = desk("lena")
    for words in ("sukran", "YILDIZ", "ozgur"):
        found = lena.post("/desk/palette", data={"q": words}).json["found"]
        assert "Şükran Yıldız-Øzgür" in [one["label"] for one in found], words


def test_alerts_name_tasks_by_their_code_only(desk) -> None:
    urgent = change(a_task(number="+4915112340001"), urgency="emergency")
    risky = change(a_task(), due_at=utc_now() + timedelta(hours=1))
    desk("mia").post(f"/desk/tasks/{risky}/claim")
    told = desk("mia").get("/desk/alerts").json
    assert [one["code"] for one in told["emergencies"]] == [the_task(urgent).receipt_code]
    assert [one["code"] for one in told["at_risk"]] == [the_task(risky).receipt_code]
    assert "4915112340001" not in json.dumps(told)
    assert desk("sven").get("/desk/alerts").json["emergencies"] == []
    assert desk().get("/desk/alerts").status_code == 401, "a page that asks by itself is not shown the log-in"


def test_a_new_emergency_is_told_however_many_there_are(desk) -> None:
    old = [change(a_task(), urgency="emergency") for _ in range(25)]
    for task in old[:3]:
        desk("nils").post(f"/desk/tasks/{task}/claim")
    new = change(a_task(), urgency="emergency")
    told = [one["code"] for one in desk("mia").get("/desk/alerts").json["emergencies"]]
    assert told[0] == the_task(new).receipt_code
    assert the_task(old[0]).receipt_code not in told


def test_the_first_steps_have_their_page(desk) -> None:
    answer = desk("mia").get("/desk/help")
    assert "Erste Schritte" in answer.text
    assert csp_is_strict(answer)


def test_each_role_has_its_first_steps_and_a_page_says_what_it_is_for(desk) -> None:
    for who, step, page, told in (
        ("mia", "den ersten Auftrag zuerst", "/desk/", "überfällige Notfälle zuerst"),
        ("lena", "planen Sie die Woche", "/supervision/roster", "geht dem wöchentlichen Dienst vor"),
        ("adam", "Sie erhalten einen Link", "/administration/settings", "ohne Neustart"),
        ("dora", "Zugriffsprotokoll", "/protection/", "nicht ändern"),
    ):
        browser = desk(who)
        assert step in browser.get("/desk/help").text, who
        assert told in browser.get(page).text, who
    assert "ohne gehaltene Plätze" in desk("lena").get("/supervision/figures/").text


def test_help_is_of_pages_that_exist(desk) -> None:
    assert set(PAGE_HELP) <= set(desk.app.view_functions)
