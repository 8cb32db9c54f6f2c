"""The duty roster as the grid of a week: days that are changed, moved, copied, and taken from a calendar."""

from __future__ import annotations

import io
import re
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from ivr.accounts import users
from ivr.config.settings import settings
from ivr.contact_centre import absence_calendar, duty_roster
from ivr.contact_centre.absence_calendar import Fault
from ivr.models.accounts import Team, User
from ivr.models.contact_centre import Duty, DutyException
from ivr.platform import database

PAGE = "/supervision/roster"
MONDAY = date(2031, 3, 3)
ORDER, FILL_IN = "Das Ende muss nach dem Beginn liegen", "Bitte füllen Sie"
WEEK = {"week": "2031-03-03", "team": "benefits"}


@pytest.fixture
def lena(desk):
    """A supervisor; Mia is on duty on Mondays, 8 to 12."""
    with database.writing() as session:
        mia = users.named(session, "mia")
        session.add(Duty(team_id=mia.teams[0].id, user_id=mia.id, weekday=0, starts=time(8), ends=time(12)))
    return desk("lena")


def who(name: str) -> int:
    with database.reading() as session:
        return users.named(session, name).id


def changes(browser, what: str, **fields: object):
    return browser.post(f"{PAGE}/{what}", data={**WEEK, **fields}, follow_redirects=True)


def single_days(name: str = "mia") -> dict[date, time | None]:
    with database.reading() as session:
        found = session.scalars(select(DutyException).join(User).where(User.username == name))
        return {one.day: one.starts for one in found}


def on_duty(day: date, hour: int) -> list[str]:
    at = datetime.combine(day, time(hour), settings().hours.zone)
    with database.reading() as session:
        team = session.scalars(select(Team).where(Team.key == "benefits")).one()
        return [user.username for user in duty_roster.on_duty(session, team.id, at)]


def test_the_week_shows_who_is_on_duty_and_a_day_is_chosen_by_a_link(lena) -> None:
    page = lena.get(PAGE, query_string=WEEK).text
    assert "Leistungsbereich, Woche ab 03.03.2031" in page
    assert page.count("08:00–12:00") >= 1
    links = re.findall(r'href="([^"]+person=[^"]+)"', page)
    chosen = lena.get(links[0].replace("&amp;", "&")).text
    assert "<bdi>Mia Mitglied</bdi>, Montag 03.03.2031" in chosen
    assert 'value="08:00"' in chosen


def test_a_single_day_goes_before_the_weekly_duty_and_is_taken_back(lena) -> None:
    day = {"user": who("mia"), "day": "2031-03-03"}
    changes(lena, "day", **day, action="day", starts="10:00", ends="16:00")
    assert (on_duty(MONDAY, 9), on_duty(MONDAY, 15)) == ([], ["mia"])
    assert on_duty(MONDAY + timedelta(days=7), 9) == ["mia"], "other weeks stay"
    changes(lena, "day", **day, action="absent")
    assert on_duty(MONDAY, 11) == []
    changes(lena, "day", **day, action="usual")
    assert on_duty(MONDAY, 9) == ["mia"]
    changes(lena, "day", user=who("nils"), day="2031-03-04", action="weekly", starts="09:00", ends="11:00")
    assert on_duty(MONDAY + timedelta(days=8), 10) == ["nils"]


def test_a_weekly_duty_moves_to_another_person_and_day(lena) -> None:
    with database.reading() as session:
        duty = session.scalars(select(Duty)).one()
    changes(lena, "move", duty=duty.id, user=who("nils"), weekday=2)
    assert (on_duty(MONDAY, 9), on_duty(MONDAY + timedelta(days=2), 9)) == ([], ["nils"])


def test_a_week_is_copied_and_replaces_single_days_of_the_other(lena) -> None:
    changes(lena, "day", user=who("mia"), day="2031-03-04", action="day", starts="13:00", ends="14:00")
    changes(lena, "day", user=who("mia"), day="2031-03-12", action="absent")
    answer = changes(lena, "copy", to="2031-03-13")
    assert "1 einzelner Tag ist in diese Woche kopiert" in answer.text
    assert single_days() == {date(2031, 3, 4): time(13), date(2031, 3, 11): time(13)}


