"""Parts of one message: events that come late, twice or in another order; recordings that only the carrier knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ivr.calls import calls
from ivr.carrier import call_control, media
from ivr.carrier.media import CarrierRecording
from ivr.config.settings import Settings
from ivr.domain.enums import MessageState, RecordingState
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform import database
from ivr.voicebox import fetch_job, voicebox
from ivr.voicebox.voicebox import RecordingPlan

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
ABOUT = {"concern": "benefits"}
FIRST = RecordingPlan(1, "de", ABOUT)
SECOND = RecordingPlan(2, "de", ABOUT, continues=1)
#: "Record again", at the review of a message of two parts.
THIRD = RecordingPlan(3, "de", ABOUT, replaces=2)


def leave(plan: RecordingPlan, seconds: float, *, cut: bool | None = None) -> None:
    with database.writing() as session:
        call = calls.seen(session, "CA1", "+4915112345678", NOW)
        recording = voicebox.announced(session, call, plan, f"RE{plan.number}", NOW)
        voicebox.left(session, call, recording, seconds, NOW, cut_at_limit=cut)


def messages() -> list[tuple[int, MessageState, int | None, bool | None]]:
    with database.reading() as session:
        found = session.scalars(select(VoiceboxMessage).order_by(VoiceboxMessage.recording_number))
        return [(one.recording_number, one.state, one.continues_number, one.cut_at_limit) for one in found]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1), (2, 1, 3, 2, 1)])
def test_all_parts_are_replaced_in_whatever_order_they_are_reported(empty_database: Settings, order) -> None:
    for number in order:
        leave({1: FIRST, 2: SECOND, 3: THIRD}[number], 180 if number == 1 else 5, cut=number == 1)
    states = [state for _, state, _, _ in messages()]
    assert states == [MessageState.REPLACED, MessageState.REPLACED, MessageState.LEFT]


def test_the_desk_shows_parts_in_their_order_though_the_second_was_reported_first(empty_database: Settings) -> None:
    leave(SECOND, 5)
    leave(FIRST, 180, cut=True)
    with database.reading() as session:
        (task,) = session.scalars(select(CallbackTask))
        assert [message.recording_number for message in task.messages] == [1, 2]


def test_only_the_length_is_known_and_it_is_the_limit(empty_database: Settings) -> None:
    """The request that tells what ended the recording was lost; its own event says how long it is."""
    leave(FIRST, 180)
    leave(SECOND, 100)
    assert [cut for *_, cut in messages()] == [True, None]


def test_what_the_carrier_told_first_is_not_taken_back_by_a_later_event(empty_database: Settings) -> None:
    leave(FIRST, 180, cut=False)
    leave(FIRST, 180)
    assert messages() == [(1, MessageState.LEFT, None, False)]


def test_a_silent_second_part_leaves_the_first_as_it_is(empty_database: Settings) -> None:
    leave(FIRST, 180, cut=True)
    with database.writing() as session:
        call = calls.seen(session, "CA1", None, NOW)
        recording = voicebox.announced(session, call, SECOND, "RE2", NOW)
        voicebox.nothing_left(session, call, recording, NOW)
    assert [state for _, state, _, _ in messages()] == [MessageState.LEFT, MessageState.EMPTY]


@pytest.mark.parametrize("seconds_apart", [0, 190])
def test_parts_that_no_event_has_told_of_keep_their_order(
    empty_database: Settings, monkeypatch: pytest.MonkeyPatch, seconds_apart: int
) -> None:
    """The carrier lists the newest first; the first part is not taken for the second."""
    later = NOW + timedelta(seconds=seconds_apart)
    with database.writing() as session:
        call = calls.seen(session, "CA1", "+4915112345678", NOW)
        expected = [voicebox.expect(session, call, FIRST, NOW).id, voicebox.expect(session, call, SECOND, later).id]
    kept = [CarrierRecording("RE2", "completed", 7.0, later), CarrierRecording("RE1", "completed", 180.0, NOW)]
    monkeypatch.setattr(media, "recordings_of", lambda _call: kept)
    for message_id in expected:
        fetch_job.find_recording(message_id)
    with database.reading() as session:
        (task,) = session.scalars(select(CallbackTask))
        assert [message.recording.recording_sid for message in task.messages] == ["RE1", "RE2"]
        assert [message.continues_number for message in task.messages] == [None, 1]


def test_of_two_expected_parts_only_the_second_was_made(
    empty_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = NOW + timedelta(seconds=60)
    with database.writing() as session:
        call = calls.seen(session, "CA1", "+4915112345678", NOW)
        first, second = (voicebox.expect(session, call, plan, at).id for plan, at in ((FIRST, NOW), (SECOND, later)))
    monkeypatch.setattr(media, "recordings_of", lambda _call: [CarrierRecording("RE2", "completed", 7.0, later)])
    for message_id in (first, second):
        fetch_job.find_recording(message_id)
    assert [state for _, state, _, _ in messages()] == [MessageState.EMPTY, MessageState.LEFT]


def test_whoever_asks_too_early_does_not_conclude_that_nothing_was_recorded(
    empty_database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host whose clock is ahead asks before the caller speaks; the events of the recording are lost."""
    with database.writing() as session:
        call = calls.seen(session, "CA1", "+4915112345678", NOW)
        message_id = voicebox.expect(session, call, FIRST, NOW).id
    monkeypatch.setattr(media, "recordings_of", lambda _call: [])
    monkeypatch.setattr(call_control, "call_status", lambda _call: "in-progress")
    with pytest.raises(fetch_job.StillRecording):
        fetch_job.find_recording(message_id)
    assert [state for _, state, _, _ in messages()] == [MessageState.EXPECTED]
    monkeypatch.setattr(call_control, "call_status", lambda _call: "completed")
    fetch_job.find_recording(message_id)
    assert [state for _, state, _, _ in messages()] == [MessageState.EMPTY]


@pytest.mark.parametrize("plan", [
    RecordingPlan(0, "de", ABOUT), RecordingPlan(0, "de", ABOUT, replaces=0), RecordingPlan(1, "de", ABOUT, replaces=1),
    RecordingPlan(1, "de", ABOUT, replaces=2, continues=1), RecordingPlan(1, "de", ABOUT, replaces=0, continues=1),
])  # fmt: skip
def test_a_recording_never_replaces_itself(empty_database: Settings, plan: RecordingPlan) -> None:
    """The state of its call could not be read, so nobody knows which recording it was."""
    leave(plan, 4)
    leave(plan, 4)
    assert [state for _, state, _, _ in messages()] == [MessageState.LEFT]
    with database.reading() as session:
        (task,) = session.scalars(select(CallbackTask))
        assert len(task.messages) == 1


@pytest.mark.parametrize("state", [RecordingState.AVAILABLE, RecordingState.STORED])
def test_the_only_copy_of_a_recording_is_not_deleted(empty_database: Settings, state: RecordingState) -> None:
    """It was not fetched yet, or was, and is not in the audio store: the carrier is not asked."""
    leave(FIRST, 5)
    with database.writing() as session:
        recording = session.scalars(select(Recording)).one()
        recording.state = state
        number = recording.id
    with pytest.raises(RuntimeError, match="only copy"):
        fetch_job.delete_at_carrier(number)
