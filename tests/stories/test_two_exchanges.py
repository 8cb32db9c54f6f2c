"""Two exchanges as processes of their own: one is killed while people talk and record, and the other goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from ivr.carrier.client import client
from ivr.contact_centre import outbound_callbacks, wrap_up
from ivr.domain.carrier_ids import exchange_of
from ivr.domain.timestamps import utc_now
from ivr.local_carrier.sip.scripted_phone import Script
from ivr.local_carrier.sip.sip_line import SipLine
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, Leg, Presence
from ivr.models.voicebox import Recording, VoiceboxMessage
from ivr.platform import database
from tests.support.databases import Databases
from tests.support.exchange_house import ExchangeHouse, a_number, agrees, call_of, legs_of, task_of
from tests.support.waiting import OTHERS, eventually


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[ExchangeHouse]:
    one = ExchangeHouse(
        tmp_path_factory.mktemp("exchanges"), tmp_path_factory.mktemp("no models"), **databases.settings()
    )
    yield one
    one.stop()


@pytest.fixture(autouse=True)
def in_the_house(house: ExchangeHouse) -> None:
    house.hotline.enter()


def joined(call_sid: str) -> list[Leg]:
    return [leg for leg in legs_of(call_sid) if leg.state == "joined"]


@pytest.mark.since("ci")
def test_one_is_killed_while_somebody_records_and_the_other_goes_on(house: ExchangeHouse) -> None:
    """A new call is answered at once, a callback is placed, the recording becomes a task, nobody is rung twice."""
    speaker, other, mine = a_number(), a_number(), a_number()
    house.stands(mine, agrees)
    house.stands(other, agrees)
    house.records(speaker, 60)
    first = house.records(other, 3)
    eventually(lambda: sum(house.under_way(1).values()) > 4, 120)
    first.join(60 * OTHERS)
    call_sid = eventually(lambda: call_of(speaker))
    assert exchange_of(call_sid) == 1
    task = eventually(lambda: task_of(other), 20)
    house.kill(1)

    began = time.monotonic()
    phone = house.phone(1, 2)
    line = phone.dials(house.hotline.settings.hotline_number, newcomer := a_number())
    assert isinstance(line, SipLine), line
    assert time.monotonic() - began < 10 * OTHERS
    assert exchange_of(eventually(lambda: call_of(newcomer))) == 2
    line.over("caller")
    phone.close()

    member = house.member("mia", mine)
    with database.writing_alone() as session:
        user, wanted = session.get_one(User, member.id), session.get_one(CallbackTask, task.id)
        conversation = outbound_callbacks.begin(session, wanted, user, utc_now(), anyway=True).id
    both = eventually(lambda: _legs(conversation), 60)
    assert {exchange_of(leg.call_sid or "") for leg in both} == {2}
    assert sorted(number for number, _ in house.rung) == sorted([mine, other]), "each was rung once"
    with database.reading() as session:
        assert session.get_one(Call, _id_of(call_sid)).state != "ended", "nobody knows yet what became of it"

    house.restart(1)
    kept = eventually(lambda: task_of(speaker), 60)
    with database.reading() as session:
        found = select(Recording).join(VoiceboxMessage).where(VoiceboxMessage.task_id == kept.id)
        eventually(lambda: session.scalar(found).state == "stored" or session.rollback(), 60)
        assert session.scalar(found).recorded_seconds > 3
        assert session.scalars(select(CallbackTask.id).where(CallbackTask.callback_number == speaker)).all() == [
            kept.id
        ]
    eventually(lambda: _state(call_sid) == "ended", 60)
    assert not list(house.directory(1).glob("last-words/*.json"))


def _legs(conversation: int) -> list[Leg]:
    """The two legs of a conversation in which both are in the room."""
    with database.reading() as session:
        found = session.scalars(select(Leg).where(Leg.conversation_id == conversation, Leg.state == "joined")).all()
        return list(found) if len(found) == 2 else []


def _rooms(exchange: int) -> list[set[str]]:
    """The calls in each conference that goes on at an exchange."""
    asked = client((exchange,))
    rooms = [one.sid for one in asked.conferences.list() if one.status == "in-progress"]
    return [{str(one.call_sid) for one in asked.conferences(sid).participants.list()} for sid in rooms]


def _id_of(call_sid: str) -> int:
    with database.reading() as session:
        return session.scalars(select(Call.id).where(Call.call_sid == call_sid)).one()


def _state(call_sid: str) -> str:
    with database.reading() as session:
        return session.scalars(select(Call.state).where(Call.call_sid == call_sid)).one()


@pytest.mark.since("ci")
def test_a_member_is_rung_by_the_exchange_that_has_the_caller_and_freed_when_it_dies(house: ExchangeHouse) -> None:
    """Both are in one room. When their exchange is killed, the other one's caller gets the same member."""
    mine, person = a_number(), a_number()
    house.stands(mine, agrees)
    member = house.member("nils", mine)
    script = Script(["1", "1"], longest=300.0 * OTHERS)
    threading.Thread(target=house.follows, args=(script, person, 2, 1), kwargs={"at": "open"}, daemon=True).start()
    call_sid = eventually(lambda: call_of(person), 60)
    both = eventually(lambda: len(joined(call_sid)) == 2 and joined(call_sid), 120)
    assert {exchange_of(leg.call_sid or "") for leg in both} == {2}
    assert {leg.call_sid for leg in both} in _rooms(2)
    assert not {leg.call_sid for leg in both} & set().union(*_rooms(1))
    house.kill(2)
    house.restart(2)
    eventually(lambda: _presence(member.id) == "wrap_up", 60)
    with database.reading() as session:
        assert session.get_one(Conversation, both[0].conversation_id).state == "ended"
    with database.writing_alone() as session:
        wrap_up.finish(session, session.get_one(User, member.id), "settled", "", utc_now())
    another = a_number()
    again = Script(["1", "1"], longest=300.0 * OTHERS)
    threading.Thread(target=house.follows, args=(again, another, 1, 2), kwargs={"at": "open"}, daemon=True).start()
    call_sid = eventually(lambda: call_of(another), 60)
    both = eventually(lambda: len(joined(call_sid)) == 2 and joined(call_sid), 120)
    assert {exchange_of(leg.call_sid or "") for leg in both} == {1}
    house.kill(1)
    house.restart(1)


def _presence(user_id: int) -> str:
    with database.reading() as session:
        return session.get_one(Presence, user_id).state
