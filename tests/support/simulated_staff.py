"""People at handsets in simulated time who do exactly what a story says."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ivr.accounts import users
from ivr.contact_centre import agent_presence
from ivr.models.accounts import User
from ivr.platform import database
from tests.support.simulated_people import Handset, Waiting

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.simulated_calls import SimulatedCall
    from tests.support.simulated_carrier import SimulatedCarrier


class Scripted(Handset):
    """A telephone that is answered after some seconds, or never; its person presses a key and stays in the room."""

    def __init__(
        self, carrier: SimulatedCarrier, name: str, number: str, *, answers: float | None = 2.0, key: str = "1"
    ) -> None:
        super().__init__(carrier, name, number)
        self.answers, self.key = answers, key
        #: When it rang, and its last call.
        self.rung: list[datetime] = []
        self.call: SimulatedCall | None = None

    def rings(self, call: SimulatedCall, dice: random.Random) -> tuple[str, float]:
        self.rung.append(self.carrier.clock.now)
        self.call = call
        return ("answer", self.answers) if self.answers is not None else ("no-answer", 60.0)

    def is_asked(self, call: SimulatedCall, text: str, dice: random.Random) -> None:
        if self.key:
            self.carrier.clock.after(1.0, lambda: self.carrier.presses(call, self.key))

    def is_in_room(self, call: SimulatedCall, dice: random.Random) -> None:
        """They stay until the others are gone."""

    @property
    def heard(self) -> str:
        """Everything that was said to them in their last call."""
        return " ".join(self.call.said) if self.call is not None else ""


class InTurkish(Waiting):
    """A caller who chooses Turkish, then waits for a member."""

    chosen = False

    def is_asked(self, call: SimulatedCall, text: str, dice: random.Random) -> None:
        if self.chosen:
            super().is_asked(call, text, dice)
        else:
            self.chosen = True
            self.carrier.clock.after(1.0, lambda: self.carrier.presses(call, "3"))


def member(carrier: SimulatedCarrier, name: str = "mia") -> tuple[User, Scripted]:
    """Somebody of the benefits team who has come to work and speaks German."""
    with database.writing_alone() as session:
        user = users.add(session, name, name.title(), "member", "x" * 12, ["benefits"])
        session.flush()
        handset = Scripted(carrier, name, f"+4942198{user.id:05d}")
        agent_presence.start_answering(session, user, handset.number, ["de"], carrier.clock.now)
    return user, handset
