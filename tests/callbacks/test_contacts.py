"""What a call has brought to a task stays its own: codes, numbers, times, words, and changes by receipt code."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from ivr.callbacks import (
    code_changes,
    contacts,
    intake,
    merging,
    receipt_lookup,
    request_status,
    sms,
    sms_job,
    splitting,
    workflow,
)
from ivr.callbacks.guessing import Guesser
from ivr.callbacks.refused import Refused
from ivr.callbacks.request import Request
from ivr.carrier import client
from ivr.contact_centre import call_queue, kept_places, outbound_callbacks, queue_order
from ivr.domain import receipt_codes
from ivr.domain.enums import Availability, CallerProof, Concern, DeliveryState, TaskEventKind, WorkKind
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import Attempt, CallbackTask, TextMessage
from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.platform import database
from ivr.platform.work_models import Work
from tests.callbacks.test_answers_in_writing import until
from tests.support.desk import change
from tests.support.environment import forget_settings
from tests.support.people import a_task, hire, the_task

NUMBER, NEW = "+4917612345678", "+4917699999999"
PROOF = CallerProof.CALLED_BACK


def of(session, task: int) -> list[Contact]:
    return session.get_one(CallbackTask, task).contacts


def history(task: int) -> list[str]:
    return [event.kind for event in the_task(task).events]


def test_a_joined_call_changes_nothing_that_the_first_gave(empty_database) -> None:
    task, now = a_task(number=NUMBER, text="Meine Heizung ist kalt"), utc_now()
    with database.writing() as session:
        (first,) = of(session, task)
        intake.complete(session, first, Request(concern=Concern.BENEFITS, availability=Availability.MORNING))
    before = the_task(task)
    assert a_task(number=NUMBER, called_before=True) == task
    with database.writing() as session:
        first, further = of(session, task)
        intake.give_number(session, further, NEW, now)
        said = Request(concern=Concern.BENEFITS, availability=Availability.AFTERNOON, office="office_5")
        intake.complete(session, further, said)
        assert (further.callback_number, further.availability) == (NEW, "afternoon")
        assert (first.callback_number, first.availability) == (NUMBER, "morning")
        assert further.receipt_code != first.receipt_code == session.get_one(CallbackTask, task).receipt_code
    found = the_task(task)
    kept = ("callback_number", "availability", "office", "receipt_code", "due_at", "team_id", "state")
    assert [getattr(found, name) for name in kept] == [getattr(before, name) for name in kept]


@pytest.mark.parametrize("by_code", [False, True])
def test_a_call_that_joins_does_not_change_how_the_first_is_answered(desk, webhook_caller, by_code: bool) -> None:
    """Whoever shows the number and says yes could keep the first caller from being rung at all."""
    task = change(a_task(number=NUMBER), reply_by="call")
    joined = until(webhook_caller(NUMBER).dials().presses("1", "1"), "called_before").presses("1")
    until(joined, "availability").presses("3" if by_code else "4")
    with database.reading() as session:
        first, further = of(session, task)
        code = further.receipt_code
    if by_code:
        webhook_caller("anonymous").dials().presses("1", "3", "4", code, "2", "4").hears("noted").hangs_up()
    with database.reading() as session:
        first, further = of(session, task)
        assert (contacts.wants_writing(first), contacts.wants_writing(further)) == (False, True)
        assert first.task.reply_by == "call"
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    assert "Eine der Personen, die deswegen angerufen haben" in mia.get(f"/desk/tasks/{task}").text
    with database.writing() as session:
        user = session.get_one(User, desk.people["mia"].id)
        assert splitting.split(session, of(session, task)[1], user, utc_now()).reply_by == "writing"


def test_a_call_joins_no_task_to_which_somebody_else_has_keyed_in_its_number(empty_database) -> None:
    """Whoever asks to be called back at another's number must not get what that person says later."""
    others = a_task(number="+4917611111111")
    with database.writing() as session:
        (contact,) = of(session, others)
        intake.give_number(session, contact, NUMBER, utc_now())
        assert session.get_one(CallbackTask, others).callback_number == NUMBER
    assert a_task(number=NUMBER, called_before=True) != others
    with database.reading() as session:
        assert len(of(session, others)) == 1


