"""What is known of a number when it calls, in one statement."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import event

from ivr.calls import caller_language, recognition, screening
from ivr.calls.recognition import KnownNumber
from ivr.domain.timestamps import utc_now
from ivr.flows.state import CallState
from ivr.models.accounts import User
from ivr.platform import database
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


def test_a_call_that_begins_asks_the_database_once(empty_database) -> None:
    """One connection, one statement, no transaction around it, and none for the recordings of each language."""
    recognised(CallState("language", "de"), NUMBER, NUMBER, "", utc_now())
    connections, statements = [], []
    event.listen(database.engine(), "checkout", lambda *arguments: connections.append(arguments))
    event.listen(database.engine(), "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    recognised(CallState("language", "de"), NUMBER, NUMBER, "", utc_now())
    assert len(connections) == 1
    assert [statement.split()[0] for statement in statements] == ["SELECT"]
