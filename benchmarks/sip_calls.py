"""Calls over SIP and RTP: how many at once before frames come late, and what is left of speech and keys on the way.

    python -m benchmarks.sip_calls [--most 80] [--seconds 20] [--keys 1000]

The station and the telephones are in a process each, so that two cores are shared as on a host with a telephone system
beside it. While calls are counted, the station plays speech to all of them and records all of them. Last, frames are
lost and delayed on their way into the timeline of a recording.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import numpy as np

from benchmarks.report import Report
from ivr.audio.wav import RATE, Sound
from ivr.local_carrier.lines import HungUp, Line
from ivr.local_carrier.sip.scripted_phone import Ear, ScriptedPhone
from ivr.local_carrier.sip.sip_line import SipLine
from ivr.local_carrier.sip.timeline import Timeline
from tests.support.speech import human_speech
from tests.support.telephones import HOST, OURS, Desk, likeness, utterance

#: Milliseconds by which a frame may be late at p99.9, and seconds from the call to the first word.
LATE, FIRST_WORD = 20, 1.0
_STEPS = (10, 20, 40, 60, 80, 120, 160, 240, 320)
_SPEECH = human_speech(20.0)
_FRAME = RATE // 50


def _plays_and_records(line: Line) -> None:
    """Half of each call is played to, the other half is recorded."""
    while True:
        line.hear(utterance(Sound(_SPEECH.samples[: 5 * RATE], RATE)), interruptible=False)
        line.record(5, "", 60, beep=True)


def _collects_keys(line: Line) -> None:
    typed = line.keys(100, "", 30).digits
    line.sends("1" if typed == "1234567890*#" * 8 + "1234" else "0")
    line.wait(30)  # until the other end has heard it and hangs up


def _keeps(kept: list[list[int]]) -> Callable[[Line], None]:
    def records(line: Line) -> None:
        kept.append(line.record(60, "#", 60, beep=True).samples.tolist())

    return records


def _station(pipe: Connection, kind: str) -> None:
    """A process with a station; tells its port, then what it has measured whenever it is asked."""
    kept: list[list[int]] = []
    does = {"load": _plays_and_records, "keys": _collects_keys, "record": _keeps(kept)}[kind]
    us = Desk(does, settings={"most_calls": 1000, "session_seconds": 1800})
    us.station.start()
    pipe.send(us.address[1])
    while pipe.recv() == "measure":
        used = resource.getrusage(resource.RUSAGE_SELF)
        pulse = us.station.pulse
        pipe.send((pulse.late_by(0.999), used.ru_utime + used.ru_stime, len(us.station.ports), used.ru_maxrss, kept))
        pulse.late.clear()
    us.station.stop()


class Station:
    """The other process."""

    def __init__(self, kind: str) -> None:
        self._pipe, other = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(target=_station, args=(other, kind))
        self._process.start()
        self.port: int = self._pipe.recv()

    def measure(self) -> tuple[int, float, int, int, list[list[int]]]:
        """Milliseconds late at p99.9 since the last time, processor seconds, open ports, memory, recordings."""
        self._pipe.send("measure")
        measured: tuple[int, float, int, int, list[list[int]]] = self._pipe.recv()
        return measured

    def stop(self) -> None:
        self._pipe.send("stop")
        self._process.join()


def load(report: Report, most: int, seconds: float) -> None:
    """More and more calls at once, until frames come late."""
    station = Station("load")
    phone = ScriptedPhone((HOST, station.port))
    lines: list[SipLine] = []
    waited: list[float] = []
    carried = 0

    def rings() -> None:
        ear, dialled = Ear(), time.monotonic()
        line = phone.dials(OURS)
        assert isinstance(line, SipLine), line
        line.port.on_frame = ear.hears
        line.port.play(np.tile(_SPEECH.samples, 30))
        lines.append(line)
        while ear.first_at is None:
            time.sleep(0.005)
        waited.append(ear.first_at - dialled)
        line.port.on_frame = None

    for count in [step for step in _STEPS if step <= most]:
        while len(lines) < count:
            threads = [threading.Thread(target=rings) for _ in range(min(5, count - len(lines)))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        _, before, *_ = station.measure()
        time.sleep(seconds)
        late, after, *_ = station.measure()
        report.shown(f"{count} calls: late at p99.9", late, "ms", 0)
        report.shown(f"{count} calls: processor of the station", 100 * (after - before) / seconds, "%", 0)
        if late > LATE:
            break
        carried = count
    report.at_least("calls at once, frames in time", carried, min(most, 40), digits=0)
    report.at_most("from the call to the first word, worst", max(waited), FIRST_WORD, "s")
    for line in lines:
        line.over("caller")
    time.sleep(1)
    report.at_most("ports open afterwards", station.measure()[2], 0, digits=0)
    phone.close()
    station.stop()


def keys(report: Report, count: int) -> None:
    """Keys, a hundred a call."""
    station = Station("keys")
    phone = ScriptedPhone((HOST, station.port))
    right = 0
    for _ in range(count // 100):
        line = phone.dials(OURS)
        assert isinstance(line, SipLine)
        line.sends("1234567890*#" * 8 + "1234")
        right += 100 * (line.keys(1, "", 10).digits == "1")
        line.over("caller")
    report.at_least("keys recognised", right, count // 100 * 100, digits=0)
    phone.close()
    station.stop()


def recording(report: Report) -> None:
    """A recording against what was sent."""
    station = Station("record")
    phone = ScriptedPhone((HOST, station.port))
    line, ear = phone.dials(OURS), Ear()
    assert isinstance(line, SipLine)
    line.port.on_frame = ear.hears
    while not ear.tones:
        line.wait(0.02)
    line.wait(0.5)
    line.hear(utterance(_SPEECH), interruptible=False)
    try:
        line.sends("#")
        line.wait(5)
    except HungUp:
        pass
    line.over("caller")
    kept = np.array(station.measure()[4][0], np.int16)
    report.at_least("recording like what was sent", likeness(_SPEECH.samples, kept), 0.99, digits=4)
    phone.close()
    station.stop()


def losses(report: Report) -> None:
    """2 % of the frames are lost, the others come up to 80 ms late."""
    chance, now = random.Random(1), [0.0]
    timeline = Timeline(now=lambda: now[0])
    sent = [
        (0.02 * (number + 1) + 0.08 * chance.random(), number * _FRAME)
        for number in range(len(_SPEECH.samples) // _FRAME)
        if chance.random() >= 0.02
    ]
    for when, place in sorted(sent):
        now[0] = when
        timeline.add(1, place, _SPEECH.samples[place : place + _FRAME].tobytes())
    kept = timeline.finish()
    report.at_most("length with loss and jitter, off by", 1000 * abs(len(kept) - len(_SPEECH.samples)) / RATE, 20, "ms")
    report.at_least("likeness with loss and jitter", likeness(_SPEECH.samples, kept), 0.95, digits=3)


def main() -> None:
    """Measure all."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--most", type=int, default=320)
    arguments.add_argument("--seconds", type=float, default=20)
    arguments.add_argument("--keys", type=int, default=1000)
    wanted = arguments.parse_args()
    report = Report("sip_calls")
    losses(report)
    recording(report)
    keys(report, wanted.keys)
    load(report, wanted.most, wanted.seconds)
    report.finish()


if __name__ == "__main__":
    main()
