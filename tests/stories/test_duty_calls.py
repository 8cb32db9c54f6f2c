"""Members who come by telephone are asked at the start of a duty: one call, one repeat, and nobody else is rung."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest

from ivr.accounts import users
from ivr.contact_centre import agent_presence, duty_call_job, duty_roster
from ivr.models.accounts import User
from ivr.models.contact_centre import Duty, DutyException, Presence
from ivr.platform import database
from ivr.workers import scheduler
from tests.support.simulated_calls import SimulatedCall
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_people import Handset, Waiting

#: A Monday; nine o'clock in Bremen.
NINE = datetime(2026, 11, 23, 8, tzinfo=UTC)
TODAY = date(2026, 11, 23)


class Desk(Handset):
    """A member's telephone, which notes when it rings, and presses a key or is not answered."""

    def __init__(self, carrier: SimulatedCarrier, name: str, number: str, key: str | None) -> None:
        super().__init__(carrier, name, number)
        self.key, self.rung, self.said = key, [], []

    def rings(self, call, dice):
        self.rung.append(self.carrier.clock.now)
        return ("answer", 1.0) if self.key is not None else ("no-answer", 60.0)

    def is_asked(self, call, text, dice):
        self.said.append(text)
        if self.key:
            self.carrier.clock.after(1.0, lambda: self.carrier.presses(call, self.key))

    def is_in_room(self, call, dice):
        pass


class Office:
    """A hotline in simulated time whose members have duties."""

    def __init__(self, carrier: SimulatedCarrier) -> None:
        self.carrier, self.clock = carrier, carrier.clock

    def member(
        self, name: str, key: str | None = "1", *, duty: str = "09-12", number: str = "", in_browser: bool = False,
        came: bool = True, fallback: bool = False, weekday: int = 0,
    ) -> tuple[User, Desk]:  # fmt: skip
        """Somebody who came to work last Friday, and has gone since."""
        with database.writing_alone() as session:
            user = users.add(session, name, name.title(), "member", "x" * 12, ["benefits"])
            session.flush()
            desk = Desk(self.carrier, name, number or f"+4942198{user.id:05d}", key)
            if came:
                friday = NINE - timedelta(days=3)
                agent_presence.start_answering(session, user, desk.number, ["de"], friday, in_browser=in_browser)
                agent_presence.stop_answering(session, user, friday + timedelta(hours=1), for_good=True)
            if duty:
                starts, ends = (time(int(hour)) for hour in duty.split("-"))
                session.add(
                    Duty(
                        team_id=user.teams[0].id, user_id=user.id, weekday=weekday, starts=starts, ends=ends,
                        fallback=fallback,
                    )
                )  # fmt: skip
        return user, desk

    def works(self, minutes: float) -> None:
        """Time passes, and the scheduler does its rounds."""
        until = self.clock.now + timedelta(minutes=minutes)
        while self.clock.now < until:
            scheduler.end_presences()
            scheduler.ask_for_duty()
            self.clock.run(60)

    @staticmethod
    def state(user: User) -> str:
        with database.reading() as session:
            here = session.get(Presence, user.id)
            return here.state if here is not None else "offline"


@pytest.fixture
def office(simulated: Callable[..., SimulatedCarrier]) -> Office:
    return Office(simulated(rounds=False))


def test_who_presses_1_at_the_start_of_a_duty_is_rung_for_the_next_caller(office: Office) -> None:
    office.clock.now = NINE - timedelta(minutes=2)
    mia, desk = office.member("mia")
    office.works(1)
    assert desk.rung == [], "the duty has not begun"
    office.works(3)
    assert len(desk.rung) == 1
    assert "Ihr Dienst hat begonnen" in desk.said[0]
    assert office.state(mia) == "available"
    office.carrier.dials_in(Waiting(office.carrier, "caller", "+4917612345678"))
    office.works(1)
    assert office.state(mia) == "talking"
    assert office.carrier.faults == []


def test_who_presses_2_is_left_alone_for_the_whole_duty(office: Office) -> None:
    mia, desk = office.member("mia", "2")
    office.works(35)
    assert (len(desk.rung), office.state(mia)) == (1, "offline")


