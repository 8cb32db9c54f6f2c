"""A call whose number has failed the network's check (SHAKEN/STIR) is one without a number, and says so on the task."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from ivr.calls import screening
from ivr.domain.enums import TaskState
from ivr.local_carrier import attestation
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call, KnownCaller
from ivr.platform import database, write_behind
from tests.support.webhook_call import WebhookCall, carrier

ANNA = "+4917612345678"


@pytest.fixture
def rings(empty_database):
    client = carrier()
    return lambda checked="": WebhookCall(client, ANNA, **attestation.fields(checked, ANNA, "+494211782666")).rings()


def call_of(person: WebhookCall) -> Call:
    write_behind.flush()
    with database.reading() as session:
        return session.scalars(select(Call).where(Call.call_sid == person.call_sid)).one()


def test_a_forged_number_chooses_no_language_and_joins_nothing(rings) -> None:
    """Anna has called in English and has an open request; somebody shows her number."""
    anna = rings().presses("2", "1", "2")
    assert call_of(anna).from_number == ANNA
    forger = rings("failed").hears("choose_language").presses("1", "1", "2").hears("enter_number")
    call = call_of(forger)
    assert (call.from_number, call.shown_as) == (None, f"{ANNA} (perhaps forged)")
    forger.ends()
    with database.reading() as session:
        tasks = session.scalars(select(CallbackTask).order_by(CallbackTask.id)).all()
        assert [task.callback_number for task in tasks if task.call_id == call.id] == [None]
        assert [task.state for task in tasks if task.call_id != call.id] == [TaskState.OPEN]
        assert [known.language for known in session.scalars(select(KnownCaller))] == ["en"], "hers, as before"


def test_a_forged_number_that_is_silent_is_not_rung(rings) -> None:
    """A silent call of a number that nobody has proven makes no task: the telephone of a victim would ring."""
    rings("failed").presses("-", "-", "-", "-").ends()
    write_behind.flush()
    with database.reading() as session:
        assert session.scalars(select(CallbackTask)).all() == []


def test_whose_number_is_forged_is_not_held_off(rings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []
    monkeypatch.setattr(screening, "too_often", lambda number, call_sid: asked.append(number) or False)
    rings("failed")
    rings()
    assert asked == [None, ANNA]


@pytest.mark.parametrize("checked", ["", "none", "A", "B", "C"])
def test_callers_whose_network_checks_nothing_or_vouches_are_known_by_their_number(rings, checked: str) -> None:
    """German networks send no such field at all; no verdict is no failure."""
    assert call_of(rings(checked).presses("2", "1")).from_number == ANNA
    assert "Jobcenter" in rings(checked).document, "greeted in English now"


@pytest.mark.parametrize(
    "verdict", ["TN-Validation-Failed", "TN-Validation-Failed-C", "TN-Validation-Failed-B-Diverted"]
)
def test_every_kind_of_failure_is_one(empty_database, verdict: str) -> None:
    assert call_of(WebhookCall(carrier(), ANNA, StirVerstat=verdict).rings().presses("1", "1")).from_number is None


@pytest.mark.parametrize("verdict", ["", "failed", "\0", "TN-Validation-Passed-A-Diverted", "x" * 5000, "🤖"])
def test_a_verdict_that_nobody_knows_is_none(empty_database, verdict: str) -> None:
    call = WebhookCall(carrier(), ANNA, StirVerstat=verdict, StirPassportToken="x" * 5000).rings().presses("1", "1")
    assert call_of(call).from_number == ANNA


def test_the_task_says_that_the_number_is_perhaps_forged(rings, desk) -> None:
    """Also where the caller has keyed in a number: the member sees both."""
    rings("failed").presses("1", "1", "2", "04215550123", "1").ends()
    with database.reading() as session:
        task = session.scalars(select(CallbackTask)).one()
    assert task.callback_number == "+494215550123"
    chief = desk("lena")
    assert "vielleicht gefälscht" not in chief.get(f"/desk/tasks/{task.id}").text, "covered until somebody claims it"
    page = chief.post(f"/desk/tasks/{task.id}/claim", follow_redirects=True).text
    assert "Nummer vielleicht gefälscht" in page
    assert 'href="tel:+494215550123"' in page
    assert f'href="tel:{ANNA}"' not in page
