"""A slip of the finger: what was just done to tasks is undone, and nobody's work is overwritten by it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.desk import DoneAction, DoneToTask
from ivr.models.sla import SlaClock
from ivr.platform import database
from tests.support.people import a_task, the_task


def offered(page: str) -> str:
    """The address of the button that a page offers; empty where it offers none."""
    found = re.search(r'action="(/desk/undo/\d+)"', page)
    return found[1] if found else ""


def undo(browser, page: str = "/desk/") -> str:
    return browser.post(offered(browser.get(page).text), follow_redirects=True).text


def kept(task: int) -> dict[str, object]:
    """All that an action changes."""
    found = the_task(task)
    with database.reading() as session:
        clocks = [
            (one.measure, one.state, one.met_at, one.missed_at, one.due_at, one.next_change_at)
            for one in session.scalars(select(SlaClock).where(SlaClock.task_id == task).order_by(SlaClock.measure))
        ]
    columns = ("state", "claimed_by_id", "claimed_at", "team_id", "closed_at", "outcome", "first_attempt_at", "due_at")
    return {
        **{name: getattr(found, name) for name in columns},
        "clocks": clocks,
        "attempts": [one.outcome for one in found.attempts],
    }


ACTIONS = {
    "closed as reached": ("close", {"outcome": "reached", "text": "Bescheid erklärt"}),
    "closed otherwise": ("close", {"outcome": "settled_otherwise"}),
    "released": ("release", {}),
    "handed over": ("hand-over", {"team": "youth", "reason": "unter 25"}),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_a_task_is_again_what_it_was(desk, action: str) -> None:
    task, mia = a_task(age=timedelta(hours=2)), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/tasks/{task}/attempt", data={"outcome": "busy"})
    before = kept(task)
    path, data = ACTIONS[action]
    mia.post(f"/desk/tasks/{task}/{path}", data=data)
    assert kept(task) != before
    said = undo(mia)
    assert "Rückgängig gemacht: Der Auftrag ist wieder wie zuvor." in said
    assert kept(task) == before
    kinds = [event.kind for event in the_task(task).events]
    assert kinds[-1] == "undone", "the history keeps both"
    assert offered(mia.get("/desk/").text) == ""


def test_the_button_stands_on_the_tasks_own_page(desk) -> None:
    task, other, mia = a_task(), a_task(), desk("mia")
    for one in (task, other):
        mia.post(f"/desk/tasks/{one}/claim")
    mia.post(f"/desk/tasks/{task}/close", data={"outcome": "settled_otherwise"})
    assert offered(mia.get(f"/desk/tasks/{task}").text)
    assert not offered(mia.get(f"/desk/tasks/{other}").text)
    assert not offered(desk("nils").get(f"/desk/tasks/{task}").text)


def test_who_has_acted_since_is_named_and_nothing_is_undone(desk) -> None:
    task, mia, nils = a_task(), desk("mia"), desk("nils")
    mia.post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/tasks/{task}/release")
    nils.post(f"/desk/tasks/{task}/claim")
    before = kept(task)
    assert "Nils Nebenan hat den Auftrag seitdem bearbeitet. Er bleibt, wie er ist." in undo(mia)
    assert kept(task) == before


def test_what_the_caller_or_the_member_has_changed_since_stays(desk) -> None:
    task, mia = a_task(), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/tasks/{task}/close", data={"outcome": "settled_otherwise"})
    page = mia.get("/desk/").text
    mia.post(f"/desk/tasks/{task}/reopen")
    mia.post(f"/desk/tasks/{task}/close", data={"outcome": "letter_sent"})
    before = kept(task)
    said = mia.post(offered(page), follow_redirects=True).text
    assert "Der Auftrag hat sich seitdem geändert. Er bleibt, wie er ist." in said
    assert kept(task) == before


def test_nobody_undoes_for_others_or_twice_or_later(desk) -> None:
    task, mia = a_task(), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/tasks/{task}/release")
    address = offered(mia.get("/desk/").text)
    assert desk("nils").post(address).status_code == 404
    assert desk("lena").post(address).status_code == 404
    assert "wie zuvor" in mia.post(address, follow_redirects=True).text
    assert "schon rückgängig gemacht" in mia.post(address, follow_redirects=True).text
    mia.post(f"/desk/tasks/{task}/release")
    address = offered(mia.get("/desk/").text)
    with database.writing() as session:
        session.execute(update(DoneAction).values(done_at=utc_now() - timedelta(minutes=16)))
    assert not offered(mia.get("/desk/").text)
    assert "Diese sind vorbei" in mia.post(address, follow_redirects=True).text
    assert the_task(task).state == "open"


@pytest.mark.parametrize("gone", ["left", "of another team"])
def test_undoing_gives_no_task_to_who_may_not_hold_it_any_more(desk, gone: str) -> None:
    task, nils, lena = a_task(), desk("nils"), desk("lena")
    nils.post(f"/desk/tasks/{task}/claim")
    lena.post(f"/desk/tasks/{task}/release")
    address = offered(lena.get("/desk/").text)
    with database.writing() as session:
        person = session.get_one(User, desk.people["nils"].id)
        if gone == "left":
            person.active = False
        else:
            person.teams = []
    said = lena.post(address, follow_redirects=True).text
    assert "Der Auftrag hat sich seitdem geändert. Er bleibt, wie er ist." in said
    assert (the_task(task).state, the_task(task).claimed_by_id) == ("open", None)


def test_many_tasks_are_undone_but_those_others_have_taken_up(desk) -> None:
    tasks, mia, nils = [a_task() for _ in range(4)], desk("mia"), desk("nils")
    mia.post("/desk/selected", data={"task": tasks, "action": "assign", "to": desk.people["nils"].id})
    nils.post(f"/desk/tasks/{tasks[1]}/note", data={"text": "Ich rufe an"})
    page = mia.get("/desk/").text
    assert "4 Aufträge zugewiesen" in page
    said = mia.post(offered(page), follow_redirects=True).text
    assert "Rückgängig gemacht: 3 Aufträge sind wieder wie zuvor." in said
    assert f"{the_task(tasks[1]).receipt_code}: Nils Nebenan hat den Auftrag seitdem bearbeitet" in said
    assert [the_task(task).state for task in tasks] == ["open", "claimed", "open", "open"]
    mia.post("/desk/selected", data={"task": [tasks[0], tasks[1]], "action": "close", "outcome": "letter_sent"})
    undo(mia)
    assert the_task(tasks[0]).state == "open", "it was claimed only in order to be closed"
    with database.reading() as session:
        recorded = session.scalars(select(DoneToTask.task_id).order_by(DoneToTask.action_id.desc())).first()
    assert recorded == tasks[0], "a task that was refused is no part of it"
