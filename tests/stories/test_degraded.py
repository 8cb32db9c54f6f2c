"""Degraded, never dead: whatever is away, a caller hears their menu and can leave a message, and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select

from ivr.domain.timestamps import utc_now
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.models.callbacks import CallbackTask
from ivr.models.voicebox import Recording
from ivr.platform import database, spool, spool_files
from ivr.platform.work_models import SpoolEntry
from ivr.telephony import call_intake
from tests.support.postgres import Postgres, running
from tests.support.receipts import codes_heard
from tests.support.running_hotline import RunningHotline
from tests.support.signing import signed
from tests.support.speech import human_speech
from tests.support.volume import volume
from tests.support.waiting import eventually

#: How many people call while it is gone, twelve at a time.
CALLERS = volume(test=24, ci=40, soak=200)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A database server of their own: it will be stopped."""
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def fragile_hotline(tmp_path_factory: pytest.TempPathFactory, server: Postgres) -> Iterator[RunningHotline]:
    hotline = RunningHotline(
        tmp_path_factory.mktemp("degraded"),
        tmp_path_factory.mktemp("no models"),
        DATABASE_URL=server.new_database(),
        LANGUAGES='["de", "en", "tr"]',
    )
    yield hotline
    hotline.stop()


SPEECH = human_speech(4)


def leaves_a_message(hotline: RunningHotline, number: str) -> bool:
    """German, work, agreed, spoken, hung up in mid-recording; whether the line was recording then."""
    caller = ScriptedCaller(keys=["1", "2", "1"], sounds=[SPEECH], hangs_up=True)
    report = hotline.switch.call(ScriptedLine(caller), number, {"SipHeader_X-Hotline-At": "closed"})
    return any(recording.call_sid == report.call_sid for recording in hotline.switch.store.recordings())


def slowest(hotline: RunningHotline, stop: threading.Event, told: list[float]) -> None:
    """Asks for the first document again and again, and the health pages of nobody."""
    number = 0
    while not stop.is_set():
        number += 1
        form = {
            "CallSid": f"CA{number:032x}",
            "From": f"+491760{number:07d}",
            "AccountSid": hotline.settings.account_sid,
        }
        url = f"{hotline.url}/voice/fallback"
        began = time.monotonic()
        answer = requests.post(url, **signed(hotline.settings, url, form), timeout=15)
        told.append(time.monotonic() - began)
        assert answer.status_code == 200
        assert "<Gather" in answer.text
        time.sleep(0.05)


def tasks() -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(CallbackTask)) or 0


@pytest.mark.soak
def test_callers_while_database_and_redis_are_gone_get_their_tasks(
    fragile_hotline: RunningHotline, server: Postgres
) -> None:
    server.kill()
    fragile_hotline.kill("redis", "worker")
    stop, times = threading.Event(), []
    watcher = threading.Thread(target=slowest, args=(fragile_hotline, stop, times))
    watcher.start()
    try:
        with ThreadPoolExecutor(12) as threads:
            numbers = [f"+49151{number:08d}" for number in range(CALLERS)]
            recorded = list(threads.map(lambda number: leaves_a_message(fragile_hotline, number), numbers))
    finally:
        stop.set()
        watcher.join()
    assert all(recorded), f"{recorded.count(False)} callers could leave nothing"
    assert max(times) < 2, "each document comes within 2 s"
    page = requests.get(f"{fragile_hotline.url}/desk/", timeout=5)
    assert page.status_code == 503 or "/login" in page.url
    server.start()
    fragile_hotline.restart("redis", "worker")
    back = time.monotonic()
    eventually(lambda: tasks() >= CALLERS, 180, 0.5)
    assert time.monotonic() - back < 180
    eventually(lambda: not spool_is_waiting(fragile_hotline), 60)

    def stored() -> int:
        with database.reading() as session:
            done = select(func.count()).select_from(Recording).where(Recording.carrier_deleted_at.is_not(None))
            return session.scalar(done) or 0

    eventually(lambda: stored() == CALLERS, 180, 0.5)
    with database.reading() as session:
        per_number = select(func.count(CallbackTask.id)).group_by(CallbackTask.callback_number)
        assert session.scalars(per_number).all() == [1] * CALLERS, "one task each, none doubled"
        told = session.execute(select(CallbackTask.language, CallbackTask.concern).distinct()).all()
        assert [tuple(row) for row in told] == [("de", "work")], "and what they had keyed in is known"
    assert list(fragile_hotline.switch.store.recordings()) == [], "nothing is left at the carrier"
    assert spool.damaged() == 0


