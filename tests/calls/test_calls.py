"""What is known of a call, in whatever order its events are written."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from ivr.calls import caller_language, calls
from ivr.calls.calls import Progress
from ivr.domain.timestamps import utc_now
from ivr.models.calls import Call
from ivr.platform import database


def test_what_a_telephone_shows_is_kept_though_the_call_ended_before_it_was_written(empty_database) -> None:
    now = utc_now()
    with database.noting() as connection:
        calls.ended(connection, "CA1", None, now)
    with database.noting() as connection:
        calls.went_on(connection, [Progress("CA1", None, now, "main", "en", None, "", "+499001234567")])
    with database.noting() as connection:
        calls.went_on(connection, [Progress("CA1", None, now, "emergency", "en", "emergency", "")])
    with database.reading() as session:
        (call,) = session.scalars(select(Call))
    assert (call.shown_as, call.state, call.step) == ("+499001234567", "ended", "emergency")


def test_a_process_that_is_late_with_an_earlier_step_changes_nothing(empty_database) -> None:
    """Each web process writes the steps that it has answered when it comes to it: before, or after, the next ones."""
    now = utc_now()
    with database.writing() as session:
        call = calls.seen(session, "CA1", None, now)
        calls.progressed(call, "line", "tr", "benefits", answers=3)
    late = [("language", "de", None, 0), ("main", "tr", "work", 1)]
    with database.noting() as connection:
        rows = [
            Progress("CA1", None, now, step, language, concern, "", answers=n) for step, language, concern, n in late
        ]
        calls.went_on(connection, rows)
    with database.writing() as session:
        call = session.scalars(select(Call)).one()
        calls.progressed(call, "main", "de", None, answers=2)
        assert (call.step, call.language, call.concern, call.answers) == ("line", "tr", "benefits", 3)


def test_a_process_that_is_late_with_an_earlier_language_does_not_change_the_greeting(empty_database) -> None:
    number, now = "+4915112345678", utc_now()
    with database.noting() as connection:
        caller_language.remember(connection, number, "ar", now)
        caller_language.remember(connection, number, "en", now - timedelta(minutes=1))
    with database.reading() as session:
        assert caller_language.known(session, number).language == "ar"