def test_a_call_joins_no_task_where_two_could_be_meant(empty_database) -> None:
    """Two people share a telephone and have asked about the same: a member sees which of them it is."""
    first, second = a_task(number=NUMBER), a_task(number=NUMBER)
    third = a_task(number=NUMBER, called_before=True)
    assert len({first, second, third}) == 3


def test_a_promise_that_was_kept_already_is_no_promise_to_a_later_call(empty_database) -> None:
    """Somebody has tried to reach the first caller: the next one is promised a call, and gets a clock for it."""
    people = hire()
    task = a_task(number=NUMBER)
    with database.writing() as session:
        session.get_one(CallbackTask, task).first_attempt_at = utc_now()
        session.add(Attempt(task_id=task, user_id=people["mia"].id, at=utc_now(), outcome="no_answer"))
    assert a_task(number=NUMBER, called_before=True) != task


def test_a_restricted_task_is_not_joined(empty_database) -> None:
    people, task = hire(), a_task(number=NUMBER)
    with database.writing() as session:
        mia = session.get_one(User, people["mia"].id)
        workflow.restrict(session, session.get_one(CallbackTask, task), mia, utc_now())
    assert a_task(number=NUMBER, called_before=True) != task


def test_the_sooner_promise_counts_for_all(empty_database) -> None:
    """The first caller has put the task off; the second one is promised a call within a day."""
    people, now = hire(), utc_now()
    task = a_task(number=NUMBER)
    with database.writing() as session:
        found, mia = session.get_one(CallbackTask, task), session.get_one(User, people["mia"].id)
        workflow.put_off(session, found, mia, now + timedelta(days=7), now)
    assert the_task(task).due_at > now + timedelta(days=7)
    assert a_task(number=NUMBER, called_before=True) == task
    found = the_task(task)
    assert (found.due_at < now + timedelta(days=2), found.next_attempt_at) == (True, None)


def test_who_said_nothing_and_then_calls_again_is_called_back_like_all(empty_database) -> None:
    task = a_task(number=NUMBER)
    with database.writing() as session:
        session.get_one(CallbackTask, task).silent_caller = True
    assert a_task(number=NUMBER, called_before=True) == task
    assert not the_task(task).silent_caller


# -- by receipt code ---------------------------------------------------------------------------------


def changed(task: int, number: str = NEW) -> None:
    with database.writing() as session:
        code_changes.change_number(session, of(session, task)[0], number, utc_now())


def test_a_number_changed_by_code_waits_for_a_member(empty_database) -> None:
    people, task = hire(), a_task(number=NUMBER)
    due = the_task(task).due_at
    changed(task)
    found = the_task(task)
    assert (found.callback_number, found.due_at, found.state) == (NUMBER, due, "open")
    assert history(task)[-1] == TaskEventKind.NUMBER_CHANGED
    with database.writing() as session:
        (contact,), mia = of(session, task), session.get_one(User, people["mia"].id)
        assert (contact.callback_number, contact.changed_number_from, contact.is_unconfirmed) == (NEW, NUMBER, True)
        code_changes.confirm(session, contact, PROOF, mia, utc_now())
    assert the_task(task).callback_number == NEW
    with database.writing() as session, pytest.raises(Refused):
        code_changes.confirm(session, of(session, task)[0], PROOF, None, utc_now())


def test_a_change_by_code_that_was_not_theirs_is_taken_back(empty_database) -> None:
    people, task = hire(), a_task(number=NUMBER)
    changed(task)
    changed(task, "+4917688888888")
    with database.writing() as session:
        (contact,), mia = of(session, task), session.get_one(User, people["mia"].id)
        code_changes.withdraw(session, contact, utc_now())
        code_changes.refuse(session, contact, mia, utc_now())
        assert (contact.callback_number, contact.is_unconfirmed, contact.withdrawn_at) == (NUMBER, False, None)
    assert (the_task(task).callback_number, the_task(task).state) == (NUMBER, "open")