def spool_is_waiting(hotline: RunningHotline) -> bool:
    hotline.enter()
    return spool.waiting()


def test_a_database_that_takes_connections_and_stays_silent(fragile_hotline: RunningHotline, server: Postgres) -> None:
    """No error comes from it, so somebody has to notice the silence."""
    before = tasks()
    stop, times = threading.Event(), []
    try:
        server.hush()
        time.sleep(2.5)  # what was under way notices first
        watcher = threading.Thread(target=slowest, args=(fragile_hotline, stop, times))
        watcher.start()
        assert leaves_a_message(fragile_hotline, "+4915199999999")
        stop.set()
        watcher.join()
    finally:
        server.hush(False)
    assert max(times) < 2
    eventually(lambda: tasks() == before + 1, 60, 0.5)


def asks_by_key(hotline: RunningHotline, number: str) -> list[str]:
    """German, work, no recording, the number is right, no postal code, at any time; what is heard."""
    heard: list[str] = []
    caller = ScriptedCaller(
        keys=["1", "2", "2", "1", "#", "3"],
        on_event=lambda event: heard.append(str(event["text"])) if event["type"] == "said" else None,
    )
    report = hotline.switch.call(ScriptedLine(caller), number, {"SipHeader_X-Hotline-At": "closed"})
    assert report.errors == []
    return heard


def test_codes_are_heard_again_as_soon_as_the_database_is_back(
    fragile_hotline: RunningHotline, server: Postgres
) -> None:
    """Connections of every process have died meanwhile: that costs a moment, not one failure for each of them."""
    assert codes_heard("de", asks_by_key(fragile_hotline, "+4915199999001"))
    server.kill()
    assert not codes_heard("de", asks_by_key(fragile_hotline, "+4915199999002"))
    server.start()
    back = time.monotonic()
    eventually(lambda: codes_heard("de", asks_by_key(fragile_hotline, f"+4915{time.time_ns() % 10**9:09d}")), 10, 0.0)
    assert time.monotonic() - back < 8
    with ThreadPoolExecutor(8) as threads:
        heard = list(threads.map(lambda number: asks_by_key(fragile_hotline, f"+49151999991{number:02d}"), range(24)))
    assert all(codes_heard("de", said) for said in heard)
    eventually(lambda: not spool_is_waiting(fragile_hotline), 5)


def test_without_redis_a_web_request_takes_no_longer(fragile_hotline: RunningHotline) -> None:
    def median() -> float:
        times = []
        for number in range(40):
            form = {
                "CallSid": f"CB{number:032x}",
                "From": "+4942112345",
                "AccountSid": fragile_hotline.settings.account_sid,
            }
            url = f"{fragile_hotline.url}/voice/incoming"
            began = time.monotonic()
            assert requests.post(url, **signed(fragile_hotline.settings, url, form), timeout=15).ok
            times.append(time.monotonic() - began)
        return sorted(times)[20]

    with_redis = median()
    fragile_hotline.kill("redis")
    try:
        assert median() < with_redis + 0.05
    finally:
        fragile_hotline.restart("redis")


# -- the spool by itself -----------------------------------------------------------------------------


