"""Entries that wait for the database: typed, with a version, and those of the version before are still read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import event, select

from ivr.config.settings import Settings
from ivr.domain.enums import Concern, EntryPlace, EventName
from ivr.domain.timestamps import utc_now
from ivr.flows.state import CallState, Event
from ivr.flows.state_codec import Undecodable
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import QueueEntry
from ivr.models.voicebox import Recording
from ivr.platform import database, spool, spool_memory
from ivr.telephony import call_intake, deferred_writes
from ivr.telephony.deferred_writes import EndEntry, RecordingEntry, TurnEntry
from ivr.telephony.state_token import unseal
from tests.support import version_0

CALL, NUMBER = "CA" + "1" * 32, "+4915112345678"
AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


def away(*_: object, **__: object) -> None:
    raise database.Away("gone")


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The database does not answer, until this is undone."""
    for name in ("writing", "writing_alone", "noting", "reading"):
        monkeypatch.setattr(database, name, away)
    return monkeypatch


def the_task() -> CallbackTask:
    with database.reading() as session:
        return session.scalars(select(CallbackTask)).one()


def test_a_call_during_an_outage_is_written_down_after_it(empty_database: Settings, outage: pytest.MonkeyPatch) -> None:
    """Agreed, spoken, hung up; then the database is back, and there is one task with its message."""
    state = CallState("review", "tr", began_at=utc_now(), callback_number=NUMBER, recording_number=1)
    state = state.knowing(concern=Concern.WORK)
    begins = Event(EventName.RECORDING_BEGINS, 1)
    left = Event(EventName.MESSAGE_LEFT, 1, "RE1", 4.5)
    kept = call_intake.write_turn(None, state, (begins, left), CALL, NUMBER, "", utc_now())
    assert (kept.place, kept.code) == (EntryPlace.SPOOL, "")
    call_intake.recording_event(state, CALL, "RE1", "completed", 4.5, utc_now())
    call_intake.call_ended(CALL, NUMBER, utc_now())
    outage.undo()
    assert call_intake.replay_spool() == 3
    task = the_task()
    assert (task.language, task.concern, task.callback_number) == ("tr", "work", NUMBER)
    with database.reading() as session:
        assert session.scalars(select(Recording.recorded_seconds)).all() == [4.5]
        assert session.scalars(select(Call.state)).all() == ["ended"]
    assert spool.damaged() == 0


def test_a_recording_announced_after_the_end_of_its_call_has_a_task(
    empty_database: Settings, outage: pytest.MonkeyPatch
) -> None:
    """All entries of the call are written together, and each sees what the one before it has changed."""
    state = CallState("record", "tr", began_at=utc_now(), callback_number=NUMBER, recording_number=1)
    state = state.knowing(concern=Concern.WORK)
    begins = Event(EventName.RECORDING_BEGINS, 1)
    call_intake.write_turn(None, state, (begins,), CALL, NUMBER, "", utc_now())
    call_intake.call_ended(CALL, NUMBER, utc_now())
    call_intake.recording_event(state, CALL, "RE1", "in-progress", None, utc_now())
    outage.undo()
    assert call_intake.replay_spool() == 3
    assert the_task().provisional, "the caller has hung up while the carrier was recording"
    with database.reading() as session:
        assert session.scalars(select(Call.ending)).all() == ["hung_up"]


def test_the_entries_of_a_call_are_few_statements(empty_database: Settings, outage: pytest.MonkeyPatch) -> None:
    """They look for the call, its contact and its team once, and once for a number keyed in earlier in the call."""
    state = CallState("review", "tr", began_at=utc_now(), callback_number=NUMBER, recording_number=1)
    state = state.knowing(concern=Concern.WORK)
    left = Event(EventName.MESSAGE_LEFT, 1, "RE1", 4.5)
    call_intake.write_turn(None, state, (Event(EventName.RECORDING_BEGINS, 1), left), CALL, NUMBER, "", utc_now())
    for _ in range(5):
        call_intake.write_turn(None, state, (Event(EventName.CHANGED),), CALL, NUMBER, "", utc_now())
    call_intake.recording_event(state, CALL, "RE1", "completed", 4.5, utc_now())
    outage.undo()
    outage.setattr("ivr.platform.spool_replay._MOST_SECONDS", 60.0)
    said: list[str] = []
    event.listen(database.engine(), "before_cursor_execute", lambda *args: said.append(" ".join(args[2].split())))
    assert call_intake.replay_spool() == 7
    for table, most in (("calls", 1), ("contacts", 2), ("teams", 1), ("recordings", 1)):
        found = [one for one in said if one.startswith("SELECT") and f" FROM {table} WHERE" in one]
        assert len(found) <= most, found
    assert len(said) <= 6 * 7


