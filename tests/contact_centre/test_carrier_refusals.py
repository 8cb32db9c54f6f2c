"""Callbacks that the carrier does not put through: an attempt counts when a telephone rang, and nobody is struck off
for a fault of the house or of the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import delete, select

from ivr.callbacks import code_changes
from ivr.contact_centre import call_distribution
from ivr.domain.enums import CallerProof
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.store import Refusals
from ivr.models.alerts import CarrierFaultRow
from ivr.models.callbacks import Attempt, CallbackTask
from ivr.models.contact_centre import Leg, Presence
from ivr.models.sla import SlaClock
from ivr.platform import database
from tests.contact_centre.test_outbound_callbacks import a_callback, calls_back, outcomes
from tests.support.people import the_task
from tests.support.running_hotline import RunningHotline
from tests.support.staff import Team
from tests.support.waiting import eventually


@pytest.fixture
def refuse(call_queue_hotline: RunningHotline) -> Iterator[Callable[..., None]]:
    """Let the carrier refuse from now on: `refuse(calls={number: 21215})`."""
    store = call_queue_hotline.switch.store
    yield lambda **tables: store.keep_refusals(Refusals(**tables))
    store.keep_refusals(Refusals())
    with database.writing_alone() as session:
        session.execute(delete(CarrierFaultRow))


def kinds(task_id: int) -> list[str]:
    return [event.kind for event in the_task(task_id).events]


def faults() -> dict[str, tuple[str, bool]]:
    with database.reading() as session:
        return {one.fault: (one.medium, one.mended_at is None) for one in session.scalars(select(CarrierFaultRow))}


def promise_of(task_id: int) -> str:
    with database.reading() as session:
        return session.get_one(SlaClock, (task_id, "tried")).state


def is_untouched(task_id: int) -> None:
    """Nothing was counted: no attempt, no kept promise, no letter; the task is free for everybody."""
    task = the_task(task_id)
    assert (task.attempts, task.first_attempt_at, task.letter_proposed_at) == ([], None, None)
    assert (task.state, promise_of(task_id)) == ("open", "on_track")


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (21215, "country_not_enabled"), (21210, "sender_refused"), (21205, "address_refused"), (20003, "login_refused"),
        (20005, "account_blocked"), (21999, "request_refused"),
    ],
)  # fmt: skip
def test_a_call_refused_by_the_operators_fault_is_no_attempt(
    team: Team, phone, refuse: Callable[..., None], code: int, fault: str
) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    refuse(calls={called.number: code})
    calls_back(team, "mia", task_id)
    mia.answers().presses("1").is_told("Störung beim Telefonanbieter").has_hung_up()
    eventually(lambda: the_task(task_id).carrier_fault == fault)
    eventually(lambda: team.state("mia") == "available")
    is_untouched(task_id)
    assert kinds(task_id)[-2:] == ["not_rung", "released"]
    assert faults()[fault] == ("call", True)
    assert called.rung == 0
    assert the_task(task_id).next_attempt_at > utc_now(), "it is offered again by itself"


@pytest.mark.parametrize("code", [21211, 21214, 21217, 13224])
def test_a_call_refused_because_of_the_number_is_one(team: Team, phone, refuse: Callable[..., None], code: int) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    refuse(calls={called.number: code})
    calls_back(team, "mia", task_id)
    mia.answers().presses("1").is_told("nicht erreicht").has_hung_up()
    eventually(lambda: outcomes(task_id) == ["number_invalid"])
    assert the_task(task_id).letter_proposed_at is not None
    assert faults() == {}


@pytest.mark.parametrize(
    ("sip", "outcome"), [(404, "number_invalid"), (604, "number_invalid"), (486, "busy"), (480, "no_answer")]
)
def test_a_call_that_fails_because_of_the_number_or_the_telephone_is_an_attempt(
    team: Team, phone, refuse: Callable[..., None], sip: int, outcome: str
) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    refuse(failed_calls={called.number: sip})
    calls_back(team, "mia", task_id)
    mia.answers().presses("1").is_told("nicht erreicht").has_hung_up()
    eventually(lambda: outcomes(task_id) == [outcome])


def test_a_call_that_the_carrier_takes_and_then_forbids_is_the_operators_fault(
    team: Team, phone, refuse: Callable[..., None]
) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    refuse(failed_calls={called.number: 403})
    calls_back(team, "mia", task_id)
    mia.answers().presses("1").is_told("Störung beim Telefonanbieter").has_hung_up()
    eventually(lambda: the_task(task_id).carrier_fault == "sender_refused")
    is_untouched(task_id)


def test_a_call_lost_in_the_network_is_dialled_again_while_the_member_waits(
    team: Team, phone, refuse: Callable[..., None]
) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    refuse(failed_calls={called.number: 503})
    calls_back(team, "mia", task_id)
    mia.accepts()
    eventually(lambda: len(legs_to(called.number)) == 2)
    assert outcomes(task_id) == []
    refuse()
    called.answers().presses("1").is_talking().hangs_up()
    mia.has_hung_up()
    eventually(lambda: outcomes(task_id) == ["reached"])
    assert faults()["network_away"] == ("call", False), "the telephone rang: it is mended"
    team.wraps_up("mia", "settled")


@pytest.mark.parametrize("what", ["number changed", "withdrawn", "number confirmed by a colleague"])
def test_nobody_is_dialled_again_whose_request_was_changed_by_code_meanwhile(
    team: Team, phone, refuse: Callable[..., None], what: str
) -> None:
    """The member has asked for a call to the number that the page showed then."""
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    refuse(failed_calls={called.number: 503})
    calls_back(team, "mia", task_id)
    mia.accepts()
    eventually(lambda: len(legs_to(called.number)) == 2)
    with database.writing_alone() as session:
        (contact,) = session.get_one(CallbackTask, task_id).contacts
        if what == "withdrawn":
            code_changes.withdraw(session, contact, utc_now())
        else:
            code_changes.change_number(session, contact, "+4917699999999", utc_now())
        if what == "number confirmed by a colleague":
            code_changes.confirm(session, contact, CallerProof.FILE_DATA, team.people["mia"][0], utc_now())
    refuse()
    mia.is_told("kann jetzt nicht angerufen werden").has_hung_up()
    assert called.rung == 0
    is_untouched(task_id)


def test_a_network_that_stays_away_leaves_the_task_as_it_was(team: Team, phone, refuse: Callable[..., None]) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    refuse(failed_calls={called.number: 500})
    calls_back(team, "mia", task_id)
    mia.accepts()
    mia.is_told("Störung beim Telefonanbieter").has_hung_up()
    eventually(lambda: the_task(task_id).carrier_fault == "network_away")
    assert len(legs_to(called.number)) == 3
    is_untouched(task_id)


def test_an_interface_of_the_carrier_that_breaks_down_for_a_moment_costs_nothing(
    team: Team, phone, refuse: Callable[..., None]
) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    refuse(calls={called.number: 20503})
    calls_back(team, "mia", task_id)
    mia.accepts()
    called.stays_quiet(1)
    assert outcomes(task_id) == []
    refuse()
    called.answers().presses("1").is_talking().hangs_up()
    eventually(lambda: outcomes(task_id) == ["reached"])
    mia.has_hung_up()
    team.wraps_up("mia", "settled")


def test_a_mended_fault_offers_the_task_again_at_once_and_the_next_call_reaches(
    team: Team, phone, refuse: Callable[..., None]
) -> None:
    mia, called, other = team.member("mia"), phone(), phone()
    task_id, another = a_callback(called), a_callback(other)
    refuse(calls={called.number: 20005})
    calls_back(team, "mia", task_id)
    mia.answers().presses("1").is_told("Störung").has_hung_up()
    eventually(lambda: the_task(task_id).carrier_fault == "account_blocked")
    eventually(lambda: team.state("mia") == "available")
    refuse()
    calls_back(team, "mia", another)  # another caller is rung: the account works again
    mia.accepts()
    other.refuses()
    mia.has_hung_up()
    eventually(lambda: outcomes(another) == ["no_answer"])
    eventually(lambda: the_task(task_id).next_attempt_at <= utc_now())
    eventually(lambda: team.state("mia") == "available")
    calls_back(team, "mia", task_id)
    mia.accepts()
    called.refuses()
    mia.has_hung_up()
    eventually(lambda: outcomes(task_id) == ["no_answer"])
    assert the_task(task_id).carrier_fault is None


def test_a_member_whose_telephone_cannot_be_rung_has_missed_no_call(
    team: Team, caller_at_menu, refuse: Callable[..., None]
) -> None:
    """The fault of the house does not send members on a break, and they are rung when it is mended."""
    mia = team.member("mia")
    refuse(calls={mia.number: 21210})
    caller = caller_at_menu().presses("1").hears("transfer").stays_silent().waits_in_line()
    eventually(lambda: any(leg.ending == "operator_fault" for leg in legs_to(mia.number)))
    with database.reading() as session:
        here = session.get_one(Presence, team.people["mia"][0].id)
        assert (here.state, here.missed) == ("available", 0)
        assert call_distribution.match(session, utc_now()) == [], "not rung again in the same second"
    caller.hangs_up()


def legs_to(number: str) -> list[Leg]:
    with database.reading() as session:
        return list(session.scalars(select(Leg).where(Leg.number == number).order_by(Leg.id)))


def test_the_attempt_begins_when_the_telephone_rings(team: Team, phone) -> None:
    mia, called = team.member("mia"), phone()
    task_id = a_callback(called)
    calls_back(team, "mia", task_id)
    mia.accepts()
    called.rings()

    def began() -> bool:
        with database.reading() as session:
            return session.scalar(select(Attempt.outcome).where(Attempt.task_id == task_id)) == "ringing"

    eventually(began)
    with database.reading() as session:
        assert session.get_one(CallbackTask, task_id).first_attempt_at is not None
    called.gives_up()
    mia.hangs_up()
    eventually(lambda: the_task(task_id).state == "open", 20)