def test_a_task_closes_with_its_last_contact_when_a_member_has_confirmed_it(empty_database) -> None:
    people, task = hire(), a_task(number=NUMBER)
    assert a_task(number=NUMBER, called_before=True) == task
    with database.writing() as session:
        mia, now = session.get_one(User, people["mia"].id), utc_now()
        first, further = of(session, task)
        for contact, state in ((first, "open"), (further, "closed")):
            code_changes.withdraw(session, contact, now)
            assert session.get_one(CallbackTask, task).state == "open", "a code alone closes nothing"
            code_changes.confirm(session, contact, PROOF, mia, now)
            assert session.get_one(CallbackTask, task).state == state
    assert (the_task(task).outcome, the_task(task).callback_number) == ("withdrawn", NUMBER)


@pytest.mark.parametrize("withdrawn", [False, True])
def test_a_number_that_is_changed_back_by_code_leaves_nothing_to_confirm(empty_database, withdrawn: bool) -> None:
    """Who has mistyped their number corrects it by code; nobody is told of a change that there is not."""
    task, agreed = a_task(number=NUMBER), select(TextMessage).where(TextMessage.to_number == NUMBER)
    with database.writing() as session:
        of(session, task)[0].agreed_to_texts = True
    changed(task)
    with database.writing() as session:
        assert [one.state for one in session.scalars(agreed)] == [DeliveryState.QUEUED]
        if withdrawn:
            code_changes.withdraw(session, of(session, task)[0], utc_now())
    changed(task, NUMBER)
    with database.writing() as session:
        (contact,) = of(session, task)
        assert (contact.callback_number, contact.changed_number_from) == (NUMBER, None)
        assert (contact.is_unconfirmed, code_changes.is_unconfirmed(session, contact.task)) == (withdrawn, withdrawn)
        assert [one.state for one in session.scalars(agreed)] == [DeliveryState.FAILED]
    changed(task)
    with database.writing() as session:
        assert (of(session, task)[0].changed_number_from, of(session, task)[0].is_unconfirmed) == (NUMBER, True)


@pytest.mark.parametrize("change", ["number", "withdrawal"])
def test_nobody_is_dialled_automatically_until_a_change_is_confirmed(empty_database, change: str) -> None:
    people, task, now = hire(), a_task(number=NUMBER), utc_now()
    with database.writing_alone() as session:
        found, mia = session.get_one(CallbackTask, task), session.get_one(User, people["mia"].id)
        call = found.call
        call.state = "ended"
        place = call_queue.enter(session, call, 1, Request(concern=Concern.BENEFITS), "de", "", now)
        kept_places.keep_place(session, place, found, now)
        assert queue_order.waiting(session, now) == [place]
        if change == "number":
            code_changes.change_number(session, found.contacts[0], NEW, now)
        else:
            code_changes.withdraw(session, found.contacts[0], now)
        assert queue_order.waiting(session, now) == []
        with pytest.raises(Refused) as refused:
            outbound_callbacks.begin(session, found, mia, now)
        assert refused.value.reason in ("unconfirmed", "closed_now")
        kept_places.drop_kept_places(session, now, closed=False)
        assert (place.state, found.state) == ("left", "open"), "members work it like any other"
        if change == "number":
            code_changes.confirm(session, found.contacts[0], PROOF, mia, now)
            assert not code_changes.is_unconfirmed(session, found)


# -- what a code tells -----------------------------------------------------------------------------------


def test_a_code_tells_only_what_became_of_its_own_contact(empty_database) -> None:
    people, task, now = hire(), a_task(number=NUMBER), utc_now()
    assert a_task(number=NUMBER, called_before=True) == task
    with database.writing() as session:
        first, further = of(session, task)
        early = now - timedelta(hours=1)
        further.at = now
        session.add(Attempt(task_id=task, user_id=people["mia"].id, at=early, outcome="no_answer"))
        session.flush()
        session.expire_all()
        first.at = early - timedelta(hours=1)
        assert request_status.status_for_caller(first, now)[0] == "tried"
        assert request_status.status_for_caller(further, now)[0] == "open", "nobody was rung for this call"
        code_changes.withdraw(session, further, now)
        assert request_status.status_for_caller(further, now) == ("withdrawn", {})
        assert request_status.status_for_caller(first, now)[0] == "tried"


