"""Conversations of people who do what the dice say: nobody is left in silence, alone, or without an answer.

Simulated people at handsets answer, decline, let ring, have mailboxes, press twice and hang up at any instant; events
of the carrier come late or not at all.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.simulated_carrier import SimulatedCarrier
from tests.support.simulated_walk import Walk
from tests.support.volume import volume

#: Conversations of a walk.
CONVERSATIONS = 5
WALKS = volume(test=2, soak=200)


@pytest.mark.soak
def test_no_conversation_leaves_anybody_in_silence_alone_or_unserved(
    simulated: Callable[..., SimulatedCarrier],
) -> None:
    carrier = simulated(loses=0.02)
    walk = Walk(carrier)
    faults = []
    for seed in range(WALKS):
        carrier.dice.seed(seed)
        walk.walks(CONVERSATIONS)
        faults += [f"walk {seed}: {fault}" for fault in walk.verdict()]
    assert faults == []
    assert walk.met >= WALKS, "callers and members have talked"
