"""The disk is full: nobody's request is lost, nobody hears what is not true, and everybody who looks is told."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from sqlalchemy import select

from ivr.config.settings import Settings
from ivr.domain.enums import Concern, EntryPlace, EventName
from ivr.domain.timestamps import utc_now
from ivr.flows.state import CallState, Event
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.models.callbacks import CallbackTask
from ivr.platform import database, spool, spool_files
from ivr.prompts import parts, rendering
from ivr.telephony import call_intake
from tests.support.receipts import codes_heard
from tests.support.running_hotline import RunningHotline
from tests.support.small_disk import RefusingDisk, SmallDisk
from tests.support.waiting import eventually

#: English, work, no recording, the number is right, no postal code, at any time.
BY_KEY = ["2", "2", "2", "1", "#", "3"]


@pytest.fixture(scope="module")
def small_disk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SmallDisk | RefusingDisk]:
    """A disk of a hundred megabytes; files that refuse writes where this process may make none, or where asked for."""
    disk: SmallDisk | RefusingDisk
    directory = tmp_path_factory.mktemp("small") / "disk"
    try:
        refuses = getattr(request, "param", SmallDisk) is RefusingDisk
        disk = RefusingDisk(directory) if refuses else SmallDisk(directory, 100)
    except PermissionError:
        disk = RefusingDisk(directory)
    yield disk
    disk.remove()


@pytest.fixture(scope="module")
def hotline_on_it(
    small_disk: SmallDisk | RefusingDisk, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHotline]:
    """Database, Redis, spool and logs are on that disk."""
    environment = {**small_disk.environment, "LANGUAGES": '["de", "en", "fa"]'}
    hotline = RunningHotline(small_disk.directory, tmp_path_factory.mktemp("no models"), **environment)
    hotline.switch.store = type(hotline.switch.store)(tmp_path_factory.mktemp("carrier"))  # has a disk of its own
    yield hotline
    hotline.stop()


def calls(hotline: RunningHotline, number: str, keys: list[str]) -> list[str]:
    """What a caller hears."""
    heard: list[str] = []

    def note(event: dict[str, object]) -> None:
        if event["type"] == "said":
            heard.append(str(event["text"]))

    caller = ScriptedCaller(keys=keys, on_event=note)
    report = hotline.switch.call(ScriptedLine(caller), number, {"SipHeader_X-Hotline-At": "closed"})
    assert report.errors == []
    return heard


def tasks() -> list[CallbackTask]:
    with database.reading() as session:
        return list(session.scalars(select(CallbackTask)))


def state_of(hotline: RunningHotline) -> dict[str, object]:
    answer = requests.get(f"{hotline.url}/readyz", timeout=10)
    assert answer.status_code == 200, "callers are served"
    state: dict[str, object] = answer.json()
    return state


@pytest.mark.parametrize(
    "small_disk", [SmallDisk, pytest.param(RefusingDisk, marks=pytest.mark.since("ci"))], indirect=True
)
def test_callers_while_the_disk_is_full_get_their_tasks_afterwards(
    hotline_on_it: RunningHotline, small_disk: SmallDisk | RefusingDisk
) -> None:
    small_disk.fill()
    numbers = [f"+49151123400{number:02d}" for number in range(3)]
    heard = [calls(hotline_on_it, number, BY_KEY) for number in numbers]
    for said in heard:
        text = " ".join(said)
        assert "technisches Problem" not in text, "an English caller hears English"
        assert "technical problem. You can" not in text
        assert "could not take down" not in text, "it was taken down"
        assert codes_heard("en", said) or "cannot give you a reference number right now" in text
    state = state_of(hotline_on_it)
    assert state["disk"] != "ok"
    assert "in memory alone" in str(state["memory"]) or tasks(), state
    assert state["complete"] is False
    small_disk.free()
    eventually(lambda: len(tasks()) == 3, 20, 0.2)
    assert sorted(task.callback_number or "" for task in tasks()) == numbers
    codes = {code for said in heard for code in codes_heard("en", said)}
    with database.reading() as session:
        held = {task.receipt_code for task in session.scalars(select(CallbackTask))}
    assert codes <= held
    eventually(lambda: state_of(hotline_on_it)["memory"] == "ok", 10, 0.2)
    eventually(lambda: not spool.waiting(), 10, 0.2)
    assert spool.damaged() == 0


@pytest.mark.parametrize("small_disk", [SmallDisk], indirect=True)
def test_a_prompt_is_heard_though_it_cannot_be_stored(
    hotline_on_it: RunningHotline, small_disk: SmallDisk | RefusingDisk
) -> None:
    """Persian is played; its audio is rendered when the first caller hears it."""
    small_disk.fill()
    part = next(part for part in parts.fragments("fa", "welcome") if isinstance(part, parts.Part))
    calls_at = f"http://127.0.0.1:{hotline_on_it.settings.calls_port}"
    answer = requests.get(f"{calls_at}/voice/prompts/fa/{part.name}.{rendering.version(part)}.wav", timeout=30)
    assert answer.status_code == 200
    assert answer.content[:4] == b"RIFF"


# -- where nobody may make disks -----------------------------------------------------------------------


@contextmanager
def no_file_may_grow() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def away(*_: object, **__: object) -> None:
    raise database.Away("gone")


@pytest.fixture
def outage(empty_database: Settings) -> Iterator[pytest.MonkeyPatch]:
    assert empty_database.secret, "it was made when the hotline was started"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("writing", "writing_alone", "noting", "reading"):
            patch.setattr(database, name, away)
        yield patch


def asks(number: int) -> EntryPlace:
    """Somebody asks to be called back."""
    shown = f"+49151123410{number:02d}"
    state = CallState("details", "en", began_at=utc_now(), callback_number=shown).knowing(concern=Concern.WORK)
    events = (Event(EventName.ASKED),)
    return call_intake.write_turn(None, state, events, f"CA{number:032x}", shown, "", utc_now()).place


def test_what_no_file_takes_goes_to_the_disk_as_soon_as_it_does(outage: pytest.MonkeyPatch) -> None:
    with no_file_may_grow():
        assert [asks(number) for number in range(3)] == [EntryPlace.MEMORY] * 3
        assert not spool_files.any_in("calls"), "no empty file is left behind"
    assert spool.in_memory() == 3
    spool.save_memory()
    assert spool.in_memory() == 0
    assert spool.waiting()
    outage.undo()
    assert call_intake.replay_spool() == 3
    assert len(tasks()) == 3


def test_what_was_in_memory_is_written_before_what_came_later(outage: pytest.MonkeyPatch) -> None:
    """The number is keyed in after there is room again: it finds the task."""
    with no_file_may_grow():
        assert asks(1) == EntryPlace.MEMORY
    state = CallState("when", "en", began_at=utc_now()).knowing(concern=Concern.WORK)
    given = (Event(EventName.NUMBER_GIVEN, number="+4942155512"),)
    kept = call_intake.write_turn(state, state, given, f"CA{1:032x}", None, "", utc_now())
    assert (kept.place, spool.in_memory()) == (EntryPlace.SPOOL, 0)
    outage.undo()
    call_intake.replay_spool()
    (task,) = tasks()
    assert task.callback_number == "+4942155512"


def test_a_process_that_ends_writes_what_it_alone_holds(
    outage: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with no_file_may_grow():
        asks(1)
        call_intake.write_last()
        assert "1 entries about calls could be written nowhere and are lost" in caplog.text
    call_intake.write_last()
    assert spool.in_memory() == 0
    outage.undo()
    assert call_intake.replay_spool() == 1
