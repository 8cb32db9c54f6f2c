"""The nights in which the clocks change, on the desk: 29 March and 25 October 2026."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from ivr.models.contact_centre import DutyException
from ivr.platform import database
from ivr.web.event_texts import moment
from ivr.web.template_helpers import duration
from tests.support.desk import change
from tests.support.people import a_task
from tests.web.test_roster import WEEK


@pytest.mark.parametrize(
    ("instant", "written"),
    [
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "So. 29.03.2026 01:59"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "So. 29.03.2026 03:00"),
        (datetime(2026, 10, 24, 23, 59, tzinfo=UTC), "So. 25.10.2026 01:59"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "So. 25.10.2026 02:30 (MESZ)"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "So. 25.10.2026 02:30 (MEZ)"),
        (datetime(2026, 10, 25, 2, 0, tzinfo=UTC), "So. 25.10.2026 03:00"),
    ],
)
def test_each_instant_is_written_so_that_it_is_no_other(desk, instant: datetime, written: str) -> None:
    with desk.app.test_request_context(headers={"Accept-Language": "de"}):
        assert moment(instant) == written


def test_a_promise_of_24_hours_ends_an_hour_earlier_or_later_by_the_clock(desk) -> None:
    """It is 24 hours that pass, not a day of the calendar."""
    with desk.app.test_request_context(headers={"Accept-Language": "de"}):
        for came, due in (
            (datetime(2026, 3, 28, 13, 0, tzinfo=UTC), "So. 29.03.2026 15:00"),
            (datetime(2026, 10, 24, 12, 0, tzinfo=UTC), "So. 25.10.2026 13:00"),
        ):
            assert moment(came + timedelta(hours=24)) == due
            assert duration(int(timedelta(hours=24).total_seconds())) == "1 Tag 0 Std."


def test_a_task_of_the_hour_that_comes_twice_is_found_by_its_day_alone(desk) -> None:
    task = change(a_task(), first_contact_at=datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    for since, until, found in (
        ("2026-10-25", "2026-10-25", True), ("2026-10-24", "2026-10-24", False), ("2026-10-26", "2026-10-26", False),
    ):  # fmt: skip
        page = desk("mia").get(f"/desk/?view=all&since={since}&until={until}").text
        assert (f"/desk/tasks/{task}?" in page) is found, since


@pytest.mark.parametrize("first", [date(2026, 3, 28), date(2026, 10, 24)])
@pytest.mark.parametrize("way", ["typed", "a calendar file"])
def test_an_absence_over_the_night_has_as_many_days_as_were_entered(desk, first: date, way: str, monkeypatch) -> None:
    lena, mia = desk("lena"), desk.people["mia"].id
    days = [first + timedelta(days=number) for number in range(3)]
    if way == "typed":
        span = {"begins_on": first.isoformat(), "ends_on": days[-1].isoformat()}
        lena.post("/supervision/roster/absences", data={**WEEK, "user": str(mia), **span})
    else:
        monkeypatch.setattr("ivr.web.roster.utc_now", lambda: datetime(2026, first.month, 20, tzinfo=UTC))
        behind = days[-1] + timedelta(days=1)
        file = (
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n"
            f"DTSTART;VALUE=DATE:{first:%Y%m%d}\r\nDTEND;VALUE=DATE:{behind:%Y%m%d}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
        calendar = (io.BytesIO(file.encode()), "urlaub.ics")
        lena.post("/supervision/roster/import", data={**WEEK, "user": str(mia), "calendar": calendar})
    with database.reading() as session:
        found = session.execute(select(DutyException.day, DutyException.starts).order_by(DutyException.day)).all()
    assert [tuple(one) for one in found] == [(day, None) for day in days]