@pytest.mark.parametrize("how", ["joined", "merged"])
@pytest.mark.parametrize("hours", [5, 30])
def test_a_code_tells_no_instant_that_says_when_another_one_has_called(empty_database, how: str, hours: int) -> None:
    """Whoever shows the number could learn by their own code that, and when, somebody has called from it."""
    alone, first = a_task(number=OTHER), a_task(number=NUMBER, age=timedelta(hours=hours))
    further = a_task(number=NUMBER, called_before=how == "joined")
    if how == "merged":
        merge(first, further)
    assert told_by_code(first, 1) == told_by_code(alone)
    assert told_by_code(first) != told_by_code(alone), "to the first caller the task is due"


def test_a_code_tells_nothing_of_an_emergency_that_another_one_has_reported(empty_database) -> None:
    """The task is due sooner by it."""
    first, emergency = a_task(number=NUMBER), a_task("emergency", number=NUMBER)
    before, urgent = told_by_code(first), told_by_code(emergency)
    merge(first, emergency)
    assert (told_by_code(first), told_by_code(first, 1)) == (before, urgent)
    assert before != urgent


def told_by_code(task: int, contact: int = 0) -> object:
    """What the code of a contact of a task tells, to be compared: the contacts of a test come within seconds."""
    with database.reading() as session:
        status, told = request_status.status_for_caller(of(session, task)[contact], utc_now())
    return {"status": status} | {name: pytest.approx(at.timestamp(), abs=120) for name, at in told.items()}


def merge(task: int, other: int) -> None:
    with database.writing() as session:
        merging.merge(session, *(session.get_one(CallbackTask, one) for one in (task, other)), None, utc_now())


def test_a_called_person_shows_by_no_code_of_somebody_who_has_joined_that_the_task_is_theirs(empty_database) -> None:
    """Whoever uses the same telephone has a code of their own as soon as they say that they called before."""
    mia, task = hire()["mia"], a_task(number=NUMBER)
    merge(task, a_task(number=OTHER))
    assert a_task(number=NUMBER, called_before=True) == task
    with database.writing() as session:
        first, merged, joined = (one.receipt_code for one in of(session, task))
        found = session.get_one(CallbackTask, task)
        assert sorted(contacts.codes_of_whose_it_is(session, found)) == sorted([first, merged])
        code_changes.withdraw(session, contacts.by_code(session, first), utc_now())
        assert first in contacts.codes_of_whose_it_is(session, found), "a stranger may have withdrawn it"
        code_changes.confirm(session, contacts.by_code(session, first), PROOF, mia, utc_now())
        assert contacts.codes_of_whose_it_is(session, found) == [merged]
        code_changes.withdraw(session, contacts.by_code(session, merged), utc_now())
        code_changes.confirm(session, contacts.by_code(session, merged), PROOF, mia, utc_now())
        assert contacts.codes_of_whose_it_is(session, found) == [joined]


def test_a_closed_task_answers_its_codes_for_two_weeks(empty_database) -> None:
    task, now = a_task(number=NUMBER), utc_now()
    code = the_task(task).receipt_code
    who = Guesser(None, "CA1")
    with database.writing() as session:
        workflow.withdraw(session, session.get_one(CallbackTask, task), now)
    with database.writing() as session:
        assert receipt_lookup.find(session, code, who, now + timedelta(days=13)) is not None
        assert receipt_lookup.find(session, code, who, now + timedelta(days=15)) is None
        assert contacts.by_code(session, code) is not None, "members find it all the same"
        assert contacts.by_code(session, receipt_codes.draw()) is None


