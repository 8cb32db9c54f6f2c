"""The line itself: places, the expected wait, and who is shown to whom."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from ivr import calls, database
from ivr.instants import utc_now
from ivr.live import board, line, presence
from ivr.live.models import LineEntry
from ivr.matters import Matter
from ivr.models import CallbackTask, Team
from tests.people import a_task, hire

NOW = utc_now()


def enters(session, number: int, concern: str = "benefits", at=NOW) -> LineEntry:
    call = calls.seen(session, f"CA{number:032d}", f"+4917600000{number:03d}", at)
    return line.enter(session, call, 1, Matter(concern=concern), "tr", "", at)


def test_the_expected_wait_is_what_the_last_half_hour_tells(rooms) -> None:
    with database.writing() as session:
        person = enters(session, 1)
        assert line.expected_wait(session, person.team_id, 3, NOW) is None, "nothing is promised without data"
        for number, minutes in enumerate((1, 10, 29, 31), start=2):
            earlier = enters(session, number)
            earlier.state, earlier.answered_at = "answered", NOW - timedelta(minutes=minutes)
        enters(session, 9, "work").answered_at = NOW
        session.flush()
        # three were answered in thirty minutes: one in ten
        assert line.expected_wait(session, person.team_id, 3, NOW) == timedelta(minutes=30)
        assert line.expected_wait(session, person.team_id, 1, NOW) == timedelta(minutes=10)


def test_places_are_counted_in_ones_own_teams_line_emergencies_first(rooms) -> None:
    with database.writing() as session:
        first, other, last = enters(session, 1), enters(session, 2, "work"), enters(session, 3)
        urgent = enters(session, 4, "emergency", NOW + timedelta(minutes=1))
        session.flush()
        assert [line.position(session, entry) for entry in (urgent, first, last, other)] == [1, 2, 3, 1]
        assert line.enter(session, first.call, 1, Matter(concern="benefits"), "tr", "", NOW) is first, "twice is once"


def test_a_kept_place_ends_with_its_task_and_at_closing_time(rooms) -> None:
    with database.writing() as session:
        assert line.is_empty(session)
        places = [enters(session, number) for number in (1, 2)]
        for place in places:
            task = session.get_one(CallbackTask, a_task_in(session))
            line.keep_place(session, place, task)
        session.flush()
        session.get_one(CallbackTask, places[0].task_id).state = "closed"
        session.flush()
        line.drop_kept_places(session, NOW, closed=False)
        assert [place.reason for place in places] == ["withdrawn", None]
        assert not line.is_empty(session)
        line.drop_kept_places(session, NOW, closed=True)
        assert [place.reason for place in places] == ["withdrawn", "closed"]
        assert line.is_empty(session)


def a_task_in(session) -> int:
    from ivr import promises

    number = session.query(CallbackTask).count() + 50
    call = calls.seen(session, f"CA{number:032d}", f"+4917600000{number:03d}", NOW)
    return promises.open_for(session, call, Matter(concern="benefits"), NOW).id


def test_the_board_shows_who_waits_and_who_answers(rooms) -> None:
    people = hire()
    a_task()
    with database.writing() as session:
        presence.come(session, people["mia"], "+4942198765", ["tr"], NOW)
        presence.go(session, people["nils"], NOW, for_good=False)
        person = enters(session, 1)
        session.flush()
        teams = session.scalars(select(Team).where(Team.key.in_(["benefits", "youth"])).order_by(Team.id)).all()
        benefits, youth = board.of_teams(session, teams, NOW + timedelta(seconds=5))
        assert [entry.id for entry in benefits.waiting] == [person.id]
        assert [(here.user.username, here.state, talk) for here, talk in benefits.members] == [
            ("mia", "available", None),
            ("nils", "paused", None),
        ]
        assert (benefits.level.waited, youth.waiting, youth.members) == (1, [], [])
