"""A row that somebody else holds concerns one call: the others are written at once, and wait for nobody."""

from __future__ import annotations

import html
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree import ElementTree

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError

from ivr.calls import calls
from ivr.config.settings import settings
from ivr.contact_centre import agent_presence
from ivr.domain.enums import (
    Concern,
    ConversationKind,
    DatabaseFault,
    EntryPlace,
    EventName,
    LegRole,
    LegState,
    Urgency,
)
from ivr.domain.timestamps import utc_now
from ivr.flows.state import CallState, Event
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, Leg
from ivr.operations.migrate import migrate
from ivr.platform import database, spool, taking_turns, write_behind
from ivr.platform.database_faults import Away, fault_of
from ivr.telephony import agent_webhooks, call_intake
from ivr.telephony.deferred_writes import Kept
from tests.support.environment import leave_environment, use_environment
from tests.support.people import a_task, hire
from tests.support.postgres import Postgres
from tests.support.webhook_caller import WebhookCaller, hotline_of_webhooks

#: Seconds on a busy machine; who waits for the row waits for a minute.
WAITS_FOR_NOBODY = 15


@pytest.fixture
def patience() -> float:
    """Seconds for which a statement waits for a row."""
    return 0.4


@pytest.fixture
def address(postgres: Postgres, tmp_path, monkeypatch: pytest.MonkeyPatch, patience: float) -> Iterator[str]:
    """A database on PostgreSQL, and a process that answers callers, as `web` does."""
    url = postgres.new_database()
    monkeypatch.setattr(database._patience, "seconds", patience)
    monkeypatch.setattr(database._patience, "pause", 1.0)
    use_environment({"DATABASE_URL": url, "VAR_DIR": str(tmp_path), "LANGUAGES": '["de","en"]'})
    migrate()
    yield url
    leave_environment()


def sid(number: int) -> str:
    return f"CA{number:032x}"


@contextmanager
def held(address: str, number: int, seconds: float = 60) -> Iterator[None]:
    """Somebody else holds the row of a call, at most for some seconds."""
    with psycopg.connect(address) as connection:
        connection.execute("SELECT id FROM calls WHERE call_sid = %s FOR UPDATE", [sid(number)])
        timer = threading.Timer(seconds, connection.rollback)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def asks(number: int, *more: Event) -> Kept:
    """A caller has asked to be called back."""
    shown = f"+49151{number:08d}"
    state = CallState("details", "de", began_at=utc_now(), callback_number=shown).knowing(concern=Concern.WORK)
    events = (Event(EventName.ASKED), *more)
    return call_intake.write_turn(None, state, events, sid(number), shown, "", utc_now())


def known(number: int) -> CallbackTask | None:
    with database.reading() as session:
        return session.scalar(
            select(CallbackTask).join(Call, Call.id == CallbackTask.call_id).where(Call.call_sid == sid(number))
        )


@pytest.fixture
def ringing(address: str) -> str:
    """Five calls are in the database."""
    with database.writing() as session:
        for number in range(5):
            calls.seen(session, sid(number), None, utc_now())
    return address


def test_one_held_row_sends_one_call_to_the_spool(ringing: str) -> None:
    with held(ringing, 0):
        assert asks(0).place == EntryPlace.SPOOL
        for number in (1, 2, 3, 4):
            began = time.monotonic()
            kept = asks(number)
            assert kept.place == EntryPlace.DATABASE
            assert kept.code
            assert time.monotonic() - began < WAITS_FOR_NOBODY
        assert spool.waiting(sid(0))
        assert not any(spool.waiting(sid(number)) for number in (1, 2, 3, 4))
    call_intake.replay_spool()
    assert not spool.waiting()
    assert known(0) is not None


def test_what_follows_in_a_call_waits_behind_what_waits(ringing: str) -> None:
    """The number is keyed in while the request itself still waits: both are written, in their order."""
    with held(ringing, 0):
        asks(0)
        given = CallState("when", "de", began_at=utc_now()).knowing(concern=Concern.WORK, callback_number="+4942155512")
        events = (Event(EventName.NUMBER_GIVEN, number="+4942155512"),)
        assert call_intake.write_turn(given, given, events, sid(0), None, "", utc_now()).place == EntryPlace.SPOOL
    events = (Event(EventName.NUMBER_GIVEN, number="+4942155513"),)
    kept = call_intake.write_turn(given, given, events, sid(0), None, "", utc_now())
    assert kept.place == EntryPlace.DATABASE, "a turn writes what waits of its call, and then itself"
    task = known(0)
    assert task is not None
    assert (task.receipt_code, task.callback_number) == (kept.code, "+4942155513")


