"""The line itself: places, the expected wait, and who is shown to whom."""

from __future__ import annotations

import threading
from datetime import datetime, time, timedelta

from sqlalchemy import select

from ivr.callbacks import claims
from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.config import settings
from ivr.contact_centre import (
    agent_presence,
    call_queue,
    conversations,
    duty_roster,
    kept_places,
    queue_order,
    wallboard,
)
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Duty, DutyException, QueueEntry
from ivr.platform import database
from tests.support.people import a_task, hire

NOW = utc_now()


def enters(session, number: int, concern: str = "benefits", at=NOW) -> QueueEntry:
    call = calls.seen(session, f"CA{number:032d}", f"+4917600000{number:03d}", at)
    return call_queue.enter(session, call, 1, Request(concern=concern), "tr", "", at)


def test_the_expected_wait_is_what_the_last_half_hour_tells(empty_database) -> None:
    """Ten minutes a call, two who answer: one in five minutes."""
    people = hire()
    with database.writing() as session:
        person = enters(session, 1)
        assert queue_order.expected_wait(session, person.team_id, 3, NOW) is None, "nothing is promised without data"
        for name in ("mia", "nils"):
            agent_presence.start_answering(session, people[name], f"+49421987{people[name].id:03d}", [], NOW)
        for number, (began, took) in enumerate(((1, 1), (20, 9), (29, 20), (31, 30)), start=2):
            earlier = enters(session, number)
            earlier.state, earlier.answered_at = "answered", NOW - timedelta(minutes=began)
            talk = conversations.for_entry(session, earlier, NOW)
            talk.state, talk.ended_at = "ended", earlier.answered_at + timedelta(minutes=took)
        session.flush()
        assert queue_order.expected_wait(session, person.team_id, 2, NOW) == timedelta(minutes=10)
        assert queue_order.expected_wait(session, person.team_id, 1, NOW) == timedelta(minutes=5)


def test_emergencies_take_nobodys_place(empty_database, monkeypatch) -> None:
    monkeypatch.setenv("LINE_PLACES", "2")
    settings.settings.cache_clear()
    people = hire()
    with database.writing() as session:
        agent_presence.start_answering(session, people["mia"], "+4942198765", [], NOW)
        for number in range(5):
            enters(session, number, "emergency")
        enters(session, 7)
        assert call_queue.state_for(session, "benefits", NOW) == "open"
        enters(session, 8)
        assert call_queue.state_for(session, "benefits", NOW) == "full"


def test_who_goes_home_after_the_wrap_up_or_forgot_it_is_not_waited_for(empty_database) -> None:
    people = hire()
    with database.writing() as session:
        agent_presence.start_answering(session, people["mia"], "+4942198765", [], NOW)
        here = agent_presence.get_or_create(session, people["mia"].id, NOW)
        here.state = "wrap_up"
        session.flush()
        assert call_queue.state_for(session, "benefits", NOW) == "open"
        assert call_queue.state_for(session, "benefits", NOW + timedelta(minutes=31)) == "nobody"
        here.afterwards = "offline"
        session.flush()
        assert call_queue.state_for(session, "benefits", NOW) == "nobody"


def test_a_fallback_group_answers_when_it_is_planned_to_and_swapped_shifts_count(empty_database) -> None:
    people = hire()
    monday = datetime(2026, 11, 23, 9, tzinfo=empty_database.hours.zone)
    with database.writing() as session:
        benefits = session.scalars(select(Team).where(Team.key == "benefits")).one()
        sven, mia = people["sven"], people["mia"]
        session.add(Duty(team_id=benefits.id, user_id=sven.id, weekday=0, starts=time(8), ends=time(12), fallback=True))
        agent_presence.start_answering(session, sven, "+4942198765", [], monday)
        session.flush()
        assert [here.user_id for here in duty_roster.who_answers(session, benefits.id, monday)] == [sven.id]
        assert not duty_roster.who_answers(session, benefits.id, monday + timedelta(hours=4))
        assert not duty_roster.who_answers(session, benefits.id, monday + timedelta(days=1))
        session.add(DutyException(user_id=mia.id, day=monday.date(), starts=time(8), ends=time(12)))
        session.flush()
        assert [user.id for user in duty_roster.on_duty(session, benefits.id, monday)] == [mia.id]
        assert [user.id for user in duty_roster.missing(session, benefits.id, monday)] == [mia.id]


