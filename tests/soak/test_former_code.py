"""The code of before beside the schema of now: hosts are upgraded one after the other, and calls go on.

The former code is that of the last tag, or of the commit before the one that brought the newest migration, as git has
it. Its processes answer calls, fetch recordings and watch promises with the schema that this code has made. A call that
has begun with it ends with this one.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from ivr.models.voicebox import Recording
from ivr.platform import database
from tests.support.caller import Caller
from tests.support.databases import Databases
from tests.support.environment import ROOT
from tests.support.postgres import Postgres
from tests.support.running_hotline import RunningHotline, reader
from tests.support.waiting import eventually

_MIGRATIONS = "ivr/migrations/versions"


def git(*words: str) -> str:
    return subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True, text=True).stdout.strip()


def former_commit() -> str:
    """The last release, or the code that knew one migration less."""
    if tags := git("tag", "--list", "v*", "--sort=-creatordate", "--merged", "HEAD"):
        return tags.splitlines()[0]
    return git("log", "-1", "--diff-filter=A", "--format=%H", "--", _MIGRATIONS) + "~"


@pytest.fixture(scope="module")
def former_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the code of before stands."""
    folder = tmp_path_factory.mktemp("former")
    packed = subprocess.run(["git", "-C", str(ROOT), "archive", former_commit()], check=True, capture_output=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    newest = [sorted(path.name for path in (where / _MIGRATIONS).glob("0*.py"))[-1] for where in (ROOT, folder)]
    assert newest[0] > newest[1], "it knows less"
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def former_hotline(
    request: pytest.FixtureRequest,
    former_code: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    postgres: Postgres,
) -> Iterator[RunningHotline]:
    """All processes run the code of before; the schema, and the carrier, are those of now."""
    monkeypatch.chdir(former_code)
    hotline = RunningHotline(
        tmp_path_factory.mktemp("beside"),
        tmp_path_factory.mktemp("no models"),
        PYTHONPATH=str(former_code),
        LANGUAGES='["de", "en"]',
        SPOKEN_ANSWERS="[]",
        **(Databases(postgres).settings() if request.param == "postgresql" else {}),
    )
    yield hotline
    hotline.stop()


def upgrade(hotline: RunningHotline, *names: str) -> None:
    """Start processes again, with the code of now."""
    os.chdir(ROOT)
    for name in names:
        child = hotline.children[name]
        child.terminate()
        child.end(time.monotonic() + 10)
        child._environment = {**child._environment, "PYTHONPATH": str(ROOT)}
        child.start()
    hotline.await_ready()


def asks_for_a_callback(hotline: RunningHotline, number: str) -> Caller:
    """German, work, no recording: up to the question whether the number is right."""
    caller = Caller(hotline.switch, number=number).dials()
    return caller.hears("choose_language").presses("1").hears("main").presses("2").hears("consent").presses("2")


def is_stored(caller: Caller) -> bool:
    (sid,) = caller.report.recording_sids
    with database.reading() as session:
        found = session.scalars(select(Recording).where(Recording.recording_sid == sid)).one_or_none()
        return found is not None and found.carrier_deleted_at is not None


@pytest.mark.alone
@pytest.mark.since("soak")
def test_the_code_of_before_works_with_the_schema_of_now(former_hotline: RunningHotline) -> None:
    api = reader(former_hotline)
    speaks = Caller(former_hotline.switch, number="+4917600000001").dials()
    speaks.hears("choose_language").presses("1").hears("main").presses("2").hears("consent").presses("1")
    speaks.hears("speak_now").says("Bitte rufen Sie mich zurück.").hears("review").presses("1")
    speaks.can_be_called().hears("receipt").hears("goodbye").is_sent_off()
    eventually(lambda: is_stored(speaks), 60)
    asks = asks_for_a_callback(former_hotline, "+4917600000002")
    upgrade(former_hotline, "voice", "web")  # in the middle of the call
    asks.can_be_called().hears("receipt").hears("goodbye").is_sent_off()
    upgrade(former_hotline, "worker", "clock")
    later = asks_for_a_callback(former_hotline, "+4917600000003")
    later.can_be_called().hears("receipt").hears("goodbye").is_sent_off()
    for caller in (speaks, asks, later):
        assert [task["state"] for task in api("/tasks", call_sid=caller.call_sid)["tasks"]] == ["open"]
