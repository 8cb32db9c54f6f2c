"""A call's state with other values in some slots: the quick way gives what the standard library gives."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from ivr.flows.state import CallState, changed

BEFORE = CallState("main", "de", callback_number="+4915112345678", last_prompts=("welcome",))


@pytest.mark.parametrize("slots", [{}, {"step": "goodbye"}, {"language": "tr", "tries": 2, "last_prompts": ()}])
def test_it_is_what_the_standard_library_gives(slots) -> None:
    after = changed(BEFORE, **slots)
    assert after == replace(BEFORE, **slots)
    assert hash(after.step) == hash(replace(BEFORE, **slots).step)
    assert CallState("main", "de", callback_number="+4915112345678", last_prompts=("welcome",)) == BEFORE
    assert {known.name for known in fields(after)} == set(vars(after))


def test_a_slot_that_is_not_there_is_an_error() -> None:
    with pytest.raises(TypeError, match="no slot colour"):
        changed(BEFORE, colour="red")


def test_what_was_changed_is_frozen_as_before() -> None:
    with pytest.raises(FrozenInstanceError):
        changed(BEFORE, tries=1).tries = 2
