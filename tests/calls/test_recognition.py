"""What is known of a number when it calls: asked for in one statement, or kept in the process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, delete, event

from ivr.calls import caller_language, known_numbers, recognition, screening
from ivr.calls.recognition import KnownNumber
from ivr.domain.timestamps import utc_now
from ivr.flows.state import CallState
from ivr.models.accounts import User
from ivr.models.calls import KnownCaller
from ivr.models.screening import BlockedNumber
from ivr.platform import database, former_keys
from ivr.telephony.flow_context import recognised
from tests.support.people import hire

NUMBER = "+4915112345678"


def known(number: str | None = NUMBER, shown: str | None = NUMBER, days: float = 0) -> KnownNumber:
    with database.glancing() as connection:
        return recognition.look_up(connection, number, shown, utc_now() + timedelta(days=days))


def block(number: str, days: int) -> int:
    with database.writing() as session:
        blocked = screening.block(session, number, days, "threats", session.query(User).first(), utc_now())
        session.flush()
        return blocked.id


def test_nobody_is_known_at_first(empty_database) -> None:
    assert known() == KnownNumber(None, False)
    assert known(None, None) == KnownNumber(None, False)


def test_the_language_of_the_last_call_until_it_is_forgotten(empty_database) -> None:
    with database.noting() as connection:
        caller_language.remember(connection, NUMBER, "en", utc_now() - timedelta(days=1))
    assert known().language == "en"
    assert known(None).language is None, "who withholds the number is nobody in particular"
    assert known(days=empty_database.remember_language_days).language is None


def test_a_language_that_is_offered_no_longer_greets_nobody(empty_database) -> None:
    with database.noting() as connection:
        caller_language.remember(connection, NUMBER, "tr", utc_now())
    assert known().language is None


def test_a_block_holds_until_its_end_or_until_it_is_lifted(empty_database) -> None:
    hire()
    number = block(NUMBER, 2)
    assert known().blocked
    assert known(None, NUMBER).blocked, "what the telephone shows counts, though it may be no number"
    assert not known(shown="+4915112345679").blocked
    assert not known(days=3).blocked
    with database.writing() as session:
        screening.lift(session, number, session.query(User).first(), utc_now())
    assert not known().blocked


def begins(number: str | None = NUMBER) -> CallState:
    return recognised(CallState("language", "de"), "", number, number, "", utc_now())


def test_a_call_that_begins_waits_for_no_database(empty_database) -> None:
    begins()
    statements = []
    event.listen(database.engine(), "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    begins()
    assert statements == []


@pytest.fixture(params=["kept", "too many to keep"])
def calling(request: pytest.FixtureRequest, empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the process keeps the languages or asks for each."""
    if request.param != "kept":
        monkeypatch.setattr(known_numbers, "MOST_KEPT", 0)


def chose(language: str, number: str = NUMBER, ago: timedelta = timedelta(0)) -> None:
    with database.noting() as connection:
        caller_language.remember(connection, number, language, utc_now() - ago)


def test_a_number_is_greeted_in_the_language_of_its_last_call(calling) -> None:
    assert not begins().greeted
    chose("en")
    assert (begins().language, begins().greeted) == ("en", True)
    assert not begins("+4915112345679").greeted


def test_a_number_is_screened_from_its_block_on_until_it_is_lifted(calling) -> None:
    hire()
    assert begins().screened is None
    number = block(NUMBER, 2)
    assert begins().screened == "blocked"
    with database.writing() as session:
        screening.lift(session, number, session.query(User).first(), utc_now())
    assert begins().screened is None


def elsewhere(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Another process has written; seconds later."""
    then = time.monotonic() + seconds
    monkeypatch.setattr(time, "monotonic", lambda: then)


def test_what_another_process_has_written_is_known_a_second_later(empty_database, monkeypatch) -> None:
    hire()
    chose("en", "+4915112345679")
    assert not begins().greeted
    now = utc_now()
    with database.writing() as session:
        session.add(KnownCaller(number_hash=caller_language.number_hash(NUMBER), language="en", last_called_at=now))
        ends = {"reason": "threats", "blocked_at": now, "until_at": now + timedelta(days=1)}
        session.add(BlockedNumber(number=NUMBER, blocked_by_id=session.query(User).first().id, **ends))
    elsewhere(monkeypatch, 1.1)
    assert (begins().language, begins().screened) == ("en", "blocked")
    with database.writing() as session:  # erased
        session.execute(delete(KnownCaller).where(KnownCaller.number_hash == caller_language.number_hash(NUMBER)))
    elsewhere(monkeypatch, 2.5)
    assert not begins().greeted
    assert begins("+4915112345679").greeted, "the others stay"


def test_while_the_database_is_away_everybody_is_known_as_before(empty_database, monkeypatch) -> None:
    hire()
    chose("en")
    block("+4915112345679", 1)
    assert begins().greeted

    def away(*_: object) -> None:
        raise database.Away("gone")

    monkeypatch.setattr(database, "glancing", away)
    elsewhere(monkeypatch, 60)
    assert begins().greeted
    assert begins("+4915112345679").screened == "blocked"


def test_a_process_that_starts_while_the_database_is_away_knows_nobody(empty_database, monkeypatch) -> None:
    def away(*_: object) -> None:
        raise database.Away("gone")

    former_keys.forget_read()
    for name in ("glancing", "reading"):
        monkeypatch.setattr(database, name, away)
    assert not begins().greeted


def test_what_was_written_late_while_another_was_erased_is_known_in_the_end(empty_database, monkeypatch) -> None:
    """The count of rows tells of neither, and the late one is no new one by its instant."""
    number, late, erased = "+4915112345670", "+4915112345671", "+4915112345672"
    for one in (number, erased):
        chose("en", one)
    assert begins(erased).greeted
    then = utc_now() - timedelta(hours=1)
    with database.writing() as session:
        session.execute(delete(KnownCaller).where(KnownCaller.number_hash == caller_language.number_hash(erased)))
        session.add(KnownCaller(number_hash=caller_language.number_hash(late), language="en", last_called_at=then))
    elsewhere(monkeypatch, known_numbers.WHOLE_SECONDS + 1)
    assert not begins(erased).greeted
    assert begins(late).greeted


def test_a_block_is_known_while_the_database_is_away_however_many_languages_there_are(calling, monkeypatch) -> None:
    hire()
    block(NUMBER, 1)
    assert begins().screened == "blocked"

    def away(*_: object) -> None:
        raise database.Away("gone")

    monkeypatch.setattr(database, "glancing", away)
    assert begins().screened == "blocked"


def test_of_many_calls_that_begin_at_once_none_goes_before_the_first_reading(empty_database, monkeypatch) -> None:
    hire()
    block(NUMBER, 1)
    known_numbers.forget()
    readings, glancing = [], database.glancing

    @contextmanager
    def slow() -> Iterator[Connection]:
        readings.append(1)
        time.sleep(0.2)
        with glancing() as connection:
            yield connection

    monkeypatch.setattr(database, "glancing", slow)
    with ThreadPoolExecutor(8) as threads:
        known = list(threads.map(lambda _: known_numbers.look_up(NUMBER, NUMBER, utc_now()), range(8)))
    assert all(one.blocked for one in known)
    assert len(readings) == 1
