"""A supervisor changes the opening hours of a day: what callers hear, and what becomes of promises."""

from __future__ import annotations

import time as clock
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from ivr import prompts
from ivr.callbacks import changed_hours, retry_schedule, urgency
from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.enums import NoticeProblem
from ivr.domain.opening_hours import Span
from ivr.domain.timestamps import iso, utc_now
from ivr.models.audit import AccessLine
from ivr.models.callbacks import CallbackTask, TaskEvent
from ivr.notices import present, special_days
from ivr.notices.unusable import Unusable
from ivr.platform import database
from tests.support.notices import LENA, enter, local, take_back, today, tomorrow
from tests.support.people import a_task, hire, the_task
from tests.support.webhook_call import WebhookCall, carrier

SHORT = Span(opens=time(10), closes=time(12))


def told(at: datetime, opens: datetime) -> str:
    """What a caller outside opening hours is told of the next opening."""
    return prompts.text("closed", "de", {"opening_at": iso(opens), "today": at.date().isoformat()})


def heard_at(client, at: datetime) -> str:
    """What a German caller hears who asks for the benefits team at an instant."""
    return WebhookCall(client, at=at.isoformat()).rings().presses("1", "1").heard


def test_a_supervisor_closes_tomorrow_and_the_next_caller_hears_the_right_day(empty_database) -> None:
    client, evening = carrier(), local(today() + timedelta(days=2), 18, 1)
    closed, after = evening.date() + timedelta(days=1), evening.date() + timedelta(days=2)
    assert told(evening, local(closed, 8)) in heard_at(client, evening)
    entered = enter(closed)
    assert told(evening, local(after, 8)) in heard_at(client, evening)
    assert told(local(closed, 12), local(after, 8)) in heard_at(client, local(closed, 12)), "closed at noon as well"
    take_back(entered)
    assert told(evening, local(closed, 8)) in heard_at(client, evening)


def test_a_change_made_by_another_process_is_heard_within_a_second(empty_database, monkeypatch) -> None:
    assert opening_hours.is_open(present.hours(), local(tomorrow(), 12))
    monkeypatch.setattr(present, "forget_after", lambda _session: None)  # as if another process had committed it
    enter(tomorrow())
    assert present.CACHE_SECONDS < 1
    monkeypatch.setattr(clock, "monotonic", lambda now=clock.monotonic: now() + present.CACHE_SECONDS)
    assert not opening_hours.is_open(present.hours(), local(tomorrow(), 12))


def test_the_last_known_hours_count_while_the_database_is_away(empty_database, monkeypatch) -> None:
    enter(tomorrow())
    assert tomorrow() in present.hours().days

    def gone() -> None:
        raise OperationalError("SELECT", None, Exception("gone"))

    monkeypatch.setattr(database, "glancing", gone)
    present.forget()
    assert not opening_hours.is_open(present.hours(), local(tomorrow(), 12))
    monkeypatch.undo()


def test_other_hours_of_a_day_override_closures_and_holidays() -> None:
    day = date(2026, 12, 24)
    usual = opening_hours.Hours(closures=[{"first": day, "last": day}], holidays=True)
    hours = present.with_day(usual, day, SHORT)
    zone = hours.zone
    assert [opening_hours.is_open(hours, datetime(2026, 12, 24, hour, tzinfo=zone)) for hour in (9, 10, 12)] == [
        False, True, False,
    ]  # fmt: skip
    assert not opening_hours.is_open(hours, datetime(2026, 12, 25, 12, tzinfo=zone))


@pytest.mark.parametrize(("day", "seconds"), [(date(2027, 3, 28), 1800), (date(2026, 10, 25), 9000)])
def test_hours_within_the_night_in_which_the_clocks_change(day: date, seconds: int) -> None:
    """From half past one till three: half an hour in spring, two and a half in autumn."""
    hours = present.with_day(opening_hours.Hours(), day, Span(opens=time(1, 30), closes=time(3)))
    midnight = datetime.combine(day, time(0), hours.zone)
    assert opening_hours.open_time(hours, midnight, midnight + timedelta(hours=7)).total_seconds() == seconds


@pytest.mark.parametrize(
    ("ahead", "span", "problem"),
    [(-1, None, NoticeProblem.PAST), (401, None, NoticeProblem.FAR), (1, Span(opens=time(9), closes=time(9)), "order"),
     (1, Span(opens=time(8), closes=time(18)), NoticeProblem.SAME)],
)  # fmt: skip
def test_what_cannot_be_entered(empty_database, ahead: int, span: Span | None, problem: str) -> None:
    with pytest.raises(Unusable) as refused:
        enter(today() + timedelta(days=ahead), span)
    assert refused.value.problem == problem


