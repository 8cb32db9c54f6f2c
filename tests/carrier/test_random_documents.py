"""Every document of random walks through the call script is one of the carrier's, and a planted fault is seen."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import cycle
from xml.etree import ElementTree

import pytest

from ivr.domain.enums import CallQueueState
from ivr.domain.languages import LANGUAGES
from ivr.flows import engine
from ivr.flows.protocol import Bridged, HangUp, Input, Keys, LeftQueue, NoInterpreter, Recorded, Resumed, TalkEnded
from ivr.flows.state import CallState, spoken_values
from ivr.prompts.check import EXAMPLES
from ivr.telephony import twiml
from tests.flows.test_engine import WHOLE, Answers
from tests.support.conformance import document_faults
from tests.support.volume import volume

DOCUMENTS = volume(test=900, ci=2_000, soak=10_000, night=30_000)
_INPUTS = (
    *(Keys(key) for key in "1234567890*#"), Keys(), Keys("1", early=True), Keys("28195#"), Keys("015112345678#"),
    Recorded("RE1", 3), Recorded(), LeftQueue("callback"), LeftQueue("?"), Bridged("room"), TalkEnded(),
    NoInterpreter(), Resumed(),
)  # fmt: skip


@cache
def walked() -> tuple[str, ...]:
    return tuple(_documents(random.Random(11)))


def _documents(dice: random.Random) -> Iterator[str]:
    steps, count = sorted(WHOLE.steps), 0
    dice.shuffle(steps)
    for first in cycle(steps):  # from each step in turn: a rare one is not left to chance
        if count >= DOCUMENTS:
            return
        known = {
            "recording_number": 1,
            "callback_number": "+4915112345678",
            "receipt_code": "12345674",
            "room": "room-1",
        }
        state = CallState(first, dice.choice(sorted(LANGUAGES))).knowing(**known)
        for _ in range(12):
            turn = engine.answer(WHOLE, state, _given(dice), _answers(dice))
            count, state = count + 1, turn.state
            yield twiml.render(turn, "CA1", {**EXAMPLES, **spoken_values(turn.state)})
            if any(isinstance(verb, HangUp) for verb in turn.verbs):
                break


def _given(dice: random.Random) -> Input:
    return dice.choice(_INPUTS)


def _answers(dice: random.Random) -> Answers:
    outcomes, states = list(WHOLE.steps["find_request"].outcomes), list(CallQueueState)
    asks = dice.choice([(), ("age_group",), ("office",)])
    return Answers(dice.random() < 0.5, dice.random() < 0.5, asks, dice.choice(outcomes), dice.choice(states))


def test_every_document_of_random_walks_fits_the_carriers_types(empty_database) -> None:
    faults = Counter(fault for document in walked() for fault in document_faults(document))
    assert len(walked()) >= DOCUMENTS
    assert faults == Counter()


def test_the_walks_meet_every_verb_that_callers_get(empty_database) -> None:
    verbs = {element.tag for document in walked() for element in ElementTree.fromstring(document).iter()}
    assert verbs >= {"Response", "Say", "Play", "Gather", "Record", "Redirect", "Hangup", "Enqueue"}


@pytest.mark.parametrize("verb", ["Say", "Gather", "Record", "Redirect", "Hangup", "Enqueue"])
def test_a_fault_that_is_planted_in_a_document_is_seen(empty_database, verb: str) -> None:
    document = next(one for one in walked() if f"<{verb}" in one)
    assert document_faults(document) == []
    assert document_faults(_with(document, verb, attribute="colour")) == [f"<{verb}> has no attribute colour"]
    assert f"<Dance> cannot stand in <{verb}>" in document_faults(_with(document, verb, child="Dance"))
    assert f"<Record> cannot stand in <{verb}>" in document_faults(_with(document, verb, child="Record"))


def _with(document: str, verb: str, *, attribute: str = "", child: str = "") -> str:
    root = ElementTree.fromstring(document)
    found = next(root.iter(verb))
    if attribute:
        found.set(attribute, "red")
    if child:
        ElementTree.SubElement(found, child)
    return ElementTree.tostring(root, encoding="unicode")
