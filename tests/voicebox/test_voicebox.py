"""What a voicebox message is about is read from its row; a value that nobody knows is an error that names the row."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from ivr.calls import calls
from ivr.config.settings import Settings
from ivr.domain.enums import Concern, TaskKind
from ivr.domain.timestamps import utc_now
from ivr.flows.request import UnknownValue
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.voicebox import VoiceboxMessage
from ivr.platform import database
from ivr.voicebox import voicebox
from ivr.voicebox.voicebox import RecordingPlan


def message_about(about: dict[str, str], concern: str | None = None) -> int:
    """A message whose row has this record; its id."""
    with database.writing() as session:
        call = calls.seen(session, "CA1", "+4915112345678", utc_now())
        calls.progressed(call, "record", "de", concern)
        return voicebox.expect(session, call, voicebox.RecordingPlan(1, "de", about), utc_now()).id


def test_the_record_of_an_older_version_is_understood(empty_database: Settings) -> None:
    number = message_about(
        {"kind": "postal_order", "concern": "forms", "forms": "change,education", "office": "office_9"}
    )
    with database.reading() as session:
        request = voicebox.request_of(session.get_one(VoiceboxMessage, number))
    assert (request.kind, request.concern, request.forms) == (
        TaskKind.POSTAL_ORDER,
        Concern.FORMS,
        ("change", "education"),
    )
    assert request.office == "", "there is no ninth office"
    assert request.team == "entrance"


def test_an_empty_record_is_about_the_concern_of_the_call(empty_database: Settings) -> None:
    number = message_about({}, "rehab")
    with database.reading() as session:
        assert voicebox.request_of(session.get_one(VoiceboxMessage, number)).concern == Concern.REHAB


def test_an_unknown_value_names_the_row(empty_database: Settings) -> None:
    """Never a wrong word: it is not taken for another concern."""
    number = message_about({"concern": "housing"})
    with database.reading() as session, pytest.raises(UnknownValue, match=f"message {number}: concern .*'housing'"):
        voicebox.request_of(session.get_one(VoiceboxMessage, number))


def test_a_concern_that_is_written_late_opens_no_second_task(empty_database: Settings) -> None:
    with database.writing() as session:
        call = calls.seen(session, "CA" + "2" * 32, "+4917612345678", utc_now())
        plan = RecordingPlan(1, "de", {})
        recording = voicebox.announced(session, call, plan, "RE" + "2" * 32, utc_now())
        first = voicebox.left(session, call, recording, 2, utc_now())
    with database.writing() as session:
        call = session.get_one(Call, call.id)
        calls.progressed(call, "review", "de", Concern.BENEFITS)
        again = voicebox.announced(session, call, plan, "RE" + "2" * 32, utc_now())
        assert voicebox.left(session, call, again, 2, utc_now()).id == first.id
    with database.reading() as session:
        assert session.scalar(select(func.count(CallbackTask.id))) == 1