def test_a_held_row_holds_up_no_other_entry_of_the_spool(ringing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as outage:
        for name in ("writing", "writing_alone", "noting"):
            outage.setattr(database, name, _away)
        for number in range(5):
            assert asks(number).place == EntryPlace.SPOOL
    with held(ringing, 2):
        began = time.monotonic()
        assert call_intake.replay_spool() == 4
        assert time.monotonic() - began < WAITS_FOR_NOBODY
        assert spool.waiting(sid(2))
    assert call_intake.replay_spool() == 1


@pytest.mark.parametrize("patience", [5.0])
def test_a_held_row_holds_up_no_call_that_ends(ringing: str) -> None:
    """The ends of calls are written alone, one after the other: the held one must not keep its turn."""
    with held(ringing, 0):
        blocked = threading.Thread(target=call_intake.call_ended, args=(sid(0), None, utc_now()))
        blocked.start()
        with database.writing_alone() as session:
            calls.seen(session, sid(9), None, utc_now())
        assert blocked.is_alive()
        blocked.join()
        assert spool.waiting(sid(0))
    call_intake.replay_spool()


def test_progress_that_is_written_together_waits_for_no_held_row(ringing: str) -> None:
    """Rows of many calls are one transaction: the held one must not hold the others' rows meanwhile."""
    progress = [calls.Progress(sid(number), None, utc_now(), "main", "tr", None, "") for number in range(5)]
    with held(ringing, 3):
        for row in progress:
            write_behind.write_row_soon(calls.went_on, row)
        began = time.monotonic()
        write_behind.flush()
        assert time.monotonic() - began < WAITS_FOR_NOBODY
        with database.reading() as session:
            written = set(session.scalars(select(Call.call_sid).where(Call.language == "tr")))
        assert written == {sid(number) for number in (0, 1, 2, 4)}
    write_behind.flush()
    with database.reading() as session:
        assert session.scalar(select(Call.language).where(Call.call_sid == sid(3))) == "tr", "and it is not lost"


@pytest.mark.parametrize("table", ["line_entries", "calls"])
def test_a_held_row_throws_nobody_out_of_the_call_queue(address: str, monkeypatch, table: str) -> None:
    """Neither those who wait beside it, nor the one whose row it is: their key counts when it is free."""
    monkeypatch.setattr(taking_turns, "_PATIENCE", 0.3)
    with hotline_of_webhooks(settings(), monkeypatch) as hotline, psycopg.connect(address) as connection:
        mia = hire()["mia"]
        with database.writing() as session:
            agent_presence.start_answering(session, mia, "+4942198765", ["de"], utc_now())
            agent_presence.get_or_create(session, mia.id, utc_now()).state = "talking"
        people = [WebhookCaller(hotline, at="open").dials().presses("1", "1", "") for _ in range(3)]
        assert {person.verb for person in people} == {"Enqueue"}
        connection.execute(f"SELECT id FROM {table} ORDER BY id LIMIT 1 FOR UPDATE")
        held_up = threading.Thread(target=people[0].waits, args=("1",))
        held_up.start()
        for person in people[1:]:
            began = time.monotonic()
            assert "<Leave" not in hotline.post(person.wait_address, CallSid=person.sid, From=person.number)
            assert time.monotonic() - began < WAITS_FOR_NOBODY
        held_up.join()
        assert people[0].verb == "Enqueue", "they wait on"
        connection.rollback()
        people[0].presses_again().hears("place_kept")


#: A key of somebody whom the hotline has rung, or of a member: where it is asked for, the row it concerns, and what it
#: has led to when the row is free.
KEYS = {
    "a called person": ("legs", "/voice/leg/key?leg=1", "1", "<Dial"),
    "a called person's code": ("legs", "/voice/leg/code?leg=1&tries=1", "code", "<Dial"),
    "at the start of a duty": ("presences", "/voice/duty/key?member=1", "1", "erreichbar"),
    "the number for the team": ("presences", "/voice/staff/choice?token=", "2", "Pause"),
}


@pytest.mark.parametrize("who", KEYS)
def test_a_held_row_loses_no_key_and_holds_up_nobody(address: str, monkeypatch, who: str) -> None:
    """What is pressed at a telephone that was rung counts when the row is free, and is not asked for again."""
    monkeypatch.setattr(taking_turns, "_PATIENCE", 0.3)
    table, path, keys, leads_to = KEYS[who]
    with hotline_of_webhooks(settings(), monkeypatch) as hotline, psycopg.connect(address) as connection:
        mia, code = someone_is_called(demands_code=keys == "code")
        hotline.post(f"/voice/leg?leg={leg_of_call()}", CallSid=sid(1))
        path = path.replace("leg=1", f"leg={leg_of_call()}").replace("member=1", f"member={mia.id}")
        if path.endswith("token="):
            path += agent_webhooks._tokens().dumps([mia.id, sid(1)])
        form = {"CallSid": sid(1), "From": "+4942198765", "Digits": code if keys == "code" else keys}
        connection.execute(f"SELECT * FROM {table} ORDER BY 1 LIMIT 1 FOR UPDATE")
        answers: list[str] = []
        held_up = threading.Thread(target=lambda: answers.append(hotline.post(path, **form)))
        held_up.start()
        began = time.monotonic()
        with database.writing_alone() as session:
            calls.seen(session, sid(9), None, utc_now())
        assert time.monotonic() - began < WAITS_FOR_NOBODY
        held_up.join()
        (document,) = answers
        assert "<Pause" in document
        assert code not in document
        connection.rollback()
        del form["Digits"]
        address_again = ElementTree.fromstring(document).findtext("Redirect") or ""
        assert leads_to in html.unescape(hotline.post(address_again, **form))


def someone_is_called(*, demands_code: bool) -> tuple[User, str]:
    """A member, and somebody who is called back; the receipt code of their task, which they may have to know."""
    mia = hire()["mia"]
    task_id = a_task()
    with database.writing() as session:
        task, now = session.get_one(CallbackTask, task_id), utc_now()
        task.demands_code = demands_code
        talk = Conversation(
            room="room", kind=ConversationKind.CALLBACK, team=task.team, task=task, language="de",
            concern=Concern.BENEFITS, urgency=Urgency.NORMAL, started_at=now,
        )  # fmt: skip
        session.add(Leg(conversation=talk, role=LegRole.CALLER, state=LegState.RINGING, created_at=now,
                        number="+4915111111111"))  # fmt: skip
        here = agent_presence.get_or_create(session, mia.id, now)
        here.state, here.number, here.languages, here.duty_rung_at = "offline", "+4942198765", ["de"], now
        here.duty_call_sid = sid(1)
        return mia, task.receipt_code


def leg_of_call() -> int:
    with database.reading() as session:
        return session.scalars(select(Leg.id)).one()


def _away(*_: object, **__: object) -> None:
    raise Away("gone")


class _Postgres(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("an error of the server")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "fault"),
    [
        ("55P03", DatabaseFault.BUSY),
        ("40001", DatabaseFault.BUSY),
        ("40P01", DatabaseFault.BUSY),
        ("57014", DatabaseFault.BUSY),
        ("57P01", DatabaseFault.AWAY),
        ("08006", DatabaseFault.AWAY),
        (None, DatabaseFault.AWAY),
        ("53100", DatabaseFault.FULL),
        ("XX001", DatabaseFault.DAMAGED),
        ("42P01", DatabaseFault.BEHIND),
    ],
)
def test_what_an_error_of_the_server_means(sqlstate: str | None, fault: DatabaseFault) -> None:
    assert fault_of(OperationalError("SELECT", None, _Postgres(sqlstate))) == fault


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (sqlite3.SQLITE_BUSY, DatabaseFault.BUSY),
        (sqlite3.SQLITE_BUSY | 2 << 8, DatabaseFault.BUSY),  # what is read has changed meanwhile
        (sqlite3.SQLITE_LOCKED, DatabaseFault.BUSY),
        (sqlite3.SQLITE_FULL, DatabaseFault.FULL),
        (sqlite3.SQLITE_CORRUPT, DatabaseFault.DAMAGED),
        (sqlite3.SQLITE_NOTADB, DatabaseFault.DAMAGED),
        (sqlite3.SQLITE_CANTOPEN, DatabaseFault.AWAY),
        (sqlite3.SQLITE_IOERR, DatabaseFault.AWAY),
    ],
)
def test_what_an_error_of_sqlite_means(code: int, fault: DatabaseFault) -> None:
    error = sqlite3.OperationalError("said by SQLite")
    error.sqlite_errorcode = code
    assert fault_of(OperationalError("SELECT", None, error)) == fault


def test_a_wrong_value_is_no_outage() -> None:
    assert fault_of(DBAPIError("INSERT", None, _Postgres("22001"))) == DatabaseFault.INPUT
    assert fault_of(TimeoutError("no connection became free")) == DatabaseFault.BUSY
    assert fault_of(Away("gone")) == DatabaseFault.AWAY
