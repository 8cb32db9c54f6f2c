"""Writes about calls that are executed a little later, in any order."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.exc import DBAPIError, OperationalError

from ivr.calls import caller_language, calls
from ivr.domain.timestamps import utc_now
from ivr.models.calls import Call
from ivr.platform import database, write_behind


def test_a_write_that_fails_loses_no_other(empty_database) -> None:
    def stuck(connection: Connection) -> None:
        calls.went_on(connection, [_progress("CA2", "pl")])
        raise OperationalError("UPDATE", {}, Exception("deadlock detected"))

    for write in (_chose("CA1", "tr"), stuck, _chose("CA3", "ar")):
        write_behind.write_soon(write)
    write_behind.flush()
    with database.reading() as session:
        found = dict(session.execute(select(Call.call_sid, Call.language)).all())
    assert found == {"CA1": "tr", "CA3": "ar"}


def test_a_hang_up_that_overtakes_the_write_of_the_language(empty_database) -> None:
    """Both believe they are the first to write of the call; neither what was chosen nor the end may be dropped."""
    now = utc_now()
    with database.noting() as connection:
        assert not calls.ended(connection, "CA1", "+4915112345678", now)
    write_behind.write_soon(_chose("CA1", "fa"))
    write_behind.flush()
    with database.noting() as connection:
        assert not calls.ended(connection, "CA1", "+4915112345678", now + timedelta(hours=1))
    with database.reading() as session:
        call = session.scalars(select(Call)).one()
    assert (call.language, call.state, call.ended_at, call.ending) == ("fa", "ended", now, "hung_up")


def _chose(call_sid: str, language: str):
    return partial(calls.went_on, rows=[_progress(call_sid, language)])


def _progress(call_sid: str, language: str, concern: str | None = None, ending: str = "") -> calls.Progress:
    return calls.Progress(call_sid, None, utc_now(), "main", language, concern, ending)


def test_rows_of_many_calls_are_one_transaction(empty_database) -> None:
    """The latest of a call stands in the end; what was known of its concern is not forgotten."""
    begun = []
    event.listen(database.engine(), "begin", begun.append)
    rows = [("CA2", "de", None), ("CA1", "de", "benefits"), ("CA2", "tr", "work"), ("CA1", "ar", None)]
    for call_sid, language, concern in rows:
        write_behind.write_row_soon(calls.went_on, _progress(call_sid, language, concern))
    write_behind.flush()
    assert len(begun) == 1
    with database.reading() as session:
        found = {call.call_sid: (call.language, call.concern) for call in session.scalars(select(Call))}
    assert found == {"CA1": ("ar", "benefits"), "CA2": ("tr", "work")}


def test_a_row_that_fails_takes_no_other_one_along(empty_database) -> None:
    """Neither of its kind nor of another."""
    for call_sid, language in (("CA1", "tr"), ("CA2", None), ("CA3", "ar")):
        write_behind.write_row_soon(_whole, _progress(call_sid, language))
    write_behind.write_row_soon(caller_language.remember_all, ("+4915112345678", "tr", utc_now()))
    write_behind.flush()
    with database.reading() as session:
        assert set(session.scalars(select(Call.call_sid))) == {"CA1", "CA3"}
        assert caller_language.language_of(session, "+4915112345678", utc_now()) is None, "tr is not offered"
        assert caller_language.known(session, "+4915112345678").language == "tr"


def _whole(connection: Connection, rows) -> None:
    calls.went_on(connection, rows)
    assert all(row.language for row in rows)


def test_a_session_for_reading_refuses_to_write_and_the_next_one_writes(empty_database) -> None:
    """Not only when another one writes at that moment."""
    with pytest.raises(DBAPIError, match=r"readonly|read-only"), database.reading() as session:
        calls.seen(session, "CAread", None, utc_now())
    with database.writing() as session:
        calls.seen(session, "CAwritten", None, utc_now())
    with database.reading() as session:
        assert list(session.scalars(select(Call.call_sid))) == ["CAwritten"]