def test_a_mailbox_is_no_answer_and_is_rung_once(office: Office) -> None:
    mia, desk = office.member("mia", "")
    office.works(35)
    assert (len(desk.rung), office.state(mia)) == (1, "offline")


def test_who_does_not_answer_is_rung_once_more_and_then_never(office: Office) -> None:
    mia, desk = office.member("mia", None)
    office.works(60)
    first, second = desk.rung
    assert timedelta(minutes=5) <= second - first <= timedelta(minutes=6)
    assert office.state(mia) == "offline"


def test_the_next_duty_asks_again(office: Office) -> None:
    _, desk = office.member("mia", None)
    office.works(20)
    assert len(desk.rung) == 2
    with database.writing() as session:
        session.query(Duty).update({"weekday": 1})
    office.clock.now = NINE + timedelta(days=1)
    desk.key = "1"
    office.works(2)
    assert len(desk.rung) == 3


def test_nobody_is_rung_who_has_come_or_comes_in_the_browser_or_has_no_duty(office: Office) -> None:
    there, _ = office.member("there")
    with database.writing_alone() as session:
        agent_presence.start_answering(session, session.get_one(User, there.id), "+4942198765", ["de"], NINE)
    office.carrier.handsets["+4942198765"] = office.carrier.handsets[f"+4942198{there.id:05d}"]
    office.member("browser", in_browser=True)
    office.member("no_duty", duty="")
    office.member("tomorrow", weekday=1)
    office.member("later", duty="11-12")
    office.member("helper", fallback=True)
    office.member("never_came", came=False)
    absent, _ = office.member("absent")
    left, _ = office.member("left")
    with database.writing() as session:
        session.add(DutyException(user_id=absent.id, day=TODAY))
        session.get_one(User, left.id).active = False
    office.works(10)
    assert {desk.name: desk.rung for desk in office.carrier.handsets.values() if desk.rung} == {}
    assert office.carrier.calls == {}


def test_who_came_for_this_duty_and_went_is_not_asked(office: Office) -> None:
    mia, desk = office.member("mia")
    office.clock.now = NINE + timedelta(minutes=1)
    with database.writing_alone() as session:
        user = session.get_one(User, mia.id)
        agent_presence.start_answering(session, user, desk.number, ["de"], office.clock.now)
        agent_presence.stop_answering(session, user, office.clock.now, for_good=True)
    office.works(10)
    assert desk.rung == []


def test_a_duty_before_the_hotline_opens_rings_nobody_out_of_bed(office: Office) -> None:
    office.clock.now = NINE - timedelta(hours=2, minutes=1)  # a minute to seven; the hotline opens at eight
    _, desk = office.member("mia", None, duty="07-12")
    office.works(60)
    assert desk.rung == []
    office.works(10)
    assert len(desk.rung) == 2
    assert desk.rung[0] >= NINE - timedelta(hours=1)


def test_an_old_duty_is_not_asked_about_after_an_outage(office: Office) -> None:
    _, desk = office.member("mia")
    office.clock.now = NINE + timedelta(hours=1)
    office.works(10)
    assert desk.rung == []


def test_a_telephone_of_two_members_is_rung_for_one_after_the_other(office: Office) -> None:
    shared = "+4942177777"
    mia, _ = office.member("mia", number=shared)
    nils, desk = office.member("nils", number=shared)
    office.works(5)
    assert len(desk.rung) == 2
    assert (office.state(mia), office.state(nils)) == ("available", "available")
    assert office.carrier.faults == []


def test_a_key_that_comes_after_the_call_is_over_changes_nothing(office: Office) -> None:
    mia, desk = office.member("mia", "2")
    office.works(1)
    (call,) = office.carrier.calls.values()
    office.clock.run(400)
    office.carrier.post(f"/voice/duty/key?member={mia.id}", call, Digits="1")
    assert office.state(mia) == "offline"
    assert len(desk.rung) == 1


