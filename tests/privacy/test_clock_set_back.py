"""A clock that is set back leaves instants in the future: nothing lasts longer because of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from ivr.callbacks import attempts, claims, workflow
from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.contact_centre import agent_presence, call_queue
from ivr.domain.enums import Outcome
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Presence, QueueEntry
from ivr.platform import clock_watch, database
from ivr.workers import scheduler
from tests.support.people import a_task, hire

HOUR = timedelta(hours=1)
#: Set back within what is noticed as a leap, and beyond it; without a gap before, nobody knows that it was ahead.
BACK = [timedelta(minutes=50), timedelta(minutes=70)]


@pytest.fixture
def mia(empty_database, monkeypatch) -> int:
    monkeypatch.setattr(clock_watch, "server_clock", lambda session: None)
    return hire()["mia"].id


@pytest.fixture
def goes_back(monkeypatch):
    """The scheduler has just looked; then the clock is set back."""
    ahead = utc_now()
    scheduler.watch_clock()

    def by(back: timedelta) -> datetime:
        monkeypatch.setattr(scheduler, "utc_now", lambda: ahead - back)
        scheduler.watch_clock()
        return ahead - back

    return by


@pytest.mark.parametrize("back", BACK)
def test_a_member_who_has_gone_is_not_there_for_as_much_longer(mia: int, goes_back, back: timedelta) -> None:
    ahead = utc_now()
    with database.writing() as session:
        agent_presence.start_answering(
            session, session.get_one(User, mia), "+4942198765", ["de"], ahead, in_browser=True
        )
    goes_back(back)
    now = ahead - back + timedelta(seconds=200)
    with database.writing() as session:
        assert not session.scalars(select(Presence).where(agent_presence.is_there(now))).all()


def test_a_member_who_is_there_stays_there(mia: int, goes_back) -> None:
    """The next sign of the browser is written down, and counts."""
    ahead = utc_now()
    with database.writing() as session:
        agent_presence.start_answering(
            session, session.get_one(User, mia), "+4942198765", ["de"], ahead, in_browser=True
        )
    goes_back(HOUR)
    for seconds in (30, 60, 90, 120, 150, 180, 210):
        now = ahead - HOUR + timedelta(seconds=seconds)
        with database.writing() as session:
            agent_presence.seen(session, mia, now)
            assert session.scalars(select(Presence).where(agent_presence.is_there(now))).all(), seconds


@pytest.mark.parametrize("back", BACK)
def test_the_next_attempt_is_planned_from_the_time_that_is(mia: int, goes_back, back: timedelta) -> None:
    ahead = utc_now()
    task_id = a_task()
    with database.writing() as session:
        task, user = session.get_one(CallbackTask, task_id), session.get_one(User, mia)
        claims.claim(session, task, user, ahead)
        attempts.record(session, task, user, Outcome.NO_ANSWER, ahead)
        planned = task.next_attempt_at
    now = goes_back(back)
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        assert [one.at for one in task.attempts] == [now]
        again = task.next_attempt_at
        attempts.plan_next(session, task, now)
        assert again == task.next_attempt_at
        assert again <= planned
        assert task.claim_used_at == now


def test_what_somebody_has_chosen_is_not_planned_anew(mia: int, goes_back) -> None:
    ahead = utc_now()
    task_id, until = a_task(), ahead + timedelta(days=3)
    with database.writing() as session:
        task, user = session.get_one(CallbackTask, task_id), session.get_one(User, mia)
        claims.claim(session, task, user, ahead)
        attempts.record(session, task, user, Outcome.NO_ANSWER, ahead)
        workflow.put_off(session, task, user, until, ahead)
    goes_back(HOUR)
    with database.reading() as session:
        assert session.get_one(CallbackTask, task_id).next_attempt_at == until


def test_callers_who_wait_keep_their_order_and_those_who_come_now_stand_behind_them(mia: int, goes_back) -> None:
    ahead = utc_now()

    def joins(number: str, at) -> int:
        with database.writing() as session:
            call = calls.seen(session, f"CA{number:0>32}", f"+4917612345{number:0>3}", at)
            session.flush()
            return call_queue.enter(session, call, 1, Request(concern="benefits"), "de", "", at).id

    first = [joins(str(number), ahead - timedelta(seconds=10 * (3 - number))) for number in range(3)]
    goes_back(HOUR)
    late = joins("9", ahead - HOUR + timedelta(seconds=1))
    with database.reading() as session:
        order = session.scalars(select(QueueEntry.id).order_by(QueueEntry.joined_at)).all()
        entered = session.scalars(select(QueueEntry.entered_at)).all()
    assert order == [*first, late]
    assert max(entered) <= ahead - HOUR + timedelta(seconds=1)


def test_the_clock_of_a_host_that_is_outvoted_sets_nothing_back(mia: int, monkeypatch) -> None:
    """Its clock is behind for good; the database server and another host agree."""
    ahead = utc_now()
    scheduler.watch_clock()
    monkeypatch.setattr(clock_watch, "server_clock", lambda session: ahead)
    with database.writing() as session:
        agent_presence.start_answering(
            session, session.get_one(User, mia), "+4942198765", ["de"], ahead, in_browser=True
        )
    monkeypatch.setattr(scheduler, "utc_now", lambda: ahead - HOUR)
    scheduler.watch_clock()
    with database.reading() as session:
        assert session.get_one(Presence, mia).seen_at == ahead