def test_a_number_that_is_not_confirmed_becomes_no_tasks_number_by_a_split(empty_database) -> None:
    """Neither that of the task that the contact gets, nor that of the one it leaves."""
    mia = hire()["mia"]
    task = a_task(number=NUMBER)
    assert a_task(number=NUMBER, called_before=True) == task
    with database.writing() as session:
        _first, further = of(session, task)
        code_changes.change_number(session, further, NEW, utc_now())
        session.flush()
        own = splitting.split(session, further, None, utc_now())
        assert (own.callback_number, code_changes.is_unconfirmed(session, own)) == (NUMBER, True)
        code_changes.refuse(session, own.contacts[0], mia, utc_now())
        assert (own.callback_number, own.contacts[0].callback_number) == (NUMBER, NUMBER)
    second = a_task(number=OTHER)
    assert a_task(number=OTHER, called_before=True) == second
    with database.writing() as session:
        remaining, leaving = of(session, second)
        leaving.callback_number = session.get_one(CallbackTask, second).callback_number = NUMBER
        code_changes.change_number(session, remaining, "+4917688888888", utc_now())
        session.flush()
        splitting.split(session, leaving, None, utc_now())
    assert the_task(second).callback_number == OTHER, "the number of before, not the one that waits"


def test_a_rejected_withdrawal_leaves_the_number_that_was_confirmed_before(empty_database) -> None:
    mia, task = hire()["mia"], a_task(number=NUMBER)
    changed(task)
    with database.writing() as session:
        (contact,) = of(session, task)
        code_changes.confirm(session, contact, PROOF, mia, utc_now())
        code_changes.withdraw(session, contact, utc_now())
        assert contact.is_unconfirmed
        code_changes.refuse(session, contact, mia, utc_now())
        assert (contact.callback_number, contact.withdrawn_at) == (NEW, None)
    assert the_task(task).callback_number == NEW


# -- the old number --------------------------------------------------------------------------------------


def told() -> list[tuple[str, str]]:
    with database.reading() as session:
        query = select(TextMessage).where(TextMessage.template == "sms_number_changed").order_by(TextMessage.id)
        return [(text.to_number, text.state) for text in session.scalars(query)]


def test_the_old_number_is_told_only_where_its_caller_had_agreed_to_texts(empty_database) -> None:
    changed(a_task(number=NUMBER))
    assert told() == []
    task = a_task(number="+4917611111111")
    with database.writing() as session:
        call = session.get_one(Call, the_task(task).call_id)
        sms.send_link(session, call, "+4917611111111", "de")
    changed(task)
    changed(task, "+4917688888888")
    assert told() == [("+4917611111111", DeliveryState.QUEUED)]
    with database.reading() as session:
        (text,) = session.scalars(select(TextMessage.text).where(TextMessage.template == "sms_number_changed"))
    assert "Jobcenter" not in text


def test_a_member_keeps_the_old_number_from_being_told(empty_database) -> None:
    """The telephone may lie with somebody violent."""
    people, task = hire(), a_task(number=NUMBER)
    with database.writing() as session:
        sms.send_link(session, session.get_one(Call, the_task(task).call_id), NUMBER, "de")
    changed(task)
    with database.writing() as session:
        (contact,), mia = of(session, task), session.get_one(User, people["mia"].id)
        assert code_changes.is_being_told(session, contact)
        code_changes.stop_telling(session, contact, mia, utc_now())
        assert not code_changes.is_being_told(session, contact)
    assert told() == [(NUMBER, DeliveryState.FAILED)]


@pytest.mark.parametrize(
    ("changed_at", "told_at"),
    [
        ("2026-11-30T16:59:59+01:00", "2026-11-30T17:59:59+01:00"),
        ("2026-11-30T17:30:00+01:00", "2026-12-01T08:30:00+01:00"),
        ("2026-12-01T04:00:00+01:00", "2026-12-01T09:00:00+01:00"),
        ("2026-10-24T17:45:00+02:00", "2026-10-25T08:45:00+01:00"),
        ("2027-03-28T01:59:00+01:00", "2027-03-28T09:00:00+02:00"),
        ("2026-12-24T17:30:00+01:00", "2026-12-27T08:30:00+01:00"),
    ],
)
def test_members_have_an_hour_of_work_to_keep_the_old_number_from_being_told(
    empty_database, monkeypatch, changed_at: str, told_at: str
) -> None:
    closed = {"closures": [{"first": "2026-12-25", "last": "2026-12-26"}]}
    monkeypatch.setenv("HOURS", json.dumps(closed))
    forget_settings()
    task = a_task(number=NUMBER)
    with database.writing() as session:
        sms.send_link(session, session.get_one(Call, the_task(task).call_id), NUMBER, "de")
        code_changes.change_number(session, of(session, task)[0], NEW, datetime.fromisoformat(changed_at))
        text = session.scalars(select(TextMessage).where(TextMessage.template == "sms_number_changed")).one()
        work = select(Work.run_after).where(Work.kind == WorkKind.SEND_TEXT_MESSAGE, Work.subject_id == text.id)
        assert session.scalar(work) == datetime.fromisoformat(told_at)


