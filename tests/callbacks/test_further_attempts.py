"""A further call is announced only where one is planned, by every sentence that announces one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from ivr.callbacks import attempts, claims, request_status, sms
from ivr.domain.enums import Outcome, ReplyBy, RequestStatus, SmsTemplate
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Conversation, Leg
from ivr.platform import database
from ivr.telephony import leg_documents
from tests.support.desk import change
from tests.support.people import a_task, hire


def called(session: Session, task: CallbackTask, member: User, *outcomes: Outcome) -> None:
    """Attempts that have ended so; the last one rings where that is its outcome."""
    claims.claim(session, task, member, utc_now())
    for outcome in outcomes:
        if outcome == Outcome.RINGING:
            attempts.began_to_ring(session, task, member.id, 1, utc_now())
        else:
            attempts.record(session, task, member, outcome, utc_now())


def follows_after(*outcomes: Outcome, **changed: Any) -> bool:
    """What status by code, text message and sentence to an answering machine say; all of them the same."""
    member, task_id = hire()["mia"], a_task(age=timedelta(minutes=5))
    with database.writing() as session:
        task = session.get_one(CallbackTask, task_id)
        called(session, task, member, *outcomes)
        for name, value in changed.items():
            setattr(task, name, value)
        session.flush()
        status, _ = request_status.status_for_caller(task.contacts[0], utc_now())
        text = sms.draft(task, SmsTemplate.MISSED, "de")
        spoken = leg_documents.in_vain(Leg(conversation=Conversation(task=task)))
        said = {"wieder an" in text, spoken == "callback_machine"}
        if outcomes and task.state != "closed":
            assert status in (RequestStatus.TRIED, RequestStatus.TRIED_LAST)
            said.add(status == RequestStatus.TRIED)
        session.rollback()
    (answer,) = said
    return answer


NO_ANSWER = Outcome.NO_ANSWER


@pytest.mark.parametrize(
    "outcomes",
    [(), (NO_ANSWER,), (Outcome.BUSY, NO_ANSWER), (Outcome.RINGING,), (NO_ANSWER, Outcome.RINGING)],
)
def test_where_another_call_is_planned_or_certain_to_be_it_is_announced(empty_database, outcomes) -> None:
    assert follows_after(*outcomes)


@pytest.mark.parametrize(
    ("outcomes", "changed"),
    [
        ((NO_ANSWER,) * 20, {}),
        ((*(NO_ANSWER,) * 20, Outcome.RINGING), {}),
        ((Outcome.WRONG_PERSON,), {}),
        ((NO_ANSWER, Outcome.CALL_REFUSED), {}),
        ((Outcome.NUMBER_INVALID,), {}),
        ((Outcome.REACHED,), {}),
        ((NO_ANSWER,), {"silent_caller": True}),
        ((NO_ANSWER,), {"restricted_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        ((NO_ANSWER,), {"reply_by": ReplyBy.WRITING}),
        ((NO_ANSWER,), {"callback_number": None}),
        ((NO_ANSWER,), {"callback_number": "+252612345678"}),
        ((NO_ANSWER,), {"state": "closed"}),
        ((), {"state": "closed"}),
    ],
    ids=lambda value: " ".join(map(str, value)),  # never an instant: each process would collect another test
)
def test_where_no_further_call_is_planned_none_is_announced(empty_database, outcomes, changed) -> None:
    assert not follows_after(*outcomes, **changed)


def test_an_empty_date_after_deadlines_moved_means_at_once(empty_database) -> None:
    assert follows_after(NO_ANSWER, next_attempt_at=None)


def test_who_is_put_off_after_the_attempts_were_used_up_is_called_again(empty_database) -> None:
    assert follows_after(Outcome.WRONG_PERSON, next_attempt_at=utc_now() + timedelta(days=3))


def test_a_call_of_ours_without_a_task_announces_nothing(empty_database) -> None:
    assert leg_documents.in_vain(Leg(conversation=Conversation())) == "callback_machine_last"


def test_a_restricted_request_is_told_no_time(empty_database) -> None:
    task_id = change(a_task(), restricted_at=utc_now())
    with database.reading() as session:
        task = session.get_one(CallbackTask, task_id)
        assert request_status.status_for_caller(task.contacts[0], utc_now()) == (RequestStatus.LATE, {})