def _rung_twice(office: Office) -> tuple[User, SimulatedCall, SimulatedCall]:
    """A member whom a first call did not reach, while the second one has just been answered."""
    mia, desk = office.member("mia", None)
    office.works(3)
    desk.key = ""
    office.works(4)
    first, second = office.carrier.calls.values()
    return mia, first, second


@pytest.mark.parametrize("which", ["first", "stranger", "nobody"])
@pytest.mark.parametrize("bound", [True, False], ids=["after the answer", "before any event"])
def test_an_event_of_another_call_decides_nothing_about_a_duty(office: Office, which: str, bound: bool) -> None:
    """It comes late, twice or from elsewhere: who is asked, is asked by one call."""
    mia, first, second = _rung_twice(office)
    stranger = SimulatedCall("CA" + "5" * 32, first.from_, first.to, first.handset, False, "")
    nobody = SimulatedCall("", first.from_, first.to, first.handset, False, "")
    other = {"first": first, "stranger": stranger, "nobody": nobody}[which]
    with database.writing() as session:
        here = session.get_one(Presence, mia.id)
        here.duty_calls = 1
        here.duty_call_sid = second.sid if bound else None
    assert first.url != second.url, "each call has an address of its own"
    for address in (f"/voice/duty?member={mia.id}", first.url, f"/voice/duty/key?member={mia.id}"):
        office.carrier.post(address, other, Digits="1")
    with database.reading() as session:
        here = session.get_one(Presence, mia.id)
        assert (here.state, here.duty_calls) == ("offline", 1)
        assert here.duty_call_sid == (second.sid if bound else None)
    office.carrier.post(second.url, second)
    office.carrier.post(f"/voice/duty/key?member={mia.id}", second, Digits="1")
    assert office.state(mia) == "available"


def test_a_key_that_comes_twice_brings_nobody_back_who_has_gone(office: Office) -> None:
    mia, _desk = office.member("mia")
    office.works(2)
    (call,) = office.carrier.calls.values()
    assert office.state(mia) == "available"
    office.carrier.post(f"/voice/duty/key?member={mia.id}", call, Digits="1")
    assert office.state(mia) == "available"
    with database.writing_alone() as session:
        agent_presence.stop_answering(session, session.get_one(User, mia.id), office.clock.now, for_good=True)
    office.carrier.post(f"/voice/duty/key?member={mia.id}", call, Digits="1")
    assert office.state(mia) == "offline"


def test_the_job_of_a_duty_that_runs_twice_rings_once(office: Office) -> None:
    """Its worker dies after the call is placed, and the work comes back."""
    mia, _desk = office.member("mia", None)
    office.works(0.5)
    duty_call_job.ask_for_duty(mia.id)
    office.clock.run(30)
    assert len(office.carrier.calls) == 1


@pytest.mark.parametrize(
    ("duties", "exception", "now", "begun"),
    [
        (["08-12", "12-16"], None, 13, 8),  # one duty follows the other
        (["08-12", "13-16"], None, 14, 13),
        (["08-12"], None, 12, None),
        (["08-12"], ("10", "14"), 9, None),
        (["08-12"], ("10", "14"), 13, 10),
        ([], ("10", "14"), 11, 10),
    ],
)
def test_since_when_somebody_is_on_duty(office: Office, duties, exception, now, begun) -> None:
    user, _ = office.member("mia", duty="")
    with database.writing() as session:
        team_id = session.get_one(User, user.id).teams[0].id
        for duty in duties:
            starts, ends = (time(int(hour)) for hour in duty.split("-"))
            session.add(Duty(team_id=team_id, user_id=user.id, weekday=0, starts=starts, ends=ends))
        if exception:
            starts, ends = (time(int(hour)) for hour in exception)
            session.add(DutyException(user_id=user.id, day=TODAY, starts=starts, ends=ends))
    with database.reading() as session:
        found = duty_roster.begun(session, datetime(2026, 11, 23, now - 1, tzinfo=UTC))
    expected = {} if begun is None else {user.id: datetime(2026, 11, 23, begun - 1, tzinfo=UTC)}
    assert found == expected
