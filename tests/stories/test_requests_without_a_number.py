"""A request that waits for a call which nobody can make: the caller is told so, and asked for a number."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from ivr.accounts import users
from ivr.callbacks import attempts, claims
from ivr.contact_centre import agent_presence
from ivr.domain.enums import Outcome, ReplyBy
from ivr.domain.outcomes import FINAL_OUTCOMES
from ivr.domain.routing import TEAMS
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import QueueEntry
from ivr.models.contacts import Contact
from ivr.platform import database
from tests.support.people import PASSWORD, hire
from tests.support.webhook_caller import WebhookCaller

SOMALIA = "+252612345678"
#: German, services, what became of my request.
BY_CODE = ("1", "3", "4")
#: What leads on to the end of a request without a number and without a recording.
_ON = {"consent": "2", "called_before": "2", "number_abroad": "2", "postal_code": "#", "answer_in_writing": "2",
       "availability": "1"}  # fmt: skip


def contact_of(person: WebhookCaller) -> Contact:
    with database.reading() as session:
        return session.scalars(select(Contact).join(Call).where(Call.call_sid == person.sid)).one()


def the_task_of(person: WebhookCaller) -> CallbackTask:
    with database.reading() as session:
        return session.get_one(CallbackTask, contact_of(person).task_id)


def asks(person: WebhookCaller) -> str:
    """Ask for a callback without giving a number; the receipt code."""
    person.dials().presses("1", "2")
    while not person.is_over:
        person.presses(next((_ON[asked] for asked in person.last if asked in _ON), ""))
    return contact_of(person).receipt_code


def wants_a_callback(person: WebhookCaller) -> None:
    person.presses("0").hears("consent").presses("2")


def says_more(person: WebhookCaller) -> None:
    person.presses("3").speaks().hears("review").presses("1")


@pytest.mark.parametrize("shown", ["anonymous", SOMALIA])
def test_a_status_without_a_number_to_call_promises_no_call(webhook_caller, shown: str) -> None:
    code = asks(webhook_caller(shown))
    again = webhook_caller("anonymous").dials().presses(*BY_CODE, code).hears("number_missing").hears("enter_number")
    again.does_not_hear("request_open").presses("017612345678").hears("confirm_new_number")
    again.presses("1").hears("number_noted").hangs_up()
    with database.reading() as session:
        found = session.scalars(select(Contact).where(Contact.receipt_code == code)).one()
    assert (found.callback_number, found.is_unconfirmed) == ("+4917612345678", True)


@pytest.mark.parametrize("wish", [wants_a_callback, says_more])
def test_who_changes_a_request_that_nobody_can_call_about_is_asked_for_a_number(webhook_caller, wish) -> None:
    code = asks(webhook_caller("anonymous"))
    again = webhook_caller("anonymous").dials().presses(*BY_CODE, code, "", "", "").hears("change_request")
    wish(again)
    again.hears("noted").hears("number_missing").hears("enter_number").presses("017612345678")
    again.hears("confirm_new_number").presses("1").hears("number_noted").presses("1").hears("change_request")
    wish(again)
    again.hears("noted").does_not_hear("request_open").hears("anything_else")
    assert "number_missing" not in again.last, "a number is known now"


def test_the_shown_number_is_proposed_and_silence_is_no_yes(webhook_caller) -> None:
    first = webhook_caller("anonymous")
    code = asks(first)
    again = webhook_caller("+4917612345678").dials().presses(*BY_CODE, code).hears("number_missing")
    again.hears("confirm_new_number").presses("", "", "").hears("change_request").hangs_up()
    assert contact_of(first).callback_number is None


def test_a_new_number_in_a_country_that_is_not_called_is_not_taken_down(webhook_caller) -> None:
    first = webhook_caller()
    code = asks(first)
    again = webhook_caller("anonymous").dials().presses(*BY_CODE, code).hears("request_open").presses("1")
    again.presses("00252612345678").hears("number_not_called").hears("enter_number")
    again.does_not_hear("number_noted").presses("", "", "").hears("change_request").hangs_up()
    assert contact_of(first).callback_number == first.number


def test_who_can_be_called_or_wants_a_letter_is_not_asked_again(webhook_caller) -> None:
    code = asks(webhook_caller())
    again = webhook_caller("anonymous").dials().presses(*BY_CODE, code).hears("request_open")
    again.presses("2", "1").hears("noted").does_not_hear("number_missing").hangs_up()
    without = asks(webhook_caller("anonymous"))
    again = webhook_caller("anonymous").dials().presses(*BY_CODE, without, "", "", "", "2", "1").hears("noted")
    assert "number_missing" not in again.last
    again.hangs_up()
    last = webhook_caller("anonymous").dials().presses(*BY_CODE, without).hears("request_open")
    last.does_not_hear("number_missing")


@pytest.mark.parametrize("shown", ["anonymous", SOMALIA])
def test_no_time_is_asked_for_a_call_that_nobody_can_make(webhook_caller, shown: str) -> None:
    """Neither in the call nor by receipt code; an answer in writing is offered in its place."""
    first = webhook_caller(shown)
    code = asks(first)
    first.does_not_hear("availability").does_not_hear("callback_usual")
    again = webhook_caller("anonymous").dials().presses(*BY_CODE, code, "", "", "").hears("change_request")
    again.presses("2").hears("answer_in_writing").presses("2").hears("change_request")
    again.presses("2", "1").hears("noted").does_not_hear("availability").presses("1", "2").hears("answer_in_writing")
    again.hangs_up()
    assert the_task_of(first).reply_by == ReplyBy.WRITING
    last = webhook_caller("anonymous").dials().presses(*BY_CODE, code).hears("request_open").presses("2")
    last.hears("answer_in_writing").does_not_hear("availability").presses("2", "1", "017612345678", "1")
    last.hears("number_noted").presses("1", "2").hears("availability").hangs_up()


def test_who_cannot_be_called_can_have_the_answer_in_writing(webhook_caller) -> None:
    person = webhook_caller(SOMALIA).dials().presses("1", "2")
    while "answer_in_writing" not in person.last:
        person.presses(next((_ON[asked] for asked in person.last if asked in _ON), ""))
    person.presses("1").hears("receipt")
    assert the_task_of(person).reply_by == ReplyBy.WRITING


@pytest.mark.parametrize("outcome", FINAL_OUTCOMES)
def test_a_number_that_is_not_rung_again_is_missed_until_there_is_another(webhook_caller, outcome: Outcome) -> None:
    """It was somebody else's, or is out of service: "we try again" would be wrong."""
    first = webhook_caller()
    code = asks(first)
    lena = hire()["lena"]
    with database.writing() as session:
        task = session.get_one(CallbackTask, contact_of(first).task_id)
        claims.claim(session, task, lena, utc_now())
        attempts.record(session, task, lena, outcome, utc_now())
    again = (
        webhook_caller("anonymous")
        .dials()
        .presses(*BY_CODE, code)
        .hears("number_missing")
        .does_not_hear("request_tried")
    )
    again.presses("017612345678").hears("confirm_new_number").presses("1").hears("number_noted").hangs_up()
    webhook_caller("anonymous").dials().presses(*BY_CODE, code).hears("request_tried_last")


