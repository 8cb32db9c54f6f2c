"""What is known of a call, in whatever order its events are written."""

from __future__ import annotations

from sqlalchemy import select

from ivr.calls import calls
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
