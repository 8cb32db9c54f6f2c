"""The call script is proved, and the checker finds what is wrong in others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.domain.enums import EmergencyKind
from ivr.flows import checker
from ivr.flows.steps import Announce, Choice, Menu
from ivr.flows.whole_script import Flow
from tests.support.flows import FLOW, WHOLE


@pytest.mark.parametrize("flow", [FLOW, WHOLE], ids=["three languages", "all languages"])
def test_the_script_is_proved(flow: Flow) -> None:
    assert checker.problems(flow) == []
    assert len(checker.longest_way(flow).keys) <= 5


def broken(**steps: object) -> list[str]:
    """What the checker finds in the script with some steps replaced."""
    return checker.problems(replace(FLOW, steps={**FLOW.steps, **steps}))


def test_the_checker_finds_what_is_wrong() -> None:
    assert broken(closed=Announce(("closed",), to="nowhere")) == ["closed leads to nowhere, which is no step"]
    assert "lost cannot be reached" in broken(lost=Announce(("closed",), to="consent"))
    assert any("circle" in problem for problem in broken(noted=Announce(("noted",), to="noted")))
    assert "noted leads to no ending" in broken(noted=Announce(("noted",), to="noted"))
    assert "no key leads to the concern rehab" in broken(other_matter=Menu("other_concern", {}, "reach_team"))
    assert "no key leads to a task of the kind postal_order" in broken(services=Menu("services", {}, "reach_team"))
    keys = {key: Choice("main_menu") for key in "1234567"}
    assert any("offers 7 choices" in problem for problem in broken(consent=Menu("consent", keys, "main_menu")))
    reasons = {key: Choice("reach_team", sets={"emergency_kind": EmergencyKind.OTHER}) for key in "12345"}
    assert any("offers 5 reasons" in one for one in broken(emergency_reason=Menu("emergency", reasons, "reach_team")))
    longer = {
        "other_matter": Menu("other_concern", {"1": Choice("more")}, "reach_team"),
        "more": Menu("more", {"1": Choice("still_more")}, "reach_team"),
        "still_more": Menu("still_more", {"1": Choice("reach_team")}, "reach_team"),
    }
    assert any("keys to a human or a tone" in problem for problem in broken(**longer))
