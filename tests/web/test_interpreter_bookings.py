"""An interpreter is booked on the page of a task, for its callback or its appointment."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.bookings import InterpreterBooking
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.privacy import erasure, subject_access
from tests.support.environment import forget_settings
from tests.support.people import a_task
from tests.web.test_directory import EVERY_DAY

NUMBER = "+494215550101"


@pytest.fixture
def open_always(monkeypatch: pytest.MonkeyPatch, empty_database) -> None:
    for name in ("HOURS__DAILY", "CALLING_HOURS__DAILY"):
        monkeypatch.setenv(name, "00:00-24:00")
    forget_settings()


def tomorrow() -> str:
    return f"{(utc_now() + timedelta(days=1)).astimezone(ZoneInfo('Europe/Berlin')):%Y-%m-%dT12:00}"


def in_the_directory(desk) -> None:
    desk("lena").post(
        "/directory/",
        data={"kind": "interpreter", "name": "Aylin", "number": NUMBER, "language": ["tr"], **EVERY_DAY},
    )


def booked() -> list[InterpreterBooking]:
    with database.reading() as session:
        return list(session.scalars(select(InterpreterBooking).order_by(InterpreterBooking.id)))


def test_a_member_books_an_interpreter_sees_it_on_the_task_and_cancels_it(open_always, desk) -> None:
    in_the_directory(desk)
    task, mia = a_task(language="tr"), desk("mia")
    page, form = f"/desk/tasks/{task}", {"interpreter": NUMBER, "booked_for": tomorrow(), "minutes": "30"}
    answer = mia.post(f"{page}/interpreter", data=form, follow_redirects=True)
    assert "Diese Angaben sind geschützt" in answer.text, "the task is not claimed"
    assert booked() == []
    mia.post(f"{page}/claim")
    answer = mia.post(f"{page}/interpreter", data=form, follow_redirects=True)
    assert "12:00–12:30, Aylin (Türkisch): vorgemerkt" in answer.text
    other = a_task(language="tr")
    mia.post(f"/desk/tasks/{other}/claim")
    answer = mia.post(f"/desk/tasks/{other}/interpreter", data=form, follow_redirects=True)
    assert "schon vorgemerkt" in answer.text
    assert f'value="{form["booked_for"]}"' in answer.text, "what was typed is still there"
    (booking,) = booked()
    assert mia.post(f"/desk/tasks/{other}/interpreter/{booking.id}/cancel", follow_redirects=True).status_code == 200
    assert booked()[0].canceled_at is None, "it is another task's"
    answer = mia.post(f"{page}/interpreter/{booking.id}/cancel", follow_redirects=True)
    assert "Aylin (Türkisch): abgesagt" in answer.text
    assert booked()[0].canceled_at is not None


@pytest.mark.parametrize(
    "wrong", [{"booked_for": "morgen"}, {"interpreter": ""}, {"minutes": "7"}, {"booked_for": "2020-01-01T10:00"}]
)
def test_what_is_no_booking_is_told_and_nothing_is_booked(open_always, desk, wrong: dict[str, str]) -> None:
    in_the_directory(desk)
    task, mia = a_task(language="tr"), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    form = {"interpreter": NUMBER, "booked_for": tomorrow(), "minutes": "30", **wrong}
    answer = mia.post(f"/desk/tasks/{task}/interpreter", data=form, follow_redirects=True)
    assert answer.status_code == 200
    assert "kern-alert--warning" in answer.text
    assert booked() == []


def test_an_appointment_that_is_granted_has_its_interpreter(open_always, desk) -> None:
    in_the_directory(desk)
    task, lena = a_task("appointment", kind="appointment", language="tr"), desk("lena")
    lena.post(f"/desk/tasks/{task}/claim")
    answered = {"answer": "granted", "appointment_at": tomorrow(), "place": "Zimmer 3"}
    lena.post(f"/desk/tasks/{task}/answer", data=answered)
    lena.post(f"/desk/tasks/{task}/open", data={"reason": "follow_up"})
    form = {"interpreter": NUMBER, "booked_for": tomorrow(), "minutes": "60"}
    answer = lena.post(f"/desk/tasks/{task}/interpreter", data=form, follow_redirects=True)
    assert "12:00–13:00, Aylin (Türkisch): vorgemerkt" in answer.text
    with database.reading() as session:
        assert session.get_one(CallbackTask, task).state == "closed"


def test_whose_number_was_booked_is_told_so_and_forgotten_with_an_erasure(open_always, desk) -> None:
    in_the_directory(desk)
    task, mia = a_task(language="tr"), desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    form = {"interpreter": NUMBER, "booked_for": tomorrow(), "minutes": "30"}
    mia.post(f"/desk/tasks/{task}/interpreter", data=form)
    with database.reading() as session:
        (told,) = subject_access.collect(session, erasure.of_number(session, NUMBER))["booked_to_interpret"]
    assert told["name"] == "Aylin"
    with database.writing() as session:
        erasure.erase(session, erasure.of_number(session, NUMBER), utc_now())
    assert [(one.name, one.number) for one in booked()] == [("", "")]


def is_booked(task: int, *, by: str, begins_in: timedelta) -> None:
    with database.writing() as session:
        user = session.scalars(select(User).where(User.username == by)).one()
        begins = utc_now() + begins_in
        session.add(
            InterpreterBooking(
                task_id=task,
                language="tr",
                name="Aylin",
                number=NUMBER,
                begins_at=begins,
                booked_at=utc_now(),
                ends_at=begins + timedelta(minutes=30),
                booked_by_id=user.id,
            )
        )


def test_who_is_booked_stands_in_the_list_and_on_the_task(open_always, desk) -> None:
    task, mia = a_task(language="tr"), desk("mia")
    is_booked(task, by="mia", begins_in=timedelta(hours=20))
    page = mia.get("/desk/").text
    assert "Sprachmittler*in: " in page
    assert "Sprachmittlung um" not in page, "there is time"
    mia.post(f"/desk/tasks/{task}/claim")
    assert "vorgemerkt von Mia" in mia.get(f"/desk/tasks/{task}").text


@pytest.mark.parametrize("holder", ["mia", None], ids=["claimed", "free"])
def test_shortly_before_who_is_to_call_is_reminded_on_every_page_and_others_are_not(
    open_always, desk, holder: str | None
) -> None:
    task, mia, lena = a_task(language="tr"), desk("mia"), desk("lena")
    if holder:
        mia.post(f"/desk/tasks/{task}/claim")
    is_booked(task, by="lena" if holder else "mia", begins_in=timedelta(minutes=10))
    assert "Uhr: <bdi>Aylin</bdi>, Türkisch" in mia.get("/desk/live/bar").text
    assert "Uhr: <bdi>Aylin</bdi>" not in lena.get("/desk/live/bar").text
    assert "Sprachmittlung um" in lena.get("/desk/").text, "the list tells everybody"


@pytest.mark.parametrize("ended", ["canceled_at", "rung_at", "ends_at"])
def test_nobody_is_reminded_of_what_is_over(open_always, desk, ended: str) -> None:
    task, mia = a_task(language="tr"), desk("mia")
    is_booked(task, by="mia", begins_in=timedelta(minutes=-10))
    assert "Uhr: <bdi>Aylin</bdi>" in mia.get("/desk/live/bar").text, "they wait already"
    with database.writing() as session:
        setattr(session.scalars(select(InterpreterBooking)).one(), ended, utc_now())
    assert "Uhr: <bdi>Aylin</bdi>" not in mia.get("/desk/live/bar").text
    assert "Sprachmittler*in: <time" not in mia.get("/desk/").text
