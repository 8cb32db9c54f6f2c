"""What is known of a call, in whatever order its events are written."""

from __future__ import annotations

import secrets
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from ivr.calls import caller_language, calls
from ivr.calls.calls import Progress
from ivr.domain.timestamps import utc_now
from ivr.models.calls import Call
from ivr.platform import database
from tests.support.volume import volume


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


#: Steps of one call, some of which say nothing of a concern: the caller is in a menu again.
STEPS = [
    (0, "main", None), (1, "age", "benefits"), (2, "main", None), (3, "office", "work"), (4, "main", None),
    (5, "emergency", "emergency"), (6, "main", None), (7, "receipt", None),
]  # fmt: skip


@settings(max_examples=volume(test=40, ci=200, soak=500), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(8)), at_once=st.sets(st.integers(0, 7)), known=st.integers(1, 8))
def test_in_whatever_order_the_steps_of_a_call_are_written_the_same_is_known(
    empty_database, order: list[int], at_once: set[int], known: int
) -> None:
    """Some are written with what was promised then, others a little later, by any process."""
    sid, now, steps = f"CA{secrets.token_hex(16)}", utc_now(), STEPS[:known]
    for index in (index for index in order if index < known):
        answers, step, concern = steps[index]
        if index in at_once:
            with database.writing() as session:
                calls.progressed(calls.seen(session, sid, None, now), step, "de", concern, answers=answers)
        else:
            with database.noting() as connection:
                calls.went_on(connection, [Progress(sid, None, now, step, "de", concern, "", answers=answers)])
    with database.reading() as session:
        found = session.scalars(select(Call).where(Call.call_sid == sid)).one()
    last = [concern for _, _, concern in steps if concern]
    assert (found.step, found.concern, found.answers) == (steps[-1][1], last[-1] if last else None, known - 1)


def test_a_process_that_is_late_with_an_earlier_language_does_not_change_the_greeting(empty_database) -> None:
    number, now = "+4915112345678", utc_now()
    with database.noting() as connection:
        caller_language.remember(connection, number, "ar", now)
        caller_language.remember(connection, number, "en", now - timedelta(minutes=1))
    with database.reading() as session:
        assert caller_language.known(session, number).language == "ar"
