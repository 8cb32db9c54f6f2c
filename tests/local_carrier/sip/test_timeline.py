"""A recording keeps its length and its place in time, whatever the network does to its frames."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest

from ivr.audio.wav import RATE, read_wav
from ivr.local_carrier.sip.timeline import Timeline, read_frames
from ivr.local_carrier.store import RecordingRecord, Store
from tests.support.speech import human_speech
from tests.support.telephones import likeness

FRAME = RATE // 50
SPEECH = human_speech(10.0).samples


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def frames(first: int = 2**32 - 8000) -> list[tuple[float, int, bytes]]:
    """Arrival, timestamp and samples of each frame; the timestamps wrap."""
    return [
        (0.02 * (number + 1), (first + number * FRAME) % 2**32, SPEECH[number * FRAME : (number + 1) * FRAME].tobytes())
        for number in range(len(SPEECH) // FRAME)
    ]


@pytest.mark.parametrize("lost", [0.0, 0.02])
@pytest.mark.parametrize("jitter", [0.0, 0.08])
def test_lost_late_and_doubled_frames_shift_nothing(lost: float, jitter: float) -> None:
    chance = random.Random(7)
    sent = [(when + chance.random() * jitter, *rest) for when, *rest in frames() if chance.random() >= lost]
    sent += [(when + 0.01, timestamp, pcm) for when, timestamp, pcm in sent if chance.random() < 0.05]
    clock = Clock()
    timeline = Timeline(now=clock)
    for when, timestamp, pcm in sorted(sent):
        clock.now = when
        timeline.add(7, timestamp, pcm)
    kept = timeline.finish()
    assert abs(len(kept) - len(SPEECH)) <= FRAME
    assert likeness(SPEECH[FRAME:-FRAME], kept) >= (0.99 if not lost else 0.95)


def test_another_stream_goes_on_where_the_time_is() -> None:
    clock = Clock()
    timeline = Timeline(now=clock)
    half = frames()[: len(SPEECH) // FRAME // 2]
    for ssrc, first, pause in ((1, 0.0, 0), (2, 7.0, 12345)):
        for when, timestamp, pcm in half:
            clock.now = first + when
            timeline.add(ssrc, (timestamp + pause) % 2**32, pcm)
    kept = timeline.finish()
    assert abs(len(kept) / RATE - 12.0) <= 0.04
    assert not kept[int(5.1 * RATE) : int(6.9 * RATE)].any(), "nothing was sent between them"


def test_the_tone_of_a_key_is_not_kept() -> None:
    clock = Clock()
    timeline = Timeline(now=clock)
    for when, timestamp, pcm in frames(first=0):
        clock.now = when
        timeline.add(7, timestamp, pcm)
        if timestamp in (2 * RATE, 2 * RATE + 2 * FRAME):
            timeline.key(7, 2 * RATE, 100 if timestamp == 2 * RATE else 800)
    kept = timeline.finish()
    assert not kept[2 * RATE : 2 * RATE + 800].any()
    assert kept[2 * RATE + 800 : 2 * RATE + 1600].any()


def test_what_was_recorded_outlives_the_process(tmp_path: Path) -> None:
    clock = Clock()
    timeline = Timeline(tmp_path / "frames", now=clock)
    for when, timestamp, pcm in frames():
        clock.now = when
        timeline.add(7, timestamp, pcm)
    kept = (tmp_path / "frames").read_bytes()
    (tmp_path / "frames").write_bytes(kept[:-33])  # the process was killed while it wrote
    assert np.array_equal(read_frames(tmp_path / "frames"), timeline.finish()[:-FRAME])


def test_a_recording_that_was_under_way_is_there_after_the_next_start(tmp_path: Path) -> None:
    before = Store(tmp_path)
    kept, empty = (RecordingRecord(before_sid, "CA1") for before_sid in ("REkept", "REempty"))
    before.keep_recording(kept)
    before.keep_recording(empty)
    clock = Clock()
    timeline = Timeline(before.frames_path(kept.sid), now=clock)
    for when, timestamp, pcm in frames():
        clock.now = when
        timeline.add(7, timestamp, pcm)
    after = Store(tmp_path)  # the process was killed
    (found,) = after.recordings()
    assert (found.sid, found.status, found.duration) == ("REkept", "completed", 10)
    assert np.array_equal(read_wav(after.audio_path("REkept").read_bytes()).samples, timeline.finish())
    assert not after.frames_path("REkept").exists()


def test_what_was_half_written_when_the_process_ended_is_not_kept_for_ever(tmp_path: Path) -> None:
    """Voices and numbers of which no record tells: no deletion would ever come to them."""
    Store(tmp_path)
    fragments = [
        tmp_path / "recordings" / "RElost.0a1b2c3d.part", tmp_path / "calls" / "CAlost.0a1b2c3d.part",
        tmp_path / "recordings" / "RElost.frames",
    ]  # fmt: skip
    for one in fragments:
        one.write_bytes(b"a voice")
    Store(tmp_path)
    assert all(one.exists() for one in fragments), "another process may be about to end"
    for one in fragments:
        os.utime(one, (1, 1))
    Store(tmp_path)
    assert not any(one.exists() for one in fragments)
