"""Conversations of people who do what the dice say: nobody is left in silence, alone, or without an answer.

Simulated people at handsets and in browsers answer, decline, let ring, have mailboxes, press twice and hang up at any
instant. Members hold and transfer, fetch interpreters and companions, and are listened to. Events of the carrier come
late, twice or not at all, and requests to it fail.
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
CONVERSATIONS = volume(test=3, ci=5, soak=5)
WALKS = volume(test=1, ci=2, soak=50, night=100)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("loses", "refuses"),
    [
        pytest.param(0.0, 0.0, id="orderly", marks=pytest.mark.since("ci")),
        pytest.param(0.02, 0.0, id="lossy"),
        pytest.param(0.0, 0.1, id="refusing"),
        pytest.param(0.0, 0.25, id="refusing a quarter", marks=pytest.mark.since("ci")),
    ],
)
def test_no_conversation_leaves_anybody_in_silence_alone_or_unserved(
    simulated: Callable[..., SimulatedCarrier], loses: float, refuses: float
) -> None:
    carrier = simulated(loses=loses, refuses=refuses)
    walk = Walk(carrier)
    faults = []
    for seed in range(WALKS):
        carrier.dice.seed(seed)
        walk.walks(CONVERSATIONS)
        faults += [f"walk {seed}: {fault}" for fault in walk.verdict()]
    assert faults == [], "\n".join(faults)
    assert walk.met >= WALKS, "callers and members have talked"
    assert walk.watch.looked, "rooms were looked into while people were in them"


def forgets_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation_notes, "keep", lambda *_: None)


def rings_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    once = call_control.place_call

    def twice(*args: object, **wishes: object) -> str:
        once(*args, **wishes)
        return once(*args, **wishes)

    monkeypatch.setattr(call_control, "place_call", twice)


@pytest.mark.since("ci")
@pytest.mark.parametrize(("plants", "found"), [(forgets_texts, "lost text"), (rings_twice, "double call")])
def test_the_verdict_finds_a_fault_that_is_planted(
    simulated: Callable[..., SimulatedCarrier], monkeypatch: pytest.MonkeyPatch, plants: Callable[..., None], found: str
) -> None:
    walk = Walk(simulated())
    plants(monkeypatch)
    walk.walks(3)
    assert any(found in fault for fault in walk.verdict())
