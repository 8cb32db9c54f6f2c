"""Conversations of people who do what the dice say: nobody is left in silence, alone, or without an answer.

Simulated people at handsets answer, decline, let ring, have mailboxes, press twice and hang up at any instant; events
of the carrier come late or not at all.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ivr.carrier import call_control
from ivr.contact_centre import conversation_notes
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


def forgets_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation_notes, "keep", lambda *_: None)


def rings_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    once = call_control.place_call

    def twice(*args: object, **wishes: object) -> str:
        once(*args, **wishes)
        return once(*args, **wishes)

    monkeypatch.setattr(call_control, "place_call", twice)


@pytest.mark.soak
@pytest.mark.parametrize(("plants", "found"), [(forgets_texts, "lost text"), (rings_twice, "double call")])
def test_the_verdict_finds_a_fault_that_is_planted(
    simulated: Callable[..., SimulatedCarrier], monkeypatch: pytest.MonkeyPatch, plants: Callable[..., None], found: str
) -> None:
    walk = Walk(simulated())
    plants(monkeypatch)
    walk.walks(3)
    assert any(found in fault for fault in walk.verdict())