def test_a_place_is_kept_though_a_colleague_held_the_task(empty_database) -> None:
    people = hire()
    with database.writing() as session:
        place = enters(session, 1)
        task = session.get_one(CallbackTask, a_task_in(session))
        claims.claim(session, task, people["nils"], NOW)
        kept_places.keep_place(session, place, task, NOW)
        session.flush()
        kept_places.drop_kept_places(session, NOW, closed=False)
        assert (place.state, place.mode, task.state) == ("waiting", "callback", "open")


def test_places_are_counted_in_ones_own_teams_line_emergencies_first(empty_database) -> None:
    with database.writing() as session:
        first, other, last = enters(session, 1), enters(session, 2, "work"), enters(session, 3)
        urgent = enters(session, 4, "emergency", NOW + timedelta(minutes=1))
        session.flush()
        assert [queue_order.position(session, entry, NOW) for entry in (urgent, first, last, other)] == [1, 2, 3, 1]
        assert call_queue.enter(session, first.call, 1, Request(concern="benefits"), "tr", "", NOW) is first, (
            "twice is once"
        )


def test_a_kept_place_ends_with_its_task_and_at_closing_time(empty_database) -> None:
    with database.writing() as session:
        assert queue_order.is_empty(session)
        places = [enters(session, number) for number in (1, 2)]
        for place in places:
            task = session.get_one(CallbackTask, a_task_in(session))
            kept_places.keep_place(session, place, task, NOW)
        session.flush()
        session.get_one(CallbackTask, places[0].task_id).state = "closed"
        session.flush()
        kept_places.drop_kept_places(session, NOW, closed=False)
        assert [place.reason for place in places] == ["withdrawn", None]
        assert not queue_order.is_empty(session)
        kept_places.drop_kept_places(session, NOW, closed=True)
        assert [place.reason for place in places] == ["withdrawn", "closed"]
        assert queue_order.is_empty(session)


def a_task_in(session) -> int:
    from ivr.callbacks import intake

    number = session.query(CallbackTask).count() + 50
    call = calls.seen(session, f"CA{number:032d}", f"+4917600000{number:03d}", NOW)
    return intake.open_for(session, call, Request(concern="benefits"), NOW).id


def test_the_board_shows_who_waits_and_who_answers(empty_database) -> None:
    people = hire()
    a_task()
    with database.writing() as session:
        agent_presence.start_answering(session, people["mia"], "+4942198765", ["tr"], NOW)
        agent_presence.stop_answering(session, people["nils"], NOW, for_good=False)
        person = enters(session, 1)
        session.flush()
        teams = session.scalars(select(Team).where(Team.key.in_(["benefits", "youth"])).order_by(Team.id)).all()
        benefits, youth = wallboard.of_teams(session, teams, NOW + timedelta(seconds=5))
        assert [entry.id for entry in benefits.waiting] == [person.id]
        assert [(here.user.username, here.state, talk) for here, talk in benefits.members] == [
            ("mia", "available", None),
            ("nils", "paused", None),
        ]
        assert (benefits.level.waited, youth.waiting, youth.members) == (1, [], [])


def test_who_waits_hears_their_place_while_other_live_calls_are_written(webhook_caller) -> None:
    """Nobody is free, so nothing is to be changed, and they stand behind nobody."""
    mia = hire()["mia"]
    with database.writing() as session:
        agent_presence.start_answering(session, mia, "+4942198765", ["de"], utc_now())
        agent_presence.get_or_create(session, mia.id, utc_now()).state = "talking"
    person = webhook_caller(at="open").dials().presses("1", "1", "")
    writes, heard = threading.Event(), threading.Event()

    def write() -> None:
        with database.writing_alone():
            writes.set()
            heard.wait(60)

    other = threading.Thread(target=write)
    other.start()
    try:
        assert writes.wait(10)
        person.waits().hears("line_position")
    finally:
        heard.set()
        other.join()
