"""Tasks are worked on: hours, hand-overs, and many tasks of one number."""

from __future__ import annotations

import pytest

from ivr.callbacks import claims, intake
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from tests.support.people import a_task, the_task
from tests.support.volume import volume

# -- views and filters ----------------------------------------------------------------------------------


def test_hours_of_another_time_zone_are_no_hours_of_duty(desk) -> None:
    lena, mia = desk("lena"), desk.people["mia"]
    given = {
        "team": "1",
        "user": f"{mia.id}",
        "weekday": "0",
        "day": "2026-12-01",
        "starts": "10:00+02:00",
        "ends": "11:00",
    }
    for kind in ("duties", "exceptions"):
        for wrong, said in (
            ({}, "Bitte füllen Sie"),
            ({"starts": "10:00", "user": "999"}, "gibt es nicht mehr"),
            ({"starts": "10:00", "team": "999", "user": "x"}, "Bitte füllen Sie"),
        ):
            answer = lena.post(f"/supervision/roster/{kind}", data={**given, **wrong}, follow_redirects=True)
            assert said in answer.text


def test_who_is_restricted_holds_nobody_up(desk) -> None:
    restricted, waiting = a_task("emergency"), a_task("benefits")
    with database.writing() as session:
        session.get_one(CallbackTask, restricted).restricted_at = utc_now()
        task = claims.take_next(session, desk.people["mia"], ["de"], utc_now())
        assert task is not None
        assert task.id == waiting


# -- who works on what ----------------------------------------------------------------------------------


def test_a_task_is_handed_over_with_a_reason_and_keeps_its_deadline(desk) -> None:
    task = a_task()
    due, mia = the_task(task).due_at, desk("mia")
    for given in (
        {"team": "youth", "reason": " "},
        {"team": "benefits", "reason": "x"},
        {"team": "nowhere", "reason": "x"},
    ):
        mia.post(f"/desk/tasks/{task}/hand-over", data=given)
        assert the_task(task).team.key == "benefits"
    desk("nils").post(f"/desk/tasks/{task}/claim")
    mia.post(f"/desk/tasks/{task}/hand-over", data={"team": "youth", "reason": "unter 25"})
    assert the_task(task).team.key == "benefits", "somebody else holds it"
    desk("nils").post(f"/desk/tasks/{task}/hand-over", data={"team": "youth", "reason": "unter 25"})
    found = the_task(task)
    assert (found.team.key, found.state, found.due_at) == ("youth", "open", due)
    sven = desk("sven")
    sven.post(f"/desk/tasks/{task}/claim")
    assert "Jugendberufsagentur: unter 25" in sven.get(f"/desk/tasks/{task}").text


# -- text messages, empty_database, posting -----------------------------------------------------------------------


@pytest.mark.since("ci")
@pytest.mark.soak
def test_hundreds_of_tasks_of_one_number_and_a_long_message_hold_nobody_up(desk) -> None:
    with database.writing() as session:
        from ivr.callbacks.request import Request
        from ivr.calls import calls

        for number in range(volume(test=62, ci=120, soak=500)):
            call = calls.seen(session, f"CA{number:032d}", "+4915112349999", utc_now())
            opened = intake.open_for(session, call, Request(concern="benefits"), utc_now())
    page = desk("mia").get(f"/desk/tasks/{opened.id}").text
    assert page.count("/desk/tasks/") < 60, "the ten latest of the number are shown"
    long = a_task(text=" ".join(f"Wort{number}" for number in range(1500)))
    assert desk("mia").get(f"/desk/tasks/{long}").status_code == 200
