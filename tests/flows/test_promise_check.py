"""No sentence promises what no row holds: the script is proved, and each way to an early promise is named."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ivr.domain.enums import CallEnding, EventName
from ivr.flows import checker, promise_check
from ivr.flows.prompt_promises import MADE_BY, PROMISES
from ivr.flows.steps import Announce, Branch, End, Menu, Promise, RecordEvent
from ivr.flows.whole_script import Flow
from ivr.prompts.catalogue import OUTSIDE_THE_SCRIPT, catalogue
from tests.support.flows import FLOW, WHOLE


@pytest.mark.parametrize("flow", [FLOW, WHOLE], ids=["three languages", "all languages"])
def test_the_script_promises_nothing_before_a_row_holds_it(flow: Flow) -> None:
    assert promise_check.problems(flow) == []


def with_steps(**steps: object) -> list[str]:
    return promise_check.problems(replace(FLOW, steps={**FLOW.steps, **steps}))


def test_a_promise_that_is_spoken_too_early_is_named_with_the_way_to_it() -> None:
    (found,) = with_steps(closed=Announce(("closed", "promise_emergency"), to="unattended"))
    assert found.startswith("closed says promise_emergency before there is a row that holds it (task): ")
    assert found.endswith("→ reach_team –no→ closed_first –no→ closed_urgent –no→ closed")


def test_a_step_that_only_records_holds_no_promise() -> None:
    found = with_steps(ask_callback=RecordEvent(EventName.CHANGED, to="details"))
    assert any(problem.startswith("availability says availability before") for problem in found)


def test_the_keys_that_count_anywhere_are_followed() -> None:
    """After a promise the emergency key begins another request, which has no row yet."""
    found = with_steps(emergency_reason=replace(FLOW.steps["emergency_reason"], prompt="receipt"))
    assert any(problem.startswith("emergency_reason says receipt") for problem in found)


def test_silence_and_ways_out_of_the_queue_are_followed() -> None:
    found = with_steps(place_number=Announce(("place_kept",), to="number"), keep_place=Announce((), to="place_number"))
    assert any("place_number says place_kept" in problem and "call_queue –callback→" in problem for problem in found)
    silent = with_steps(leave_unserved=Announce(("silent_callback",), to="silent_at_last"))
    assert any("consent ––→ leave_unserved" in problem for problem in silent)


def test_steps_at_which_a_call_is_taken_up_again_are_followed() -> None:
    found = with_steps(technical_problem=Announce(("technical_problem", "receipt"), to="after_problem"))
    assert any(problem.endswith(": technical_problem") for problem in found)


def test_a_conversation_ends_what_was_promised_only_in_case_there_is_none() -> None:
    found = with_steps(after_call=End(CallEnding.CONNECTED, ("promise_emergency", "goodbye")))
    assert any(problem.startswith("after_call says promise_emergency") for problem in found)


def test_a_condition_that_knows_of_a_row_is_believed_on_its_own_side_only() -> None:
    receipt = FLOW.steps["receipt"]
    assert isinstance(receipt, Branch)
    turned = replace(receipt, yes=receipt.no, no=receipt.yes)
    flow = replace(FLOW, steps={**FLOW.steps, "receipt": turned, "no_number": Announce(("no_number",), to="receipt")})
    flow = replace(flow, fallback="receipt")
    assert any(problem.startswith("receipt_code says receipt ") for problem in promise_check.problems(flow))


def test_the_check_of_the_flow_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    broken = replace(
        FLOW, steps={**FLOW.steps, "main_menu": Menu("noted", FLOW.steps["main_menu"].choices, "reach_team")}
    )
    assert any("main_menu says noted" in problem for problem in checker.problems(broken))


def test_only_events_that_make_a_row_make_a_promise() -> None:
    for event in MADE_BY:
        Promise(event, to="number")
    with pytest.raises(ValueError, match="makes no row"):
        Promise(EventName.NUMBER_GIVEN, to="number")


#: German words by which a sentence promises, or reports something as taken down.
_PROMISING = re.compile(
    r"rufen (Sie|wir Sie)|melden uns|[Ww]ir schicken|angekommen|notiert|gespeichert|SMS kommt|kümmert|Platz bleibt"
)
#: What has such words and promises nothing: it asks, or says on what condition.
_JUDGED = {
    "line_options": "a question, and what its answer would bring",
    "send_where": "a question",
    "not_noted": "says when to call again",
    "not_noted_otherwise": "says when to call again",
    "no_number": "says that nobody will be called",
    "code_locked": "the caller may call later",
    "call_again": "the caller may",
    "privacy_information": "what a caller may ask",
    "answer_in_writing": "asked once there is a task",
    "availability": "asked once there is a task",
}


def test_every_sentence_that_sounds_like_a_promise_is_known_as_one() -> None:
    spoken = FLOW.prompts() - OUTSIDE_THE_SCRIPT
    texts = catalogue("de").texts
    sounding = {prompt for prompt in spoken if prompt in texts and _PROMISING.search(texts[prompt])}
    assert sounding - PROMISES.keys() - _JUDGED.keys() == set()
    assert {"promise_emergency", "silent_callback", "place_kept", "receipt", "noted", "link_sent"} <= sounding
    assert PROMISES.keys() <= FLOW.prompts(), "what is no longer spoken is no longer named"