def test_an_absence_of_some_days(lena) -> None:
    changes(lena, "absences", user=who("mia"), begins_on="2031-03-03", ends_on="2031-03-05")
    assert single_days() == dict.fromkeys([date(2031, 3, 3), date(2031, 3, 4), date(2031, 3, 5)])


@pytest.mark.parametrize(
    ("what", "fields", "told"),
    [
        ("day", {"day": "2031-03-03", "action": "day", "starts": "12:00", "ends": "08:00"}, ORDER),
        ("day", {"day": "2031-03-03", "action": "weekly", "starts": "20:00", "ends": "00:00"}, ORDER),
        ("day", {"day": "2031-03-03", "action": "day"}, FILL_IN),
        ("day", {"day": "2031-03-03", "action": "weekly", "starts": "12:00"}, FILL_IN),
        ("day", {"day": "never", "action": "absent"}, FILL_IN),
        ("day", {"day": "2031-03-03", "action": "absent", "user": 4711}, "gibt es nicht mehr"),
        ("move", {"duty": 4711, "weekday": 2}, "gibt es nicht mehr"),
        ("copy", {"to": "2031-03-07"}, "Das ist die angezeigte Woche"),
        ("absences", {"begins_on": "2031-03-05", "ends_on": "2031-03-03"}, ORDER),
        ("absences", {"begins_on": "2031-03-05", "ends_on": "2999-03-03"}, "höchstens 400 Abwesenheitstage"),
        ("duties", {"team": 1, "weekday": 2, "starts": "12:00", "ends": "12:00"}, ORDER),
        ("exceptions", {"day": "2031-03-03", "starts": "12:00", "ends": "08:00"}, ORDER),
        ("exceptions", {"day": "2031-03-03", "starts": "12:00"}, FILL_IN),
        ("exceptions", {"day": "2031-03-03", "ends": "12:00"}, FILL_IN),
    ],
)
def test_what_cannot_be_is_told_with_its_reason_and_changes_nothing(lena, what, fields, told) -> None:
    answer = changes(lena, what, **{"user": who("mia"), **fields})
    assert answer.status_code == 200
    assert told in answer.text
    assert single_days() == {}
    with database.reading() as session:
        assert len(session.scalars(select(Duty)).all()) == 1


@pytest.mark.parametrize("change", [{"active": "", "role": "member"}, {"active": "1", "role": "officer"}])
def test_who_has_left_or_serves_no_more_is_not_missing_on_duty(desk, lena, change: dict[str, str]) -> None:
    changes(lena, "day", user=who("mia"), day="2031-03-04", action="day", starts="08:00", ends="12:00")
    assert on_duty(MONDAY, 9) == on_duty(MONDAY + timedelta(days=1), 9) == ["mia"]
    with database.reading() as session:
        assert duty_roster.staff_by_hour(session, MONDAY)[9] == 1
    desk("adam").post(f"/administration/people/{who('mia')}", data={**change, "team": "benefits"})
    assert on_duty(MONDAY, 9) == on_duty(MONDAY + timedelta(days=1), 9) == []
    with database.reading() as session:
        at = datetime.combine(MONDAY, time(9), settings().hours.zone)
        team = session.scalars(select(Team).where(Team.key == "benefits")).one()
        assert duty_roster.missing(session, team.id, at) == []
        assert duty_roster.staff_by_hour(session, MONDAY)[9] == 0


TODAY = date(2031, 3, 3)