def test_the_spool_is_replayed_in_order_and_once(empty_database) -> None:
    for number in range(5):
        spool.keep("count", {"number": number})
    assert spool.waiting()
    told: list[int] = []

    def broken(session: object, payload: dict[str, int]) -> None:
        if payload["number"] == 3 and len(told) == 3:
            told.append(-1)
            raise database.Away("gone")
        told.append(payload["number"])

    with pytest.raises(database.Away):
        spool.replay({"count": broken})
    assert spool.replay({"count": broken}) == 5
    assert told == [0, 1, 2, -1, 0, 1, 2, 3, 4], "nothing of a transaction that failed was written"
    assert not spool.waiting()
    assert spool.replay({"count": broken}) == 0
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SpoolEntry)) == 5


def test_what_is_torn_or_cannot_be_digested_is_put_aside_and_holds_up_nothing(
    empty_database: object, tmp_path: Path
) -> None:
    spool.keep("count", 1)
    entries = spool_files.path_of("entries")
    entries.write_bytes(entries.read_bytes() + b"half an entr")  # the machine went down here
    spool.keep("count", 2)
    spool.keep("unknown", 3)
    told: list[int] = []

    def count(_: object, payload: int) -> None:
        if payload == 1:
            raise RuntimeError("a mistake of ours")
        told.append(payload)

    assert spool.replay({"count": count}) == 1
    assert told == [2]
    assert spool.damaged() > 0, "a person can look at the three others"
    assert not spool.waiting()


def test_a_disk_that_fills_in_mid_write_leaves_the_spool_whole(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    spool.keep("count", 1)
    whole = spool_files.path_of("entries").read_bytes()
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda handle, data: write(handle, data[:10]))
        with pytest.raises(OSError, match="No space"):
            spool.keep("count", 2)
    assert spool_files.path_of("entries").read_bytes() == whole


def test_nothing_personal_stands_in_the_spool(empty_database, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise database.Away("gone")

    monkeypatch.setattr(database, "writing", away)
    monkeypatch.setattr(database, "writing_alone", away)
    monkeypatch.setattr(database, "noting", away)
    call_intake.call_ended("CA1", "+4915112345678", utc_now())
    (file,) = spool_files.path_of("calls").iterdir()
    content = file.read_text()
    assert content
    assert "15112345678" not in content
    assert json.dumps("CA1")[1:-1] not in content


def test_a_torn_entry_is_put_aside_once_and_can_be_tried_again(empty_database) -> None:
    spool_files.append("entries", b"torn entry\n")
    spool.keep("count", 1)

    def away(*_: object) -> None:
        raise database.Away("gone")

    for _ in range(3):
        with pytest.raises(database.Away):
            spool.replay({"count": away})
    assert spool.damaged() == len(b"torn entry\n")
    told: list[int] = []
    spool.replay({"count": lambda _, payload: told.append(payload)})
    assert spool.retry_damaged() == 1
    assert spool.damaged() == 0
    assert spool.waiting()
    spool.replay({"count": lambda _, payload: told.append(payload)})
    assert (told, spool.damaged() > 0) == ([1], True)


def test_redis_that_is_silent_holds_no_caller_up(fragile_hotline: RunningHotline) -> None:
    """It takes connections and does not answer."""
    redis = fragile_hotline.redis._process

    def slowest_of(count: int) -> float:
        times = []
        for number in range(count):
            form = {
                "CallSid": f"CC{number:032x}",
                "From": "+4942112399",
                "AccountSid": fragile_hotline.settings.account_sid,
            }
            url = f"{fragile_hotline.url}/voice/incoming"
            began = time.monotonic()
            assert requests.post(url, **signed(fragile_hotline.settings, url, form), timeout=15).ok
            times.append(time.monotonic() - began)
        return sorted(times)[count // 2]

    usual = slowest_of(9)
    os.kill(redis.pid, signal.SIGSTOP)
    try:
        time.sleep(0.5)
        slowest_of(6)  # each process notices once
        assert slowest_of(9) < usual + 0.05
        assert leaves_a_message(fragile_hotline, "+4915199999998")
    finally:
        os.kill(redis.pid, signal.SIGCONT)
