"""Conversations that closing time finds in the midst: of a queue, a ringing telephone, a transfer, a callback.

Or a supervisor closes the house at once. Nobody is left in silence, alone, or without an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from ivr.notices import present
from tests.support.notices import enter
from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_walk import Walk
from tests.support.volume import volume

WALKS = volume(test=1, ci=2, soak=12, night=100)
#: Callers of a walk.
CALLERS = 4


class LateWalk(Walk):
    """Callers who ring some minutes before the hotline closes."""

    def _begins_in_the_morning(self) -> None:
        super()._begins_in_the_morning()
        local = self.now.astimezone(present.hours().zone)
        late = local.replace(hour=17, minute=55, second=0) + timedelta(seconds=self.dice.randrange(300))
        self.carrier.clock.skip_to(late.astimezone(self.now.tzinfo))


class ClosedWalk(Walk):
    """Callers in whose call a supervisor closes the house for the day."""

    def walks(self, conversations: int) -> None:
        self.carrier.clock.after(self.dice.randrange(20, 150), self._closes)
        super().walks(conversations)

    def _closes(self) -> None:
        if present.are_calls_placed(self.now):
            enter(self.now.astimezone(present.hours().zone).date(), None, self.now)
            present.forget()


@pytest.mark.soak
@pytest.mark.parametrize("kind", [LateWalk, ClosedWalk])
@pytest.mark.parametrize(("loses", "refuses"), [(0.0, 0.0), (0.02, 0.1)], ids=["orderly", "disturbed"])
def test_closing_time_leaves_nobody_in_silence_alone_or_unserved(
    simulated: Callable[..., SimulatedCarrier], kind: type[Walk], loses: float, refuses: float
) -> None:
    carrier = simulated(loses=loses, refuses=refuses)
    walk, faults = kind(carrier), []
    for seed in range(WALKS):
        carrier.dice.seed(seed)
        walk.walks(CALLERS)
        faults += [f"walk {seed}: {fault}" for fault in walk.verdict()]
    assert faults == [], "\n".join(faults)
