"""A message in several parts on the page of its task: in order, and with what was cut."""

from __future__ import annotations

import re

import pytest

from ivr.calls import calls
from ivr.domain.enums import TranscriptState
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.voicebox import voicebox
from ivr.voicebox.voicebox import RecordingPlan
from ivr.web.template_helpers import transcript_state

ABOUT = {"concern": "benefits"}


def a_message_in_parts(*cut: bool, transcripts: str = "done") -> int:
    """A task whose message has a part for each of `cut`; its id."""
    now = utc_now()
    with database.writing() as session:
        call = calls.seen(session, "CA1", "+4915112345678", now)
        for number, was_cut in enumerate(cut, start=1):
            plan = RecordingPlan(number, "de", ABOUT, continues=number - 1 or None)
            recording = voicebox.announced(session, call, plan, f"RE{number}", now)
            voicebox.left(session, call, recording, 180 if was_cut else 20, now, cut_at_limit=was_cut)
            voicebox.stored(session, recording, "", 0, 180 if was_cut else 20, now)
            session.flush()
            session.refresh(recording)
            recording.transcript.state = TranscriptState.DONE
            recording.transcript.text = f"teil{number}"
            recording.transcript.confidence, recording.transcript.engine = 0.9, "test"
            recording.transcript.words = [{"word": f"teil{number}", "start": 0, "end": 1, "confidence": 0.9}]
        return recording.message.task_id


def page_of(desk, task: int) -> str:
    mia = desk("mia")
    mia.post(f"/desk/tasks/{task}/claim")
    return mia.get(f"/desk/tasks/{task}").text


def test_parts_stand_in_their_order_and_say_where_the_caller_went_on(desk) -> None:
    page = page_of(desk, a_message_in_parts(True, True, False))
    shown = re.findall(r"Teil \d der Nachricht|teil\d(?=</button>)|siehe nächster Teil|nicht alles gesagt", page)
    assert shown == [
        "Teil 1 der Nachricht", "teil1", "siehe nächster Teil",
        "Teil 2 der Nachricht", "teil2", "siehe nächster Teil",
        "Teil 3 der Nachricht", "teil3",
    ]  # fmt: skip


def test_a_caller_who_did_not_go_on_has_perhaps_more_to_say(desk) -> None:
    page = page_of(desk, a_message_in_parts(True))
    assert "vielleicht ist nicht alles gesagt" in page
    assert "Teil 1 der Nachricht" not in page


def test_a_whole_message_says_nothing_of_parts(desk) -> None:
    page = page_of(desk, a_message_in_parts(False))
    assert "abgeschnitten" not in page
    assert "der Nachricht</h3>" not in page


@pytest.mark.parametrize("part", [0, 1, 2])
def test_the_queue_says_please_listen_if_one_part_needs_it(desk, part: int) -> None:
    task = a_message_in_parts(True, True, False)
    with database.writing() as session:
        found = session.get_one(CallbackTask, task)
        found.messages[part].recording.transcript.state = TranscriptState.PLEASE_LISTEN
        assert transcript_state(found) == TranscriptState.PLEASE_LISTEN