def test_a_number_once_kept_from_being_told_is_told_of_no_later_change(empty_database) -> None:
    """Another change by code plans no text, and a text that the carrier could not deliver is not sent again."""
    people, task = hire(), a_task(number=NUMBER)
    with database.writing() as session:
        sms.send_link(session, session.get_one(Call, the_task(task).call_id), NUMBER, "de")
    changed(task)
    with database.writing() as session:
        (contact,), mia = of(session, task), session.get_one(User, people["mia"].id)
        code_changes.stop_telling(session, contact, mia, utc_now())
    changed(task, "+4917688888888")
    assert told() == [(NUMBER, DeliveryState.FAILED)]
    with database.writing() as session:
        session.execute(update(TextMessage).values(state=DeliveryState.QUEUED))
        (message,) = session.scalars(select(TextMessage.id).where(TextMessage.template == "sms_number_changed"))
    sms_job.send(message)
    assert told() == [(NUMBER, DeliveryState.FAILED)]


def test_a_rejected_change_leaves_the_old_number_to_be_told_of_the_next(empty_database) -> None:
    people, task = hire(), a_task(number=NUMBER)
    with database.writing() as session:
        sms.send_link(session, session.get_one(Call, the_task(task).call_id), NUMBER, "de")
    changed(task)
    with database.writing() as session:
        (contact,), mia = of(session, task), session.get_one(User, people["mia"].id)
        code_changes.refuse(session, contact, mia, utc_now())
    changed(task, "+4917688888888")
    assert told() == [(NUMBER, DeliveryState.FAILED), (NUMBER, DeliveryState.QUEUED)]


def test_the_agreement_to_texts_is_that_of_the_number_it_was_given_for(empty_database) -> None:
    people, task = hire(), a_task(number=NUMBER)
    with database.writing() as session:
        sms.send_link(session, session.get_one(Call, the_task(task).call_id), NUMBER, "de")
    changed(task, "+4917688888888")
    with database.writing() as session:
        (contact,), mia = of(session, task), session.get_one(User, people["mia"].id)
        code_changes.confirm(session, contact, CallerProof.FILE_DATA, mia, utc_now())
    changed(task, "+4917677777777")
    assert [number for number, _ in told()] == [NUMBER], "the number in between has never agreed"


@pytest.mark.parametrize("decision", ["stopped", "rejected"])
def test_a_text_that_did_not_arrive_is_not_sent_again_to_who_is_not_to_be_told(empty_database, decision: str) -> None:
    people, task = hire(), a_task(number=NUMBER)
    with database.writing() as session:
        sms.send_link(session, session.get_one(Call, the_task(task).call_id), NUMBER, "de")
    changed(task)
    with database.writing() as session:
        (contact,), mia = of(session, task), session.get_one(User, people["mia"].id)
        (message,) = session.scalars(select(TextMessage).where(TextMessage.template == "sms_number_changed"))
        message.state, message.message_sid = DeliveryState.SENT, "SM1"
        session.flush()
        if decision == "stopped":
            code_changes.stop_telling(session, contact, mia, utc_now())
        else:
            code_changes.refuse(session, contact, mia, utc_now())
        sms_job.delivered_or_not(session, message.id, "SM1", "undelivered", 30008, utc_now())
    assert told() == [(NUMBER, DeliveryState.FAILED)]


def agreed(task: int, number: str) -> None:
    """The caller of a task has asked for a text message."""
    with database.writing() as session:
        sms.send_link(session, session.get_one(Call, the_task(task).call_id), number, "de")


