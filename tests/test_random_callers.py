"""A thousand people who do whatever they do: nobody is dropped, nothing promised is lost, nothing is made up."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from ivr.exchange.lines import RATE, HungUp, ScriptedLine, Take
from tests.conftest import House, eventually, reader

CALLERS = 1000
_WITHHELD = ["anonymous", "+266696687", "Restricted", ""]
_NOISE = (np.sin(np.arange(RATE * 2) / 3) * 9000).astype(np.int16)


@dataclass
class Stranger:
    """Keys, silences and hang-ups at random; remembers what was promised to them."""

    dice: random.Random
    left_speech: bool = False
    asked_for_callback: bool = False
    _last: str = field(default="")

    def hears(self, text: str, language: str) -> None:
        self._last = text
        if self.dice.random() < 0.01:
            raise HungUp

    def presses(self, count: int, finish: str) -> str:
        chance = self.dice.random()
        if chance < 0.05:
            raise HungUp
        if chance < 0.15:
            return ""
        if count > 1:
            return self.dice.choice(["015112345678", "1782666", "09001234567", "0", "7" * 40, "*", ""]) + "#"
        key = self.dice.choice("1111222334459*#0")
        if (key == "2" and self._asks_for_consent()) or (key == "1" and self._offers_callback()):
            self.asked_for_callback = True
        return key

    def speaks(self) -> Take:
        chance = self.dice.random()
        if chance < 0.2:
            raise HungUp
        if chance < 0.4:
            return Take(np.zeros(RATE * 3, np.int16), "")
        self.left_speech = True
        seconds = self.dice.uniform(0.8, 2)
        return Take(_NOISE[: int(seconds * RATE)], self.dice.choice(["#", "", "5", "hangup"]))

    def is_connected(self, number: str) -> str:
        if self.dice.random() < 0.1:
            raise HungUp
        return self.dice.choice(["completed", "no-answer", "busy", "failed"])

    def is_done(self, reason: str) -> None:
        pass

    def _asks_for_consent(self) -> bool:
        return any(words in self._last for words in ("einverstanden", "If you agree", "동의하시면"))

    def _offers_callback(self) -> bool:
        return any(
            words in self._last
            for words in ("Möchten Sie einen Rückruf", "would like us to call", "전화를 받기를 원하시면 1번")
        )


@pytest.fixture(scope="module")
def busy_house(tmp_path_factory: pytest.TempPathFactory, korean_model: Path) -> Iterator[House]:
    """A house of their own: the other stories are told in a quiet one."""
    before = dict(os.environ)
    house = House(tmp_path_factory.mktemp("busy"), korean_model)
    yield house
    house.stop()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def api(busy_house: House):
    return reader(busy_house)


def all_tasks(api) -> Iterator[dict]:
    page = api("/tasks")
    while True:
        yield from page["tasks"]
        if not page["next"]:
            return
        page = api(page["next"].removeprefix("/api/v1"))


def test_a_thousand_random_callers(busy_house: House, api) -> None:
    """Every document well formed, no 5xx, no endless loop; one task for each promise, none for the others."""

    def ring(seed: int):
        dice = random.Random(seed)
        stranger = Stranger(dice)
        number = dice.choice([f"+49151{dice.randrange(10**8):08d}", dice.choice(_WITHHELD)])
        hour = {"SipHeader_X-Hotline-At": dice.choice(["open", "closed"])}
        return stranger, busy_house.switch.call(ScriptedLine(stranger), number, hour)

    with ThreadPoolExecutor(8) as crowd:
        calls = list(crowd.map(ring, range(CALLERS)))

    assert [report.errors for _, report in calls if report.errors] == []
    endings = Counter(report.ended_by for _, report in calls)
    assert endings["error"] == 0
    assert endings["exchange"] > 300  # most are sent off with a goodbye
    assert max(report.documents for _, report in calls) <= 70

    promised = {report.call_sid for stranger, report in calls if stranger.left_speech or stranger.asked_for_callback}
    assert len(promised) > 200
    sids = {report.call_sid for _, report in calls}
    tasks = list(all_tasks(api))
    found = Counter(task["call_sid"] for task in tasks if task["call_sid"] in sids)
    assert set(found) == promised
    assert set(found.values()) == {1}

    with_audio = [task for task in tasks if task["call_sid"] in sids and task["messages"]]
    assert len(with_audio) == len({r.call_sid for s, r in calls if s.left_speech})

    def all_stored() -> bool:
        states = [message["recording_state"] for task in all_tasks(api) for message in task["messages"]]
        return set(states) <= {"stored"}

    eventually(all_stored, 60, 0.5)