def test_a_number_taken_out_of_a_task_is_missed(webhook_caller) -> None:
    """A member may have deleted a number that reached somebody else."""
    code = asks(webhook_caller())
    with database.writing() as session:
        session.execute(update(Contact).values(callback_number=None))
        session.execute(update(CallbackTask).values(callback_number=None))
    webhook_caller().dials().presses(*BY_CODE, code).hears("number_missing").hears("confirm_new_number")


def test_a_place_in_the_queue_is_not_promised_for_a_request_of_another_call(webhook_caller) -> None:
    """Its number is missing, or would have to be confirmed by a member before anybody is called."""
    with database.writing() as session:
        ida = users.add(session, "ida", "Ida", "member", PASSWORD, list(TEAMS))
        session.flush()
        agent_presence.start_answering(session, ida, "+4942198765", ["de"], utc_now())
        agent_presence.get_or_create(session, ida.id, utc_now()).state = "talking"
    first = webhook_caller("anonymous")
    code = asks(first)
    again = webhook_caller("+4917612345678", at="open").dials().presses(*BY_CODE, code).hears("number_missing")
    again.presses("0")
    while again.verb != "Enqueue":
        again.presses("")
    again.waits("1").hears("noted").hears("number_missing").does_not_hear("place_kept").hangs_up()
    assert contact_of(first).callback_number is None, "a number is given by code only where its caller says so"
    with database.reading() as session:
        assert session.scalar(select(QueueEntry.id)) is not None


@pytest.mark.parametrize("shown", ["anonymous", SOMALIA, ""])
def test_an_emergency_is_promised_a_call_once_there_is_a_number(webhook_caller, shown: str) -> None:
    person = webhook_caller(shown).dials().presses("1", "9", "1", "1").speaks().presses("1").hears("emergency_help")
    told_at_once = "promise_emergency" in person.last
    assert told_at_once == (not shown)
    answers = {"called_before": "2", "number_abroad": "1", "enter_number": "017612345678", "confirm_number": "1"}
    while not person.is_over:
        person.presses(next(answers[asked] for asked in person.last if asked in answers))
    assert person.heard.count("promise_emergency") == 1
    assert person.heard.index("receipt") > person.heard.index("promise_emergency")


def test_an_emergency_without_any_number_is_promised_no_call(webhook_caller) -> None:
    person = webhook_caller("anonymous").dials().presses("1", "9", "1", "1").speaks().presses("1")
    while not person.is_over:
        person.presses("")
    person.hears("receipt").does_not_hear("promise_emergency")
    assert "no_number" in person.heard
