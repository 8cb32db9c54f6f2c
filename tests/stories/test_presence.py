"""Who answers calls, and who does not: a member who declines, has gone, or has not confirmed that they are there."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from ivr.accounts import users
from ivr.contact_centre import agent_presence
from ivr.models.accounts import User
from ivr.platform import database
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
    assert [5 <= rested[0] <= 10, 15 <= rested[1] <= 20, *(45 <= rested[at] <= 50 for at in (2, 3))] == [True] * 4, (
        rested
    )
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
