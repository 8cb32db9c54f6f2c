"""Appointments and forms that callers asked for."""

from __future__ import annotations

from ivr.models.callbacks import CallbackTask
from ivr.platform import database
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
    granted = {"answer": "granted", "appointment_at": "2026-12-01T10:30", "place": "Zimmer 3"}
    boss.post(f"/desk/tasks/{wish}/answer", data=granted)
    assert (the_task(wish).appointment_wish.room, the_task(wish).state) == ("large", "closed")
    assert "Zimmer 3 (großer Raum)" in boss.get(f"/desk/tasks/{wish}").text
    boss.post(f"/desk/tasks/{forms}/close", data={"outcome": "forms_sent", "posted_on": "2026-11-20"})
    assert "20.11.2026" in boss.get(f"/desk/tasks/{forms}").text
