"""Who answers calls, and who does not: a member who declines, has gone, or has not confirmed that they are there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest
from flask.testing import FlaskClient

from ivr.accounts import users
from ivr.contact_centre import agent_presence, duty_roster
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.contact_centre import Duty, DutyException, Presence
from ivr.platform import database
from ivr.workers import scheduler
from tests.support.simulated_calls import SimulatedCall
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_people import Handset, Waiting


class Decliner(Handset):
    """A member who always presses 2 at once."""

    def rings(self, call, dice):
        self.carrier.rung.append((self.name, self.carrier.clock.now))
        return "answer", 1.0

    def is_asked(self, call, text, dice):
        self.carrier.clock.after(1.0, lambda: self.carrier.presses(call, "2"))


class Taker(Decliner):
    """A member who always takes the call."""

    def is_asked(self, call, text, dice):
        self.carrier.clock.after(1.0, lambda: self.carrier.presses(call, "1"))

    def is_in_room(self, call, dice):
        pass


@pytest.fixture
def carrier(simulated: Callable[..., SimulatedCarrier]) -> SimulatedCarrier:
    carrier = simulated()
    carrier.rung = []
    return carrier


def member(carrier: SimulatedCarrier, name: str, kind: type[Handset] = Taker) -> User:
    """Somebody of the benefits team who has come to work."""
    with database.writing_alone() as session:
        user = users.add(session, name, name.title(), "member", "x" * 12, ["benefits"])
        session.flush()
        handset = kind(carrier, name, f"+4942198{user.id:05d}")
        agent_presence.start_answering(session, user, handset.number, ["de"], carrier.clock.now)
    return user


def waits(carrier: SimulatedCarrier) -> SimulatedCall:
    return carrier.dials_in(Waiting(carrier, "caller", "+4917612345678"))


def pauses(carrier: SimulatedCarrier) -> list[float]:
    """Seconds between two rings."""
    times = [at for _, at in carrier.rung]
    return [(later - earlier).total_seconds() for earlier, later in pairwise(times)]


def test_the_only_member_declines_and_is_left_alone_longer_and_longer(carrier: SimulatedCarrier) -> None:
    member(carrier, "mia", Decliner)
    person = waits(carrier)
    carrier.clock.run(200)
    rested = [round(pause) for pause in pauses(carrier)]
    for at, least in enumerate((5, 15, 45, 45)):
        assert least <= rested[at] <= least + 10, rested
    assert carrier.faults == []
    said = " ".join(person.said)
    assert "Platz 1" in said
    assert "niemand ans Telefon" in said.partition("Platz 1")[2], "after three declines they hear why it takes so long"


def test_others_are_rung_at_once_after_somebody_has_declined(carrier: SimulatedCarrier) -> None:
    member(carrier, "mia", Decliner)
    member(carrier, "nils")
    waits(carrier)
    carrier.clock.run(60)
    assert [name for name, _ in carrier.rung] == ["mia", "nils"]
    assert pauses(carrier)[0] < 5


def test_who_goes_away_after_declining_and_comes_again_wants_calls_at_once(carrier: SimulatedCarrier) -> None:
    mia = member(carrier, "mia", Decliner)
    waits(carrier)
    while len(carrier.rung) < 3:
        carrier.clock.run(1)
    carrier.clock.run(4)
    with database.writing_alone() as session:
        agent_presence.stop_answering(session, session.get_one(User, mia.id), carrier.clock.now, for_good=False)
    carrier.clock.run(5)
    comes(carrier, mia, in_browser=False)
    waits(carrier)
    carrier.clock.run(20)
    assert len(carrier.rung) == 4
    assert carrier.faults == []


# -- who has gone ---------------------------------------------------------------------------------------


def state_of(user: User) -> str:
    with database.reading() as session:
        return session.get_one(Presence, user.id).state


def comes(carrier: SimulatedCarrier, user: User, *, in_browser: bool) -> None:
    with database.writing_alone() as session:
        number = f"+4942198{user.id:05d}"
        agent_presence.start_answering(session, user, number, ["de"], carrier.clock.now, in_browser=in_browser)


def test_who_logs_out_is_not_rung(desk: Callable[..., FlaskClient]) -> None:
    browser = desk("mia")
    browser.post("/desk/live/come", data={"number": "0421 98765"})
    assert state_of(desk.people["mia"]) == "available"
    browser.post("/logout")
    assert state_of(desk.people["mia"]) == "offline"


def test_who_came_by_telephone_may_log_out_of_the_browser(desk: Callable[..., FlaskClient]) -> None:
    browser, mia = desk("mia"), desk.people["mia"]
    with database.writing_alone() as session:
        agent_presence.start_answering(session, mia, "+4942198765", [], utc_now())
    browser.post("/logout")
    assert state_of(mia) == "available"


def test_a_browser_that_is_silent_ends_the_presence_and_one_that_lives_does_not(carrier: SimulatedCarrier) -> None:
    mia, nils = member(carrier, "mia"), member(carrier, "nils")
    for user in (mia, nils):
        comes(carrier, user, in_browser=True)
    for _ in range(8):
        carrier.clock.run(30)
        with database.writing() as session:
            agent_presence.seen(session, nils.id, carrier.clock.now)
    scheduler.end_presences()
    assert (state_of(mia), state_of(nils)) == ("offline", "available")
    waits(carrier)
    carrier.clock.run(60)
    assert [name for name, _ in carrier.rung] == ["nils"]


def test_closing_time_ends_every_presence_and_yesterday_never_counts(carrier: SimulatedCarrier) -> None:
    mia = member(carrier, "mia")
    comes(carrier, mia, in_browser=False)
    carrier.clock.now = datetime(2026, 11, 24, 8, tzinfo=UTC)
    with database.reading() as session:
        team_id = session.get_one(User, mia.id).teams[0].id
        assert not duty_roster.somebody_answers(session, team_id, carrier.clock.now), "even before it has been ended"
    scheduler.end_presences()
    assert state_of(mia) == "offline"
    comes(carrier, mia, in_browser=False)
    carrier.clock.now += timedelta(hours=2)
    scheduler.end_presences()
    assert state_of(mia) == "available"


def test_who_comes_after_closing_time_is_there(carrier: SimulatedCarrier) -> None:
    mia = member(carrier, "mia")
    carrier.clock.now = datetime(2026, 11, 23, 19, tzinfo=UTC)
    comes(carrier, mia, in_browser=False)
    carrier.clock.now += timedelta(hours=1)
    scheduler.end_presences()
    assert state_of(mia) == "available"


def test_the_end_of_the_last_duty_ends_a_presence_after_the_call(carrier: SimulatedCarrier) -> None:
    mia, nils = member(carrier, "mia"), member(carrier, "nils")
    with database.writing() as session:
        team_id = session.get_one(User, mia.id).teams[0].id
        for user in (mia, nils):
            duty = Duty(team_id=team_id, user_id=user.id, weekday=0, starts=time(8), ends=time(12))
            session.add(duty)
            session.get_one(Presence, user.id).state = "talking" if user is nils else "available"
    carrier.clock.now = datetime(2026, 11, 23, 10, 59, tzinfo=UTC)
    scheduler.end_presences()
    assert state_of(mia) == "available"
    carrier.clock.now = datetime(2026, 11, 23, 11, tzinfo=UTC)  # noon in Bremen
    scheduler.end_presences()
    assert (state_of(mia), state_of(nils)) == ("offline", "talking")
    with database.reading() as session:
        assert session.get_one(Presence, nils.id).afterwards == "offline"
    comes(carrier, mia, in_browser=False)
    scheduler.end_presences()
    assert state_of(mia) == "available", "who stays longer comes again"


def test_a_duty_of_one_day_alone_ends_a_presence_as_others_do(carrier: SimulatedCarrier) -> None:
    """A colleague is ill: mia takes their hours of this Monday, on which she has no duty by the roster."""
    mia = member(carrier, "mia")
    with database.writing() as session:
        session.add(DutyException(user_id=mia.id, day=carrier.clock.now.date(), starts=time(8), ends=time(12)))
    carrier.clock.now = datetime(2026, 11, 23, 10, 59, tzinfo=UTC)
    scheduler.end_presences()
    assert state_of(mia) == "available"
    carrier.clock.now = datetime(2026, 11, 23, 11, tzinfo=UTC)  # noon in Bremen
    scheduler.end_presences()
    assert state_of(mia) == "offline"
