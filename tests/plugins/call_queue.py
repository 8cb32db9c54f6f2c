"""A running hotline that is always open, with a small call queue, members and their telephones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ivr.platform import job_queue, outbox
from tests.support import line_kinds
from tests.support.call_queue import SECOND_TOKEN, STAFF
from tests.support.caller import Caller, Telephone
from tests.support.databases import Databases
from tests.support.running_hotline import RunningHotline, reader
from tests.support.staff import Team

INTERPRETERS = (
    '[{"name": "Aylin", "number": "+4915700000001", "languages": ["tr"], "hours": {"daily": "00:00-24:00"}},'
    ' {"name": "Dienst", "number": "+4915700000002", "languages": ["tr", "ar"], "hours": {"daily": "00:00-24:00"}}]'
)


@pytest.fixture(scope="session")
def call_queue_hotline(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[RunningHotline]:
    """A hotline that is always open, with a small call queue."""
    hotline = RunningHotline(
        tmp_path_factory.mktemp("live"),
        tmp_path_factory.mktemp("no models"),
        HOURS__DAILY="00:00-24:00",
        CALLING_HOURS__DAILY="00:00-24:00",
        WITHHELD_CALLS_A_MINUTE="60",
        HOURS__CLOSURES='[{"first": "2031-05-05", "last": "2031-05-05"}]',
        LINE_PLACES="3",
        RING_SECONDS="15",
        ANNOUNCE_SECONDS="2",
        INTERPRETERS=INTERPRETERS,
        STAFF_NUMBER=STAFF,
        TWILIO_SECONDARY_AUTH_TOKEN=SECOND_TOKEN,
        LANGUAGES='["de", "en", "tr", "ar", "fa"]',
        **databases.settings(),
    )
    yield hotline
    hotline.stop()


@pytest.fixture
def team(call_queue_hotline: RunningHotline, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Members of the benefits team; they go home after the test."""
    monkeypatch.setattr(outbox, "hand_over", job_queue.hand_over)
    monkeypatch.setattr(job_queue, "_down_until", 0.0)  # an earlier test in this process took its Redis away
    team = Team(call_queue_hotline)
    yield team
    team.goes_home()


@pytest.fixture
def phone(call_queue_hotline: RunningHotline) -> Iterator[Callable[..., Telephone]]:
    """Telephones that can be rung."""
    phones: list[Telephone] = []

    def one(number: str = "", **wishes: str) -> Telephone:
        phones.append(line_kinds.telephone(call_queue_hotline.switch, number, **wishes))
        return phones[-1]

    yield one
    for made in phones:
        made.gives_up()
        del call_queue_hotline.switch.telephones[made.number]


@pytest.fixture
def live_tasks_of(call_queue_hotline: RunningHotline) -> Callable[[str], list[dict]]:
    """The tasks of a call at the hotline with the call queue."""
    api = reader(call_queue_hotline)
    return lambda call_sid: api("/tasks", call_sid=call_sid)["tasks"]


@pytest.fixture
def caller_at_menu(call_queue_hotline: RunningHotline) -> Iterator[Callable[..., Caller]]:
    """A person who rings the hotline with the call queue and has chosen a language: `caller_at_menu("tr")`."""
    callers: list[Caller] = []

    def a_caller(language: str = "de", **wishes: str) -> Caller:
        callers.append(line_kinds.caller(call_queue_hotline.switch, **{"at": "open", **wishes}))
        return callers[-1].dials().chooses(language).hears("main")

    yield a_caller
    for one in callers:
        one.gives_up()