def ics(*events: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\r\nUID:{number}\r\n{event}\r\nEND:VEVENT\r\n" for number, event in enumerate(events))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{body}END:VCALENDAR\r\n".encode()


def test_all_day_entries_are_absences_and_recurring_ones_end_after_a_year() -> None:
    found = absence_calendar.read(
        ics(
            "DTSTART;VALUE=DATE:20310310\r\nDTEND;VALUE=DATE:20310313",
            "DTSTART;VALUE=DATE:20200101\r\nRRULE:FREQ=WEEKLY;BYDAY=FR",
            "DTSTART:20310304T080000Z\r\nDTEND:20310304T090000Z",
        ),
        TODAY,
    )
    assert {date(2031, 3, 10), date(2031, 3, 12), date(2031, 3, 14)} <= found.days
    assert date(2031, 3, 13) not in found.days
    assert max(found.days) <= TODAY + absence_calendar.AHEAD
    assert min(found.days) >= TODAY - absence_calendar.BEFORE
    assert found.timed == 1


def test_what_a_calendar_has_called_off_is_no_absence() -> None:
    off = "RECURRENCE-ID;VALUE=DATE:20310317\r\nDTSTART;VALUE=DATE:20310317\r\nSTATUS:cancelled"
    weekly = "UID:w\r\nDTSTART;VALUE=DATE:20310310\r\nRRULE:FREQ=WEEKLY;COUNT=3"
    holiday = "UID:h\r\nDTSTART;VALUE=DATE:20310304\r\nSTATUS:CANCELLED"
    body = "".join(f"BEGIN:VEVENT\r\n{one}\r\nEND:VEVENT\r\n" for one in (weekly, f"UID:w\r\n{off}", holiday))
    found = absence_calendar.read(f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}END:VCALENDAR\r\n".encode(), TODAY)
    assert found.days == {date(2031, 3, 10), date(2031, 3, 24)}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"no calendar", b"\xff\xfe\x00", b"BEGIN:VCALENDAR\r\n", b"PK\x03\x04" + b"0" * 100,
    ],
    ids=["empty", "text", "bytes", "cut off", "archive"],
)  # fmt: skip
def test_a_file_that_is_no_calendar_is_refused_with_a_sentence(lena, content) -> None:
    file = {"user": who("mia"), "calendar": (io.BytesIO(content), "x.ics"), **WEEK}
    answer = lena.post(f"{PAGE}/import", data=file, content_type="multipart/form-data", follow_redirects=True)
    assert answer.status_code == 200
    assert "kein lesbarer Kalender" in answer.text
    assert single_days() == {}


@pytest.mark.parametrize(
    "content",
    [
        ics(*["DTSTART;VALUE=DATE:20310303"] * (absence_calendar.MOST_ENTRIES + 1)),
        ics(*["DTSTART;VALUE=DATE:20310303\r\nRRULE:FREQ=YEARLY"] * (absence_calendar.MOST_RECURRING + 1)),
        b"x" * (absence_calendar.LARGEST + 1),
    ],
    ids=["many", "many recurring", "large"],
)
def test_a_calendar_with_too_much_is_refused(content) -> None:
    with pytest.raises(absence_calendar.TooMuch):
        absence_calendar.read(content, TODAY)


#: Entries that cannot be used, and what is wrong with each.
BAD = {
    "SUMMARY:x": Fault.NO_START,
    "DTSTART;VALUE=DATE:20310305\r\nDTEND;VALUE=DATE:20310301": Fault.ENDS_BEFORE,
    "DTSTART;VALUE=DATE:20310305\r\nDURATION:-P2D": Fault.ENDS_BEFORE,
    "DTSTART;VALUE=DATE:20319999": Fault.UNREADABLE,
    "DTSTART:tomorrow": Fault.UNREADABLE,
    "DTSTART;VALUE=DATE:20310305\r\nDTSTART;VALUE=DATE:20310306": Fault.UNREADABLE,
    "DTSTART;VALUE=DATE:20310305\r\nDTEND:20310306T120000Z": Fault.UNREADABLE,
    "DTSTART;VALUE=DATE:20310305\r\nDURATION:PT5H": Fault.UNREADABLE,
    "DTSTART;VALUE=DATE:20310305\r\nRRULE:FREQ=NEVER": Fault.UNREADABLE,
    "DTSTART;VALUE=DATE:20310305\r\nRRULE:FREQ=WEEKLY;UNTIL=x": Fault.UNREADABLE,
    "DTSTART;VALUE=DATE:20310305\r\nRECURRENCE-ID:x": Fault.UNREADABLE,
    "DTSTART;VALUE=DATE:20310305\r\nRRULE:FREQ=WEEKLY;INTERVAL=0": Fault.RECURS,
    "DTSTART;VALUE=DATE:20310305\r\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30": Fault.RECURS,
    "DTSTART;VALUE=DATE:19000303\r\nRRULE:FREQ=SECONDLY": Fault.RECURS,
    "DTSTART;VALUE=DATE:19000303\r\nRRULE:FREQ=DAILY;BYSECOND=1,2,3": Fault.RECURS,
    "DTSTART;VALUE=DATE:00010303\r\nRRULE:FREQ=DAILY": Fault.RECURS,
}


