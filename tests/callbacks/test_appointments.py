"""Appointments and forms that callers asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ivr.callbacks import request_status
from ivr.domain.enums import RequestStatus
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from tests.support.contacts import opened
from tests.support.people import a_task, the_task


def test_an_appointment_has_a_room_and_forms_have_a_day(desk) -> None:
    wish, forms = a_task("appointment", kind="appointment"), a_task("forms", kind="postal_order")
    with database.writing() as session:
        session.get_one(CallbackTask, wish).appointment_wish.companion = "interpreter"
        for task in (wish, forms):
            session.get_one(CallbackTask, task).provisional = False
    boss = desk("lena")
    for task in (wish, forms):
        boss.post(f"/desk/tasks/{task}/claim")
    granted = {"answer": "granted", "appointment_at": "2099-12-01T10:30", "place": "Zimmer 3"}
    boss.post(f"/desk/tasks/{wish}/answer", data=granted)
    assert (the_task(wish).appointment_wish.room, the_task(wish).state) == ("large", "closed")
    assert "Zimmer 3 (großer Raum)" in boss.get(f"/desk/tasks/{wish}").text
    boss.post(f"/desk/tasks/{forms}/close", data={"outcome": "forms_sent", "posted_on": "2026-11-20"})
    assert "20.11.2026" in boss.get(f"/desk/tasks/{forms}").text


def told_of(task: int, mode: str | None, place: str | None) -> dict[str, Any]:
    """What a caller is told with the receipt code of a granted appointment."""
    with database.writing() as session:
        found = session.get_one(CallbackTask, task)
        found.state, found.provisional, found.outcome, found.closed_at = "closed", False, "granted", utc_now()
        wish = found.appointment_wish
        wish.mode, wish.place, wish.appointment_at = mode, place, datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    with database.reading() as session:
        contact = session.get_one(CallbackTask, task).contacts[0]
        status, told = request_status.status_for_caller(contact, utc_now())
    assert status == RequestStatus.GRANTED
    return told


def test_a_caller_is_told_the_place_of_an_appointment_in_person_and_no_number_or_link(empty_database) -> None:
    task = opened(kind="appointment", concern="appointment")
    assert told_of(task, "in_person", "Zimmer 3")["appointment_place"] == "Zimmer 3"
    assert told_of(task, "telephone", "+4942112345")["appointment_place"] == ""
    assert told_of(task, "video", "https://example.org/x")["appointment_place"] == ""
    assert told_of(task, "in_person", None)["appointment_place"] == "", "deleted with number and name"
