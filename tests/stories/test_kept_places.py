"""A caller whose telephone holds a kept place rings again, and is asked whether it is theirs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from ivr.accounts import users
from ivr.callbacks import claims
from ivr.contact_centre import wrap_up
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.calls import Call
from ivr.models.contact_centre import Conversation, Presence, QueueEntry
from ivr.platform import database
from ivr.workers import scheduler
from tests.support.environment import forget_settings
from tests.support.simulated_calls import SimulatedCall
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_people import Waiting
from tests.support.simulated_staff import Scripted, member

#: The question. It says nothing of a name, a date or a concern.
ASKED = "Haben Sie uns gebeten, Sie anzurufen, wenn Sie dran sind? Ja: die Eins. Nein: die Zwei."
PHONE, OTHER = "+4917612345678", "+4917687654321"


class Person(Waiting):
    """A caller who waits, with other keys at some prompts."""

    def __init__(self, carrier: SimulatedCarrier, number: str, **keys: str | None) -> None:
        super().__init__(carrier, "caller", number)
        self.KEYS = (*((prompt, ((key, 1),)) for prompt, key in keys.items()), *Waiting.KEYS)


class Queue:
    """A queue behind a member who talks."""

    def __init__(self, carrier: SimulatedCarrier) -> None:
        self.carrier, self.clock = carrier, carrier.clock
        self.mia, self.phone = member(carrier)
        self.talking = self.rings("+4917600000001")
        assert self.talking.room

    def rings(self, number: str, **keys: str) -> SimulatedCall:
        call = self.carrier.dials_in(Person(self.carrier, number, **keys))
        self.clock.run(40)
        return call

    def keeps(self, number: str, **keys: str) -> QueueEntry:
        """Somebody asks to be called in their turn, and hangs up."""
        call = self.rings(number, **{"line_options": "1", **keys})
        self.clock.run(60)
        if not call.is_over:
            self.carrier.hangs_up(call)
            self.clock.run(5)
        entry = self.entry(call)
        assert (entry.mode, entry.state) == ("callback", "waiting")
        return entry

    def entry(self, call: SimulatedCall) -> QueueEntry:
        with database.reading() as session:
            theirs = select(QueueEntry).join(Call).where(Call.call_sid == call.sid)
            return session.scalars(theirs.order_by(QueueEntry.id.desc())).first()

    def again(self, entry: QueueEntry) -> QueueEntry:
        with database.reading() as session:
            return session.get_one(QueueEntry, entry.id)

    def mia_is_free(self) -> None:
        """Whoever talks with mia hangs up, and she takes the next."""
        self.mia_is_free_in(30)

    def mia_is_free_in(self, seconds: float) -> None:
        """The same; so many seconds pass after she has written it down."""
        for call in list(self.carrier.calls.values()):
            if call.room and call.inbound:
                self.carrier.hangs_up(call)
        self.clock.run(15)
        with database.writing_alone() as session:
            wrap_up.finish(session, session.get_one(User, self.mia.id), "settled", "", self.clock.now)
        self.clock.run(seconds)

    def comes_to_a_match(self) -> None:
        """What the scheduler does each second."""
        scheduler.distribute()

    def presence(self) -> tuple[str, int]:
        """Mia's state, and how many calls she has missed in a row."""
        with database.reading() as session:
            here = session.get_one(Presence, self.mia.id)
            return here.state, here.missed


def was_asked(call: SimulatedCall) -> bool:
    return ASKED in call.said


@pytest.fixture
def queue(simulated: Callable[..., SimulatedCarrier]) -> Queue:
    return Queue(simulated(rounds=False))


def test_who_says_yes_goes_on_with_the_kept_place_and_is_not_called_any_more(queue: Queue) -> None:
    kept = queue.keeps(PHONE)
    other = queue.rings(OTHER)
    assert not was_asked(other)
    again = queue.rings(PHONE, your_place="1")
    assert was_asked(again)
    assert any("Platz 1" in said for said in again.said), again.said
    assert queue.entry(again).joined_at == kept.joined_at
    assert queue.again(kept).state == "waiting", "it is kept until they are served"
    telephone = Scripted(queue.carrier, "caller", PHONE)
    queue.carrier.handsets[PHONE] = again.handset
    queue.mia_is_free()
    assert (bool(again.room), bool(other.room)) == (True, False)
    assert (queue.again(kept).state, queue.again(kept).reason) == ("left", "withdrawn")
    queue.carrier.handsets[PHONE] = telephone
    queue.mia_is_free()
    assert other.room
    queue.mia_is_free()
    assert telephone.rung == [], "nobody is called who has been served"
    assert queue.carrier.faults == []
    with database.reading() as session:
        task = session.get_one(CallbackTask, kept.task_id)
        assert task.state == "open", "whether it is settled is for the member to say"