def test_a_second_entry_replaces_the_first_and_undo_leads_back_to_it(empty_database) -> None:
    first = enter(tomorrow())
    second = enter(tomorrow(), SHORT)
    assert present.hours().days[tomorrow()] == SHORT
    with pytest.raises(Unusable):
        take_back(first)
    take_back(second)
    assert present.hours().days[tomorrow()] is None
    with pytest.raises(Unusable):
        take_back(second)


def test_what_is_over_ends_by_itself_and_stays_in_the_history(empty_database) -> None:
    day = today() + timedelta(days=1)
    entered = enter(day)
    later = local(day + timedelta(days=1), 9)
    with database.reading() as session:
        assert special_days.coming(session, later) == ()
        assert [one.id for one in special_days.history(session)] == [entered]
    with pytest.raises(Unusable):
        take_back(entered, later)


# -- promises -------------------------------------------------------------------------------------------


def an_emergency() -> int:
    task = a_task()
    with database.writing() as session:
        urgency.raise_by_words(session, session.get_one(CallbackTask, task), ["strom"], utc_now())
    return task


def test_deadlines_in_opening_time_move_with_the_day_and_back(empty_database) -> None:
    """An emergency of the evening is due two hours after opening; the day is closed, and opened again."""
    hire()
    task, day = an_emergency(), tomorrow()
    with database.writing() as session:
        evening, due = local(today(), 19), local(day, 10)
        found = session.get_one(CallbackTask, task)
        for clock in found.clocks:
            clock.clock, clock.at_risk_at, clock.due_at = "service", local(day, 9, 30), due
        found.due_at = due
    entered = enter(day, now=evening)
    assert the_task(task).due_at == due + timedelta(days=1)
    with database.reading() as session:
        events = session.scalars(select(TaskEvent.kind).where(TaskEvent.task_id == task)).all()
        lines = session.scalars(
            select(AccessLine).where(AccessLine.action == "notice_changed").order_by(AccessLine.number)
        ).all()
    assert events.count("deadline_moved") == 2
    assert [(line.actor, line.detail) for line in lines] == [
        (LENA.name, f"opening hours {day}: closed; deadlines moved: 2")
    ]
    take_back(entered, now=evening)
    assert the_task(task).due_at == due


def test_promises_that_count_every_hour_stay_and_are_named(empty_database) -> None:
    task, now = a_task(), utc_now()
    due = the_task(task).due_at
    day = special_days.local_day(due)
    with database.reading() as session:
        before = special_days.hours_in(session)
        after = present.with_day(before, day, None)
        assert changed_hours.preview(session, before, after, now) == []
        assert changed_hours.stay(session, after, day) == 1
    enter(day)
    assert the_task(task).due_at == due


def test_nobody_is_rung_again_on_a_day_that_is_closed(empty_database) -> None:
    now = local(tomorrow(), 9)
    again = retry_schedule.next_attempt_at([now], None, now, settings())
    assert again is not None
    enter(special_days.local_day(again))
    other = retry_schedule.next_attempt_at([now], None, now, settings())
    assert other is not None and special_days.local_day(other) != special_days.local_day(again)


# -- pages ----------------------------------------------------------------------------------------------


def test_a_supervisor_previews_enters_and_takes_back_a_day(desk) -> None:
    lena, day = desk("lena"), tomorrow()
    assert "Heutige Hinweise" in lena.get("/opening-hours/").text
    form = {"day": day.isoformat(), "opened": "closed", "reason": "Wasserschaden"}
    preview = lena.get("/opening-hours/preview", query_string=form).text
    opens = local(day + timedelta(days=1), 8)
    assert told(local(day, 12), opens) in preview
    assert prompts.text("closed", "en", {"opening_at": iso(opens), "today": day.isoformat()}) in preview
    assert day not in present.hours().days, "a preview changes nothing"
    assert "Wasserschaden" in lena.post("/opening-hours/", data=form, follow_redirects=True).text
    assert present.hours().days[day] is None
    assert "Zurückgenommen" in lena.post("/opening-hours/1/undo", follow_redirects=True).text
    assert day not in present.hours().days


def test_the_page_says_what_is_wrong_with_a_day(desk) -> None:
    lena, day = desk("lena"), tomorrow().isoformat()
    past = lena.get("/opening-hours/preview?day=2026-01-02&opened=closed&reason=Wasserschaden").text
    assert "schon vorbei" in past and 'value="Wasserschaden"' in past, "what was typed can be corrected"
    upside = {"day": day, "opened": "hours", "opens": "12:00", "closes": "10:00"}
    assert "nicht nach dem Anfang" in lena.get("/opening-hours/preview", query_string=upside).text
    assert "von wann bis wann" in lena.get("/opening-hours/preview", query_string=upside | {"opens": ""}).text
    assert "alle Felder" in lena.get("/opening-hours/preview?day=yesterday").text
    assert "nicht nach dem Anfang" in lena.post("/opening-hours/", data=upside, follow_redirects=True).text
    assert desk("mia").get("/opening-hours/").status_code == 404
