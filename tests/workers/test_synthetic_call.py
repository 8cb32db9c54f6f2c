"""The hotline calls its own number, keys its way to a receipt code, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select, update

from ivr.calls import synthetic_calls
from ivr.config.settings import settings
from ivr.domain.enums import AlertEvent, CarrierName
from ivr.domain.timestamps import utc_now
from ivr.local_carrier import own_number
from ivr.models.alerts import HouseAlarm
from ivr.models.synthetic_calls import SyntheticCall
from ivr.operations import server_checks
from ivr.platform import database, write_behind
from ivr.platform.orm import Base
from ivr.platform.work_models import Checkpoint
from ivr.workers import carrier_reconciliation, synthetic_call
from tests.support.line_in_process import Line
from tests.support.waiting import eventually

OWN = "+4942112399"
#: What a synthetic call may leave: how far it came, when it was, and that somebody was told.
LEFT = {"synthetic_calls", "checkpoints", "house_alarms"}


@pytest.fixture
def line(in_the_manner_of: Callable[[CarrierName], Line], monkeypatch: pytest.MonkeyPatch) -> Line:
    """The hotline, which calls itself every five minutes, and its carrier."""
    monkeypatch.setenv("SYNTHETIC_CALL_MINUTES", "5")
    monkeypatch.setenv("SYNTHETIC_CALL_FROM", OWN)
    monkeypatch.setattr(own_number, "PACE", 0.1)  # less is too short for a key on busy cores
    return in_the_manner_of(CarrierName.TWILIO)


def counted() -> dict[str, int]:
    """The rows of all tables."""
    write_behind.flush()
    with database.reading() as session:
        tables = Base.metadata.sorted_tables
        return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def due() -> None:
    with database.writing() as session:
        session.execute(update(Checkpoint).values(at=utc_now().replace(year=2020)))


def rings(patience: float = 60) -> bool | None:
    return synthetic_call.make_if_due(patience=patience, pause=0.05)


def called_back(line: Line) -> None:
    """All events of all calls have come."""
    eventually(lambda: all(call.status == "completed" for call in line.switch.store.calls()))


def test_from_the_menu_to_a_receipt_and_nothing_is_left(line: Line) -> None:
    before = counted()
    assert rings() is True
    called_back(line)
    with database.reading() as session:
        made = session.scalars(select(SyntheticCall)).one()
    assert (made.step, made.receipt_at is not None) == ("receipt_code", True)
    kinds = sorted((call.direction, call.from_, call.to) for call in line.switch.store.calls())
    hotline = settings().hotline_number
    assert kinds == [("inbound", OWN, hotline), ("outbound-api", OWN, hotline)], "it has gone over the carrier"
    assert not list(line.switch.store.recordings()), "what was recorded is deleted there"
    assert not carrier_reconciliation.reconcile(utc_now().replace(year=2020)), "and is not found again"
    changed = {name for name, count in counted().items() if count != before[name]}
    assert changed <= LEFT
    assert rings() is None, "the next one is due in five minutes, whichever host makes it"


def test_a_hotline_that_does_not_answer_is_told(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.switch.telephones[settings().hotline_number] = lambda _: "no-answer"
    assert rings() is False
    with database.reading() as session:
        assert session.scalars(select(HouseAlarm.event)).all() == [AlertEvent.SYNTHETIC_CALL]
        assert synthetic_calls.last_success(session) is None
    (said,) = server_checks.synthetic()
    assert "none has ever had a receipt code" in said.state
    assert "did not come in" in said.state
    assert not said.is_a_note


def test_a_hotline_that_writes_nothing_down_is_told(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers and asks, but no task would be there: the caller would have no receipt code."""
    from ivr.telephony import synthetic_turns

    monkeypatch.setattr(synthetic_turns, "take_in_turn", lambda session, entry: None)
    assert rings(patience=8) is False
    assert "'" in next(server_checks.synthetic()).state, "the step is named"


def test_a_stranger_who_shows_the_number_is_counted(line: Line) -> None:
    """Even while a synthetic call is expected; and a code that was heard counts once."""
    with database.writing() as session:
        expected = synthetic_calls.plan(session, utc_now())
    assert expected is not None
    line.rings("123456789012", "1", number=OWN)
    write_behind.flush()
    assert counted()["calls"] == 1
    line.rings(synthetic_calls.code_of(expected), "1", number=OWN)
    assert counted()["calls"] == 1, "with the code it is ours"
    line.rings(synthetic_calls.code_of(expected), "1", number=OWN)
    assert counted()["calls"] == 2, "which counts once"


def test_it_is_off_unless_somebody_wants_it(in_the_manner_of: Callable[[CarrierName], Line]) -> None:
    in_the_manner_of(CarrierName.TWILIO)
    assert rings() is None
    (said,) = server_checks.synthetic()
    assert said.is_a_note
