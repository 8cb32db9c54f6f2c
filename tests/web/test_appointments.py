"""Appointments of one's teams as a calendar, in the page and for calendar programs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from icalendar import Calendar

from ivr.accounts import users
from ivr.callbacks import appointments, claims
from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import AppointmentWish, CallbackTask
from ivr.platform import database
from tests.support.people import a_task

PAGE = "/appointments/"
AT = datetime(2031, 3, 5, 9, 40, tzinfo=settings().hours.zone)  # a Wednesday


def granted(username: str = "mia", concern: str = "benefits", at: datetime = AT) -> str:
    """The receipt code of a task whose appointment was granted."""
    task_id = a_task(concern=concern, kind="appointment", number="+4915112345678")
    with database.writing() as session:
        task, user = session.get_one(CallbackTask, task_id), users.named(session, username)
        task.appointment_wish = task.appointment_wish or AppointmentWish()
        claims.claim(session, task, user, utc_now())
        appointments.answer(session, task, user, utc_now(), appointment_at=at, place="Zimmer 12, bei Frau Geheim")
        return task.receipt_code


@pytest.mark.parametrize(
    ("address", "there"),
    [
        ("?day=2031-03-03", True), ("?day=2031-03-09", True), ("?day=2031-03-10", False),
        ("?view=day&day=2031-03-05", True), ("?view=day&day=2031-03-04", False),
        ("?day=2031-03-05&team=benefits", True), ("?day=2031-03-05&team=youth", False),
        ("?view=year&day=2031-03-05", True),
    ],
)  # fmt: skip
def test_the_week_and_the_day_show_the_appointments_of_the_teams(desk, address, there) -> None:
    code = granted()
    page = desk("mia").get(PAGE + address)
    assert page.status_code == 200
    assert (code in page.text) == there
    assert "Geheim" not in page.text
    assert ("09:40" in page.text) == there


def test_another_teams_appointments_are_not_shown(desk) -> None:
    code = granted()
    assert code not in desk("sven").get(PAGE + "?day=2031-03-05").text
    assert code in desk("lena").get(PAGE + "?day=2031-03-05").text


@pytest.mark.parametrize("address", ["?day=yesterday", "?day=0001-01-01"])
def test_a_day_that_is_none_is_no_page(desk, address) -> None:
    assert desk("mia").get(PAGE + address).status_code == 404


def made(browser) -> str:
    found = re.search(r"(/appointments/feed/[\w-]+\.ics)", browser.post(PAGE + "feed").text)
    assert found is not None
    return found[1]


def test_a_calendar_program_reads_when_and_which_code_and_nothing_of_the_caller(desk) -> None:
    code = granted(at=utc_now() + timedelta(days=2))
    granted("sven", "under_25", utc_now() + timedelta(days=2))
    mia = desk("mia")
    address = made(mia)
    assert address not in mia.get(PAGE).text, "shown once"
    answer = desk().get(address)
    assert answer.mimetype == "text/calendar"
    assert answer.headers["Cache-Control"] == "private, no-store"
    events = Calendar.from_ical(answer.data).walk("VEVENT")
    assert [str(event["summary"]) for event in events] == [f"Termin {code}, Leistungsbereich"]
    for hidden in ("15112345678", "Geheim", "Zimmer"):
        assert hidden not in answer.text


def test_an_address_is_replaced_revoked_and_ends_with_the_work(desk) -> None:
    mia = desk("mia")
    first, second = made(mia), made(mia)
    assert [desk().get(one).status_code for one in (first, second)] == [404, 200]
    mia.post(PAGE + "feed/revoke")
    assert desk().get(second).status_code == 404
    third = made(mia)
    with database.writing() as session:
        users.named(session, "mia").active = False
    assert desk().get(third).status_code == 404