@pytest.mark.parametrize(
    "entry",
    [
        TurnEntry(CallState("review", "de", answers=3), CALL, None, "", True, AT, "f00d"),
        RecordingEntry(CallState("record", "de", recording_number=2), CALL, "RE1", "completed", None, AT),
        EndEntry(CALL, NUMBER, True, AT),
    ],
    ids=lambda entry: type(entry).__name__,
)
def test_an_entry_comes_back_from_the_spool_as_it_was(
    empty_database: Settings, outage: pytest.MonkeyPatch, entry: deferred_writes.Entry
) -> None:
    read = []
    handlers = dict.fromkeys(deferred_writes.KINDS.values(), lambda _, entry: read.append(entry))
    assert deferred_writes.write(entry, handlers).place == EntryPlace.SPOOL
    outage.undo()
    assert deferred_writes.replay(handlers) == 1
    assert read == [entry]


def version_0_state(secret: str, *owed: list[object], **facts: str) -> dict[str, str]:
    return {"state": version_0.state_token(secret, "line", facts, language="tr", owed=owed, age=3 * 24 * 3600)}


def test_entries_of_the_version_before_are_written_down(empty_database: Settings) -> None:
    """They waited on the disk while the hotline was updated, three days ago; the database was away all the time."""
    secret, at = empty_database.secret, {"at": AT.isoformat()}
    facts = {"concern": "benefits", "callback_number": NUMBER, "since": AT.isoformat(), "take": "1", "turn": "1"}
    turn = version_0_state(
        secret, ["recording_begins", 1, "", 0.0, "", {}], ["message_left", 1, "RE1", 4.0, "", {}],
        ["line_joined", 0, "", 0.0, "", {}], ["number_given", 0, "", 0.0, NUMBER, facts], **facts
    )  # fmt: skip
    version_0.append_to_spool(
        empty_database.var_dir,
        version_0.spool_entry(secret, "turn", turn, CALL, NUMBER, "", False, at),
        version_0.spool_entry(secret, "recording", version_0_state(secret, **facts), CALL, "RE1", "completed", 4.0, at),
        version_0.spool_entry(secret, "end", CALL, NUMBER, False, at),
    )
    assert call_intake.replay_spool() == 3
    assert spool.damaged() == 0
    task = the_task()
    assert (task.concern, task.language, task.first_contact_at, task.callback_number) == ("benefits", "tr", AT, NUMBER)
    with database.reading() as session:
        place = session.scalars(select(QueueEntry)).one()
        assert unseal(place.resume, CALL).step == "call_queue"
        assert session.scalars(select(Call.state)).all() == ["ended"]


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("end", {"version": 2, "entry": "{}"}),
        ("end", {"version": 1, "entry": "{}"}),
        ("end", {"entry": "{}"}),
        ("end", [CALL]),
        ("turn", [{"state": "gAAAA"}, CALL, None, "", False, {"at": "2026-11-22T10:00:00+00:00"}]),
        ("end", "x"),
    ],
)
def test_an_entry_that_is_none_is_put_aside(empty_database: Settings, kind: str, payload: object) -> None:
    with pytest.raises(Undecodable):
        deferred_writes.entry_of(kind, payload)
    spool.keep(kind, payload)
    assert call_intake.replay_spool() == 0
    assert spool.damaged() > 0


def test_not_even_memory_has_room_for_it(empty_database: Settings, outage: pytest.MonkeyPatch) -> None:
    """Then the carrier is told so, and asks again; nothing that was kept before is given up."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    outage.setattr(spool, "keep", full)
    outage.setattr(spool_memory, "MOST", 1)
    call_intake.call_ended(CALL, NUMBER, utc_now())
    with pytest.raises(deferred_writes.NotKept):
        call_intake.call_ended("CA" + "2" * 32, NUMBER, utc_now())
    assert spool.in_memory() == 1