def test_who_says_yes_and_hangs_up_is_called_all_the_same(queue: Queue) -> None:
    kept = queue.keeps(PHONE)
    again = queue.rings(PHONE, your_place="1")
    queue.carrier.hangs_up(again)
    queue.clock.run(5)
    telephone = Scripted(queue.carrier, "caller", PHONE)
    queue.mia_is_free()
    queue.clock.run(30)
    assert len(telephone.rung) == 1
    assert queue.again(kept).state == "answered"


@pytest.mark.parametrize("key", ["2", None])
def test_a_no_or_silence_leaves_the_place_and_waits_anew(queue: Queue, key: str | None) -> None:
    kept = queue.keeps(PHONE)
    queue.rings(OTHER)
    again = queue.rings(PHONE, your_place=key)
    assert was_asked(again)
    assert queue.entry(again).joined_at > kept.joined_at
    assert queue.entry(again).continues_id is None
    assert queue.again(kept).state == "waiting"


def test_who_keeps_the_place_anew_holds_one_place(queue: Queue) -> None:
    kept = queue.keeps(PHONE)
    anew = queue.keeps(PHONE, your_place="1")
    assert queue.again(kept).state == "left"
    assert anew.joined_at == kept.joined_at
    telephone = Scripted(queue.carrier, "caller", PHONE)
    queue.mia_is_free()
    queue.clock.run(30)
    assert len(telephone.rung) == 1


@pytest.mark.parametrize(
    ("keys", "number"),
    [({"other_languages": "2"}, PHONE), ({"other_languages": "9"}, PHONE), ({}, OTHER)],
    ids=["another team", "an emergency", "another number"],
)
def test_who_is_not_asked(queue: Queue, keys: dict[str, str], number: str) -> None:
    queue.keeps(PHONE)
    assert not was_asked(queue.rings(number, **keys))


def test_a_place_that_cannot_be_served_is_not_asked_about(queue: Queue) -> None:
    kept = queue.keeps(PHONE)
    with database.writing() as session:
        session.get_one(CallbackTask, kept.task_id).state = "closed"
    assert not was_asked(queue.rings(PHONE))


def test_a_full_queue_has_room_for_who_has_a_place(queue: Queue) -> None:
    queue.keeps(PHONE)
    for number in range(5):
        queue.rings(f"+4917600000{number + 10:03d}")
    again = queue.rings(PHONE, your_place="1")
    assert queue.entry(again).state == "waiting"
    assert any("Platz 1" in said for said in again.said)


def test_who_rings_while_a_member_is_rung_for_their_place_is_called_when_that_is_over(queue: Queue) -> None:
    """The member hears that it is off, is free again, and has missed nothing; the place stays where it was."""
    kept = queue.keeps(PHONE)
    queue.phone.answers = 6.0
    queue.mia_is_free_in(3)
    rung = len(queue.phone.rung)
    again = queue.carrier.dials_in(Person(queue.carrier, PHONE, main=None))
    queue.clock.run(10)
    assert "hat sich erledigt" in queue.phone.heard
    assert (queue.again(kept).state, queue.again(kept).joined_at) == ("waiting", kept.joined_at)
    assert queue.presence() == ("available", 0)
    assert len(queue.phone.rung) == rung, "nobody is rung for somebody who is calling"
    queue.carrier.hangs_up(again)
    telephone = Scripted(queue.carrier, "caller", PHONE)
    queue.clock.run(3)
    queue.comes_to_a_match()
    queue.clock.run(40)
    assert len(telephone.rung) == 1
    assert (queue.again(kept).state, bool(telephone.call and telephone.call.room)) == ("answered", True)
    assert queue.carrier.faults == []


@pytest.mark.parametrize("why", ["cap", "claimed", "closed"])
def test_who_cannot_be_called_any_more_gives_the_place_up_and_the_member_is_free(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """A telephone rings for half a minute: much may happen meanwhile. The request stays, and is worked as any other."""
    kept = queue.keeps(PHONE)
    queue.phone.answers = 10.0
    queue.mia_is_free_in(5)
    rung, telephone = len(queue.phone.rung), Scripted(queue.carrier, "caller", PHONE)
    with database.writing_alone() as session:
        task = session.get_one(CallbackTask, kept.task_id)
        if why == "claimed":
            nils = users.add(session, "nils", "Nils", "member", "x" * 12, ["benefits"])
            session.flush()
            claims.claim(session, task, nils, queue.clock.now)
    limits = {"cap": ("CALLS_A_DAY", "0"), "closed": ("CALLING_HOURS__DAILY", "00:00-00:01")}
    if why in limits:
        monkeypatch.setenv(*limits[why])
        forget_settings()
    queue.clock.run(60)
    assert "hat sich erledigt" in queue.phone.heard
    assert (queue.again(kept).state, queue.again(kept).reason) == ("left", "withdrawn")
    assert (queue.presence(), len(queue.phone.rung), telephone.rung) == (("available", 0), rung, [])
    with database.reading() as session:
        assert session.get_one(CallbackTask, kept.task_id).state == ("claimed" if why == "claimed" else "open")
        assert session.scalar(select(Conversation.id).where(Conversation.state != "ended")) is None