@pytest.mark.parametrize("bad", BAD)
def test_an_entry_that_cannot_be_used_does_not_take_the_others_away(bad) -> None:
    found = absence_calendar.read(ics("DTSTART;VALUE=DATE:20310310", bad, "DTSTART;VALUE=DATE:20310312"), TODAY)
    assert found.days == {date(2031, 3, 10), date(2031, 3, 12)}
    assert [one.fault for one in found.left_out] == [BAD[bad]]


def test_an_entry_that_is_over_or_lasts_for_ever_covers_only_its_days() -> None:
    over, always = "DTSTART;VALUE=DATE:20300101\r\nDTEND;VALUE=DATE:20300105", "DTSTART;VALUE=DATE:20310301"
    assert absence_calendar.read(ics(over), TODAY).days == frozenset()
    days = absence_calendar.read(ics(f"{always}\r\nDTEND;VALUE=DATE:99991231"), TODAY).days
    assert (min(days), max(days)) == (date(2031, 3, 1), TODAY + absence_calendar.AHEAD)


def test_ten_thousand_entries_of_a_calendar_are_read() -> None:
    timed, whole = "DTSTART:20310304T080000Z\r\nDTEND:20310304T090000Z", "DTSTART;VALUE=DATE:20310310"
    found = absence_calendar.read(ics(*[timed, whole] * 5000), TODAY)
    assert (found.days, found.timed, found.left_out) == ({date(2031, 3, 10)}, 5000, [])


def test_entries_of_a_calendar_that_are_left_out_are_named(lena) -> None:
    today = datetime.now(settings().hours.zone).date()
    begins, ends = (f"{today + timedelta(days=days):%Y%m%d}" for days in (9, 3))
    bad = f"DTSTART;VALUE=DATE:{begins}\r\nDTEND;VALUE=DATE:{ends}\r\nSUMMARY:<b>Urlaub</b>"
    content = ics(f"DTSTART;VALUE=DATE:{begins}", bad, "COMMENT:leer")
    file = {"user": who("mia"), "calendar": (io.BytesIO(content), "x.ics"), **WEEK}
    answer = lena.post(f"{PAGE}/import", data=file, content_type="multipart/form-data", follow_redirects=True)
    assert "2 Einträge des Kalenders wurden ausgelassen: „&lt;b&gt;Urlaub&lt;/b&gt;“" in answer.text
    assert "endet vor seinem Beginn; „ohne Titel“ hat keinen Beginn" in answer.text
    assert single_days() == {today + timedelta(days=9): None}


def test_absences_are_taken_from_a_calendar(lena) -> None:
    today = datetime.now(settings().hours.zone).date()
    begins = (today + timedelta(days=9)).strftime("%Y%m%d")
    file = {"user": who("mia"), "calendar": (io.BytesIO(ics(f"DTSTART;VALUE=DATE:{begins}")), "x.ics"), **WEEK}
    answer = lena.post(f"{PAGE}/import", data=file, content_type="multipart/form-data", follow_redirects=True)
    assert "1 Tag Abwesenheit ist eingetragen" in answer.text
    assert single_days() == {today + timedelta(days=9): None}
