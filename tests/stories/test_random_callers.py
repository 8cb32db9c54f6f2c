"""Callers who press whatever they press: nobody is dropped, nothing promised is lost, nothing is made up."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from ivr.domain.enums import CarrierName
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.lines import ScriptedLine
from ivr.models.callbacks import TextMessage
from ivr.models.calls import Call
from ivr.notices import further_languages
from ivr.platform import database
from tests.support import conformance
from tests.support.databases import Databases
from tests.support.notices import LENA
from tests.support.running_hotline import RunningHotline, reader
from tests.support.strangers import (
    FURTHER,
    Early,
    Foreign,
    PatientLine,
    Silent,
    Slow,
    SlowLine,
    Speaker,
    Stranger,
    Sudden,
)
from tests.support.volume import volume
from tests.support.waiting import eventually

CALLERS = volume(test=100, ci=300, soak=10_000)
_WITHHELD = ["anonymous", "+266696687", "Restricted", ""]
#: Endings of callers who got what they called for without a task.
_SERVED = {"informed", "connected", "changed", "withdrawn"}
_KINDS = [*[Stranger] * 6, Silent, Slow, Early, Sudden, Foreign, Speaker]
_LINES = {Slow: SlowLine, Speaker: PatientLine}


@pytest.fixture(scope="module")
def busy_hotline(
    tmp_path_factory: pytest.TempPathFactory, korean_model: Path, databases: Databases
) -> Iterator[RunningHotline]:
    """A hotline of their own, with further languages, and a model of one that understands words.

    The other stories are told in a quiet one.
    """
    # A crowd of this test's own making is no flood.
    crowd = {
        "WITHHELD_CALLS_A_MINUTE": "100000",
        "SILENT_CALLERS_A_DAY": "100000",
    }
    hotline = RunningHotline(tmp_path_factory.mktemp("busy"), korean_model, **crowd, **databases.settings())
    with database.writing() as session:
        for language, name in FURTHER.items():
            further_languages.add(session, language, name, None, LENA, utc_now())
    assert eventually(lambda: len(further_languages.codes()) == len(FURTHER))
    yield hotline
    hotline.stop()


@pytest.fixture
def api(busy_hotline: RunningHotline):
    return reader(busy_hotline)


def all_tasks(api) -> Iterator[dict]:
    page = api("/tasks")
    while True:
        yield from page["tasks"]
        if not page["next"]:
            return
        page = api(page["next"].removeprefix("/api/v1"))


def _languages() -> set[str | None]:
    with database.reading() as session:
        return set(session.scalars(select(Call.language).distinct()))


def _endings() -> dict[str, str]:
    """How the calls have ended, of those that have."""
    with database.reading() as session:
        return dict(session.execute(select(Call.call_sid, Call.ending).where(Call.state == "ended")).all())


@pytest.mark.soak
def test_random_callers(busy_hotline: RunningHotline, api) -> None:
    """Every document well formed, no 5xx, no endless loop, a named ending; every promise made exists as a task."""

    def ring(seed: int):
        dice = random.Random(seed)
        stranger = dice.choice(_KINDS)(dice)
        number = dice.choice([f"+49151{dice.randrange(10**8):08d}"] * 3 + [dice.choice(_WITHHELD)])
        hour = {"SipHeader_X-Hotline-At": dice.choice(["open", "closed"])}
        line = _LINES.get(type(stranger), ScriptedLine)(stranger)
        stranger.is_shown = number.startswith("+49151")
        return stranger, busy_hotline.switch.call(line, number, hour)

    with ThreadPoolExecutor(8) as crowd:
        calls = list(crowd.map(ring, range(CALLERS)))

    assert [report.errors for _, report in calls if report.errors] == []
    endings = Counter(report.ended_by for _, report in calls)
    assert set(endings) == {"carrier", "caller"}
    assert endings["carrier"] > CALLERS / 20  # sent off with a goodbye
    assert max(report.documents for _, report in calls) <= 70
    if busy_hotline.settings.carrier == CarrierName.TWILIO:  # each was compared with what the carrier has published
        assert conformance.COMPARED["documents"] >= 2 * CALLERS

    # How far somebody came, and in which language, is noted a moment after it has been answered; so is the end.
    rang = {report.call_sid for _, report in calls}
    assert eventually(lambda: rang <= _endings().keys(), 60)
    enabled = set(busy_hotline.settings.enabled_languages)
    if CALLERS >= 1_000:
        assert eventually(lambda: _languages() == enabled)
    else:  # too few for every language; tests/stories/test_call_script.py rings in each
        assert eventually(lambda: len(_languages()) > len(enabled) / 2)
        assert eventually(lambda: _languages() <= enabled)
    of_call = _endings()
    reached = Counter(of_call[sid] for sid in rang)
    known = {"promised", "informed", "unserved", "hung_up"}  # nobody has come to work
    if CALLERS >= 1_000:
        assert set(reached) == known
    else:  # few ask for nothing but information
        assert {"promised", "hung_up"} <= set(reached) <= known

    tasks = list(all_tasks(api))
    found = {sid for task in tasks for sid in task["calls"]}
    asked_for = {"speech", "callback", "appointment", "forms", "silence", "interpreter"}
    promised = {report.call_sid for stranger, report in calls if stranger.wishes & asked_for}
    assert len(promised) > CALLERS / 20
    lost = [(report.call_sid, stranger) for stranger, report in calls if report.call_sid in promised - found]
    assert lost == [], "every promise made to a caller exists as a task"
    stayed = {report.call_sid for stranger, report in calls if stranger.is_shown and report.ended_by == "carrier"}
    assert {of_call[sid] for sid in stayed - found} <= _SERVED, "who stayed to the end has a task or was served"
    assert [stranger.unasked for stranger, _ in calls if stranger.unasked] == [], "no tone without its question"
    assert [stranger for stranger, _ in calls if stranger.recorded_before_consent] == [], "nothing without consent"
    assert any(stranger.words for stranger, _ in calls), "some were asked for a word"
    spoken = {report.call_sid: who.language for who, report in calls if isinstance(who, Foreign) and who.language}
    assert any(spoken[sid] in FURTHER for sid in spoken.keys() & found), "some have chosen a language by its name"
    for task in tasks:
        if languages := {spoken[sid] for sid in task["calls"] if sid in spoken}:
            assert ({task["language"]}, task["unlisted_language"]) == (languages, True), task
    reported = {report.call_sid for stranger, report in calls if stranger.has_emergency or isinstance(stranger, Early)}
    assert [task for task in tasks if not (promised | reported) & set(task["calls"])] == [], "nothing is made up"
    assert len({(task["call_sid"], task["kind"], task["concern"]) for task in tasks}) == len(tasks)
    with_audio = {sid for task in tasks for sid in task["calls"] if task["messages"]}
    assert {report.call_sid for stranger, report in calls if "speech" in stranger.wishes} <= with_audio
    with database.reading() as session:
        links = set(session.scalars(select(Call.call_sid).join(TextMessage)))
    assert links >= {report.call_sid for stranger, report in calls if "link" in stranger.wishes}