def kept_from_being_told(task: int, user: User) -> None:
    changed(task)
    with database.writing() as session:
        code_changes.stop_telling(session, of(session, task)[0], user, utc_now())


OTHER = "+4917612345679"


@pytest.mark.parametrize("what", ["merged", "merged and undone", "taken out", "same number"])
def test_a_number_kept_from_being_told_stays_so_however_its_tasks_are_put_together(empty_database, what: str) -> None:
    mia = hire()["mia"]
    task, other = a_task(number=NUMBER), a_task(number=NUMBER if what == "same number" else OTHER)
    agreed(task, NUMBER)
    agreed(other, NUMBER if what == "same number" else OTHER)
    if what == "taken out":
        with database.writing() as session:
            merging.merge(session, *(session.get_one(CallbackTask, one) for one in (task, other)), None, utc_now())
    kept_from_being_told(task, mia)
    before = told()
    with database.writing() as session:
        first, second = (session.get_one(CallbackTask, one) for one in (task, other))
        if what.startswith("merged"):
            merging.merge(session, second, first, None, utc_now())
        if what == "merged and undone":
            merging.undo(session, first, None, utc_now())
        if what == "taken out":
            splitting.split(session, first.contacts[1], None, utc_now())
    with database.writing() as session:
        for contact in session.scalars(select(Contact)):
            code_changes.change_number(session, contact, "+4917688888888", utc_now())
    assert told() == before == [(NUMBER, DeliveryState.FAILED)]


@pytest.mark.parametrize("agreement", ["given", "taken back", "of another number"])
def test_a_text_to_the_old_number_is_sent_only_while_its_caller_agrees(
    empty_database, monkeypatch: pytest.MonkeyPatch, agreement: str
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(client, "send_text_message", lambda to, *_: sent.append(to) or "SM1")
    task = a_task(number=NUMBER)
    agreed(task, NUMBER)
    changed(task)
    with database.writing() as session:
        (contact,) = of(session, task)
        if agreement == "taken back":
            contact.agreed_to_texts = False
        if agreement == "of another number":
            contact.changed_number_from = OTHER
        (message,) = session.scalars(select(TextMessage.id).where(TextMessage.template == "sms_number_changed"))
    sms_job.send(message)
    assert sent == ([NUMBER] if agreement == "given" else [])


@pytest.mark.parametrize("who", ["withdrawn by code", "change rejected", "erased", "nobody", "withdrawn before"])
@pytest.mark.parametrize("what", ["sms_number_changed", "sms_missed"])
def test_no_text_goes_out_about_a_request_that_was_withdrawn_meanwhile(
    empty_database, monkeypatch: pytest.MonkeyPatch, who: str, what: str
) -> None:
    """A text waits, for its hour or for the carrier. The link that was asked for in the call is about no request."""
    sent: list[int] = []
    monkeypatch.setattr(client, "send_text_message", lambda to, body, message, until: sent.append(message) or "SM1")
    mia, task = hire()["mia"], a_task(number=NUMBER)
    agreed(task, NUMBER)
    early = utc_now() - timedelta(minutes=5)

    def withdrawn(at) -> None:
        with database.writing() as session:
            (contact,) = of(session, task)
            if who.startswith("withdrawn"):
                code_changes.withdraw(session, contact, at)
            elif who == "change rejected":
                code_changes.refuse(session, contact, mia, at)
            elif who == "erased":
                workflow.withdraw(session, contact.task, at)

    if who == "withdrawn before":
        withdrawn(early)
    changed(task)
    with database.writing() as session:
        sms.send(session, session.get_one(CallbackTask, task), mia, "sms_missed", "Wir rufen wieder an.", utc_now())
    if who != "withdrawn before":
        withdrawn(utc_now())
    with database.reading() as session:
        texts = {text.template: text.id for text in session.scalars(select(TextMessage))}
    for message in (texts["sms_link"], texts[what]):
        sms_job.send(message)
    goes = who in ("nobody", "withdrawn before") or (who, what) == ("change rejected", "sms_missed")
    assert sent == [texts["sms_link"], *([texts[what]] if goes else [])]
