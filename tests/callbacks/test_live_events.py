"""Open desks are told what has changed: by the ids of the task, its teams and its person, once it is committed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from ivr.accounts import teams
from ivr.callbacks import claims, collaboration, events, sla_clocks, workflow
from ivr.config.settings import settings
from ivr.contact_centre import agent_presence, conversations
from ivr.domain.enums import InterpreterRequestState, LegRole, TaskEventKind
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import InterpreterRequest, Leg
from ivr.models.sla import SlaClock
from ivr.models.voicebox import Transcript
from ivr.platform import database, live_events
from tests.support.people import a_task, hire


@pytest.fixture
def told(empty_database, monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """What is published, one entry a transaction."""
    hire()
    found: list[set[str]] = []
    monkeypatch.setattr(live_events, "publish", lambda topics: found.append(set(topics)))
    return found


def _topics(task_id: int) -> set[str]:
    with database.reading() as session:
        return {f"task:{task_id}", f"team:{session.get_one(CallbackTask, task_id).team_id}"}


def _do(act: Callable[..., object], task_id: int, username: str = "mia", *rest: object) -> None:
    with database.writing() as session:
        mia = session.scalars(select(User).where(User.username == username)).one()
        act(session, session.get_one(CallbackTask, task_id), mia, *rest, utc_now())


def test_what_happens_to_a_task_is_told_to_its_team(told) -> None:
    task = a_task(text="Guten Tag")
    assert told.pop() >= _topics(task), "a new task"
    _do(claims.claim, task)
    assert told.pop() == _topics(task)
    _do(events.note, task, "mia", "ruft morgen an")
    assert told.pop() == _topics(task)
    with database.writing() as session:
        session.query(Transcript).one().text = "Guten Morgen"
    assert told.pop() == _topics(task), "a transcript is of the task of its message"
    assert not told


def test_both_teams_are_told_of_a_task_that_moves(told) -> None:
    task = a_task()
    told.clear()
    before = _topics(task)
    with database.writing() as session:
        lena = session.query(User).filter_by(username="lena").one()
        youth = teams.by_key(session, "youth", settings().teams["youth"].name)
        workflow.hand_over(session, session.get_one(CallbackTask, task), lena, youth, "falsches Team", utc_now())
    assert set().union(*told) == before | _topics(task)


def test_what_nobody_sees_is_not_told(told) -> None:
    task = a_task()
    _do(claims.claim, task)
    told.clear()
    _do(collaboration.keep_draft, task, "mia", "ein halber Satz")
    with database.writing() as session:
        agent_presence.seen(session, 1, utc_now())
        collaboration.mark_viewed(session, task, session.get_one(User, 1), utc_now())
    with pytest.raises(RuntimeError), database.writing() as session:
        session.get_one(CallbackTask, task).language = "tr"
        session.flush()
        raise RuntimeError("taken back")
    assert not told


def test_who_answers_calls_is_told_to_themselves_and_to_the_boards(told) -> None:
    with database.writing() as session:
        mia = session.query(User).filter_by(username="mia").one()
        agent_presence.start_answering(session, mia, "+4942198765", ["de"], utc_now())
    assert told.pop() == {f"person:{mia.id}", "line"}


def test_a_search_for_an_interpreter_is_told_to_who_talks(told) -> None:
    task = a_task()
    with database.writing() as session:
        mia = session.query(User).filter_by(username="mia").one()
        talk = conversations.for_task(session, session.get_one(CallbackTask, task), utc_now())
        talk.legs.append(Leg(role=LegRole.MEMBER, user_id=mia.id, created_at=utc_now()))
        session.flush()
        search = InterpreterRequest(conversation_id=talk.id, language="tr", requested_at=utc_now())
        session.add(search)
    told.clear()
    with database.writing() as session:
        session.get_one(InterpreterRequest, search.id).state = InterpreterRequestState.JOINED
    assert f"person:{mia.id}" in told.pop()


def test_what_many_tasks_have_in_common_is_told_by_their_teams(told) -> None:
    tasks = [a_task(), a_task("under_25")]
    told.clear()
    with database.writing() as session:
        events.record_many(session, [(task, TaskEventKind.BREACHED) for task in tasks], utc_now())
    assert told.pop() == _topics(tasks[0]) | _topics(tasks[1])
    with database.writing() as session:
        for clock in session.query(SlaClock):
            clock.next_change_at = clock.due_at = utc_now()
    told.clear()
    with database.writing() as session:
        assert sla_clocks.sweep(session, utc_now()) > 0
    assert told.pop() == _topics(tasks[0]) | _topics(tasks[1]), "the sweep of promises tells nobody else"
    many = {f"task:{number}" for number in range(100)} | {"team:3"}
    assert set(live_events.fewer(many)) == {"task", "team"}


def test_a_change_stays_although_nobody_can_be_told(told, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_topics: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(live_events, "publish", away)
    with database.writing() as session:
        session.query(Team).first().name = "Anderer Name"
    _do(claims.claim, a_task())
