"""What changes while a caller is in a call: the hour, their request, and the order in which the carrier tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from ivr.callbacks import code_changes, workflow
from ivr.config.settings import settings
from ivr.contact_centre import agent_presence, queue_order
from ivr.domain.enums import Availability, CallerProof
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import QueueEntry
from ivr.models.contacts import Contact
from ivr.platform import database, write_behind
from ivr.telephony import call_session
from ivr.telephony.flow_context import FlowContext
from tests.stories.test_promises_held import GERMAN, tasks_of, the_task
from tests.support.environment import forget_settings
from tests.support.people import hire
from tests.support.webhook_caller import WebhookCaller

#: Friday, eight in the morning in Bremen.
EIGHT = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)


@pytest.fixture
def mia(webhook_caller) -> User:
    """A member who is at her telephone, but on another call."""
    mia = hire()["mia"]
    with database.writing() as session:
        agent_presence.start_answering(session, mia, "+4942198765", ["de"], utc_now())
        agent_presence.get_or_create(session, mia.id, utc_now()).state = "talking"
    return mia


@pytest.fixture
def by_code(webhook_caller) -> Callable[[], tuple[CallbackTask, WebhookCaller]]:
    """A task, and a caller who has keyed in its receipt code."""

    def looked_up() -> tuple[CallbackTask, WebhookCaller]:
        owner = webhook_caller().dials().presses(GERMAN, "1", "2")
        while not owner.is_over:
            owner.presses("1")
        task = the_task(owner)
        return task, webhook_caller("anonymous").dials().presses(GERMAN, "3", "4", task.receipt_code)

    return looked_up


@pytest.mark.parametrize("concern", [("1",), ("9", "1")])
def test_who_has_hung_up_waits_for_nobody_though_their_last_request_comes_later(webhook_caller, mia, concern) -> None:
    person = webhook_caller(at="open").dials().presses(GERMAN, *concern)
    person._event("/voice/status", CallStatus="completed", CallDuration="30")
    write_behind.flush()
    person.presses("")
    for asked_again in range(2):
        with database.reading() as session:
            assert queue_order.waiting(session, utc_now()) == []
            assert [(one.state, one.reason) for one in session.scalars(select(QueueEntry))] == [("left", "hung_up")]
        if not asked_again:
            person.waits()
    assert len(tasks_of(person)) == len(concern) - 1


def test_what_is_told_of_the_next_opening_fits_what_was_decided_a_moment_before(
    webhook_caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At eight o'clock nobody who has just heard that nobody is there is told to call again tomorrow."""
    clock, is_open = [EIGHT - timedelta(milliseconds=300)], FlowContext.team_is_open

    def then_it_strikes_eight(context: FlowContext, state) -> bool:
        answer = is_open(context, state)
        clock.append(EIGHT + timedelta(milliseconds=300))
        return answer

    monkeypatch.setattr(call_session, "utc_now", lambda: clock[-1])
    person = webhook_caller("anonymous", at="clock").dials().presses(GERMAN, "1", "", "")
    monkeypatch.setattr(FlowContext, "team_is_open", then_it_strikes_eight)
    while "opening_again" not in person.last:
        clock[:] = clock[:1]
        person.presses("")
    assert "Wir sind wieder da: heute ab acht Uhr" in person.text


def test_a_withdrawal_of_a_restricted_request_is_noted_and_confirmed_when_it_may_be(by_code) -> None:
    (task, person), mia, now = by_code(), hire()["mia"], utc_now()
    with database.writing() as session:
        workflow.restrict(session, session.get_one(CallbackTask, task.id), session.get_one(User, mia.id), now)
    person.presses("4", "1").hears("request_withdrawn")
    with database.writing() as session:
        found = session.get_one(CallbackTask, task.id)
        assert found.contacts[0].withdrawn_at is not None
        assert found.state == "open"
        found.restricted_at = None
        session.flush()
        member = session.get_one(User, mia.id)
        code_changes.confirm(session, found.contacts[0], CallerProof.CALLED_BACK, member, now)
        assert (found.state, found.outcome) == ("closed", "withdrawn")


@pytest.mark.parametrize("keys", [("1", "017699999999", "1"), ("2", "1")], ids=["number", "times"])
def test_what_is_added_to_a_request_that_was_erased_in_mid_call_is_a_new_one(by_code, keys: tuple[str, ...]) -> None:
    task, person = by_code()
    with database.writing() as session:
        session.execute(update(Contact).where(Contact.task_id == task.id).values(receipt_code="erased"))
    person.presses(*keys).hears("number_noted" if keys[0] == "1" else "noted")
    new = the_task(person)
    assert new.id != task.id
    if keys[0] == "1":
        assert new.callback_number == "+4917699999999"
    else:
        assert new.availability == Availability.MORNING


def test_who_calls_before_closed_days_hears_by_code_what_they_were_told(
    webhook_caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody works within a day: what was promised for Monday does not take longer than promised before Monday."""
    monkeypatch.setenv("HOURS", json.dumps({"weekdays": {"saturday": "closed", "sunday": "closed"}}))
    forget_settings()
    friday = datetime(2026, 11, 27, 18, 0, tzinfo=settings().hours.zone)
    clock = [friday]
    monkeypatch.setattr(call_session, "utc_now", lambda: clock[-1].astimezone(UTC))
    owner = webhook_caller(at="clock").dials().presses(GERMAN, "1", "2")
    while not owner.is_over:
        owner.presses("1")
    assert "Wir rufen Sie zurück: Montag bis zehn Uhr." in owner.text
    code = the_task(owner).receipt_code
    for later, told in (
        (timedelta(minutes=5), "Wir melden uns: Montag bis zehn Uhr."),
        (timedelta(days=2), "Wir melden uns: morgen bis zehn Uhr."),
        (timedelta(days=2, hours=15), "Wir melden uns: heute bis zehn Uhr."),
        (timedelta(days=2, hours=17), "Es dauert leider länger, als wir versprochen haben."),
    ):
        clock.append(friday + later)
        assert told in webhook_caller("anonymous", at="clock").dials().presses(GERMAN, "3", "4", code).text
