"""People call again while their tasks are merged or split: what they said then outlives the way back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ivr.callbacks import intake, merging, splitting
from ivr.callbacks.request import Request
from ivr.calls import calls
from ivr.domain.enums import SlaMeasure, Urgency
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contacts import Contact
from ivr.platform import database
from tests.callbacks.test_merging import claimed, clocks, everything, merged, split, tried, undone
from tests.support.contacts import NUMBER, joined, opened
from tests.support.desk import change
from tests.support.people import hire, the_task

HOUR = timedelta(hours=1)
OTHER = "+4917633333333"


@pytest.fixture
def people(empty_database) -> dict[str, User]:
    return hire()


def calls_again(sid: str, number: str, **answers: str) -> int:
    """Somebody calls, says that they called before, and joins their one open task; the id of that."""
    with database.writing() as session:
        call = calls.seen(session, sid, number, utc_now())
        calls.progressed(call, "record", "de", "benefits")
        contact = intake.contact_for(session, call, Request.of_record({"concern": "benefits", **answers}), utc_now())
        intake.join_earlier(session, contact, utc_now())
        session.flush()
        return contact.task_id


def taken_back(how: str, stays: int, gone: int) -> None:
    """Take a merge back, or the one contact out that it has brought, which does the same."""
    if how == "undone":
        undone(gone)
        return
    with database.writing() as session:
        own = next(one for one in session.get_one(CallbackTask, stays).contacts if one.callback_number == OTHER)
        assert splitting.split(session, own, None, utc_now()).id == gone


@pytest.mark.parametrize("how", ["undone", "split"])
def test_an_emergency_of_a_later_call_is_one_when_the_merge_is_taken_back(people, how: str) -> None:
    stays, gone = opened(age=2 * HOUR), opened(OTHER, age=HOUR, concern="emergency", emergency_kind="power_cut")
    merged(stays, gone)
    assert calls_again("CAagain", NUMBER, concern="emergency", emergency_kind="no_money") == stays
    taken_back(how, stays, gone)
    found = the_task(stays)
    assert (found.urgency, found.emergency_kind) == (Urgency.EMERGENCY, "no_money")
    assert found.due_at < utc_now() + 20 * HOUR, "and is called as soon as one"
    assert (the_task(gone).urgency, the_task(gone).emergency_kind) == (Urgency.EMERGENCY, "power_cut")


@pytest.mark.parametrize("how", ["undone", "split"])
def test_an_emergency_that_only_the_other_one_has_reported_goes_with_it(people, how: str) -> None:
    stays, gone = opened(age=2 * HOUR), opened(OTHER, age=HOUR, concern="emergency", emergency_kind="power_cut")
    due = {measure: clock.due_at for measure, clock in clocks(stays).items()}
    merged(stays, gone)
    assert calls_again("CAagain", NUMBER) == stays
    taken_back(how, stays, gone)
    assert (the_task(stays).urgency, the_task(stays).emergency_kind) == (Urgency.NORMAL, None)
    assert {measure: clock.due_at for measure, clock in clocks(stays).items()} == due


@pytest.mark.parametrize("flag", ["silent_caller", "unconfirmed", "provisional"])
def test_who_has_spoken_since_is_neither_silent_nor_unconfirmed_again(people, flag: str) -> None:
    stays, gone = change(opened(age=HOUR), **{flag: True}), opened(OTHER)
    merged(stays, gone)
    assert calls_again("CAagain", NUMBER) == stays
    undone(gone)
    assert not getattr(the_task(stays), flag)


def test_forms_of_a_contact_that_stays_are_not_sent_by_the_task_that_another_one_goes_back_to(people) -> None:
    forms = {"kind": "postal_order", "concern": "forms"}
    stays, gone = opened(age=2 * HOUR, **forms, forms="rent"), opened(OTHER, age=HOUR, **forms, forms="main_form")
    assert calls_again("CAagain", OTHER, **forms, forms="change_report") == gone
    merged(stays, gone)
    assert everything(stays)["forms"] == ["rent", "main_form", "change_report"]
    assert split(stays, 1) == gone
    assert everything(gone)["forms"] == ["main_form"]
    assert everything(stays)["forms"] == ["rent", "change_report"]


def test_a_split_is_taken_back_after_calls_to_either_part(people) -> None:
    task = opened(age=10 * HOUR)
    joined(task, age=9 * HOUR, number=OTHER)
    own = split(task, 1)
    joined(task, age=HOUR)
    joined(own, age=HOUR, number=OTHER)
    codes = [*everything(task)["contacts"], *everything(own)["contacts"]]
    due = the_task(task).due_at
    merged(task, own)
    assert sorted(everything(task)["contacts"]) == sorted(codes)
    assert (the_task(task).due_at, everything(own)["contacts"]) == (due, [])
    undone(own)
    assert [len(everything(one)["contacts"]) for one in (task, own)] == [2, 2]
    with database.reading() as session:
        assert merging.merges_into(session, task) == []
        assert {one.task_id for one in session.query(Contact)} == {task, own}


def test_a_next_attempt_that_was_planned_outlives_a_split_that_is_taken_back(people) -> None:
    task = opened(age=10 * HOUR)
    joined(task, age=9 * HOUR)
    claimed(task, people["mia"])
    tried(task, people["mia"], now=utc_now() - HOUR)
    planned = the_task(task).next_attempt_at
    assert planned is not None
    own = split(task, 1, people["mia"])
    merged(task, own, people["mia"])
    assert the_task(task).next_attempt_at == planned, "both had called before the attempt"
    assert clocks(task)[SlaMeasure.TRIED].met_at is not None
