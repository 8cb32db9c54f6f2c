"""Two exchanges take messages, and one of them is killed every few minutes, for an hour in `make soak-night`.

A new call is answered by the other one as soon as the telephone notices; what was recorded up to the kill is a task.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from ivr.carrier.client import client
from ivr.domain.carrier_ids import exchange_of
from ivr.local_carrier.sip.sip_line import SipLine
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform import database
from tests.support.databases import Databases
from tests.support.exchange_house import ExchangeHouse, a_number, call_of
from tests.support.volume import volume
from tests.support.waiting import OTHERS, eventually

KILLS = volume(test=1, soak=4, night=20)
#: Seconds between two kills, and those for which an exchange is away.
EVERY, AWAY = volume(test=30, soak=45, night=180), 3.0
CALLERS = 4
#: Seconds of speech that is a message; and until a new call is answered, which is 4 until the telephone gives one up.
SPEECH, ANSWERED = 1.5, 9.0 * OTHERS


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[ExchangeHouse]:
    one = ExchangeHouse(
        tmp_path_factory.mktemp("exchanges"), tmp_path_factory.mktemp("no models"), **databases.settings()
    )
    yield one
    one.stop()


class People:
    """Callers who leave one message after the other; half of them begin with exchange 2."""

    def __init__(self, house: ExchangeHouse) -> None:
        self._house = house
        self._over = threading.Event()
        self.numbers: list[str] = []
        self._threads = [threading.Thread(target=self._ring, args=(place,)) for place in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def _ring(self, place: int) -> None:
        order = (1, 2) if place % 2 else (2, 1)
        for seconds in itertools.cycle((6, 14, 22)):
            if self._over.wait(1.0):
                return
            self.numbers.append(number := a_number())
            self._house.records(number, seconds, *order).join()

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.since("soak")
def test_one_of_two_is_killed_again_and_again_and_nothing_said_is_lost(house: ExchangeHouse) -> None:
    house.hotline.enter()
    people, cut_off = People(house), set[str]()
    answered: list[float] = []
    for number in itertools.islice(itertools.cycle((1, 2)), KILLS):
        next_one = time.monotonic() + EVERY
        eventually(lambda number=number: max(house.under_way(number).values(), default=0) > SPEECH, 120)
        cut_off |= {sid for sid, seconds in house.under_way(number).items() if seconds > SPEECH}
        house.kill(number)
        answered.append(_time_until_answered(house, number))
        time.sleep(AWAY)
        house.restart(number)
        time.sleep(max(0.0, next_one - time.monotonic()))
    people.stop()
    print(f"{KILLS} kills, {len(people.numbers)} callers, {len(cut_off)} recordings cut off, answered in {answered}")
    assert max(answered) < ANSWERED
    assert len(cut_off) >= KILLS
    eventually(lambda: _stored() >= cut_off, 120)
    eventually(lambda: not list(client((1,)).recordings.list()) + list(client((2,)).recordings.list()), 120)
    with database.reading() as session:
        numbers = select(CallbackTask.callback_number, func.count()).group_by(CallbackTask.callback_number)
        assert [row for row in session.execute(numbers) if row[1] > 1] == []
        eventually(lambda: not _under_way(), 180)
    for number in (1, 2):
        assert not list(house.directory(number).glob("last-words/*.json"))
        assert not list(house.directory(number).glob("recordings/*"))


def _time_until_answered(house: ExchangeHouse, dead: int) -> float:
    """Ring as a telephone whose system tries the dead exchange first."""
    other, shown = 3 - dead, a_number()
    phone, began = house.phone(dead, other), time.monotonic()
    line = phone.dials(house.hotline.settings.hotline_number, shown)
    took = time.monotonic() - began
    assert isinstance(line, SipLine), line
    assert exchange_of(eventually(lambda: call_of(shown))) == other
    line.over("caller")
    phone.close()
    return took


def _stored() -> set[str]:
    """The recordings that are stored and belong to a task."""
    with database.reading() as session:
        found = select(Recording.recording_sid).join(VoiceboxMessage).where(VoiceboxMessage.task_id.is_not(None))
        return set(session.scalars(found.where(Recording.state == "stored")))


def _under_way() -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Call).where(Call.state != "ended")) or 0
