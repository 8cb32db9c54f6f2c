"""The drawing of the call script."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from ivr.config import sections
from ivr.domain.languages import LANGUAGES
from ivr.flows import conversation_diagram, diagram
from ivr.flows.hotline import hotline
from tests.support.flows import WHOLE

ROOT = Path(__file__).parent.parent.parent


def said_in(drawn: str) -> list[str | None]:
    return [element.text for element in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]


def test_the_drawing_has_every_step() -> None:
    assert {*WHOLE.steps, "ja", "nein"} <= set(said_in(diagram.svg(WHOLE)))


def test_the_drawing_in_the_docs_is_of_this_script() -> None:
    """`python -m ivr flow diagram --output docs/call-script.svg`, where Korean is not installed."""
    offered = tuple(code for code in LANGUAGES if code != "ko")
    shipped = hotline(offered, tuple(f"form_{form}" for form in sections.FORMS))
    drawn = (ROOT / "docs" / "call-script.svg").read_text()
    assert sorted(said_in(drawn)) == sorted(said_in(diagram.svg(shipped)))  # where boxes stand may vary


def test_the_drawing_of_the_rules_of_a_conversation_is_of_these_rules() -> None:
    """`python -m ivr flow diagram --conversation --output docs/conversation.svg`."""
    drawn = (ROOT / "docs" / "conversation.svg").read_text()
    assert "zu Ende" in said_in(drawn)
    assert sorted(map(str, said_in(drawn))) == sorted(map(str, said_in(conversation_diagram.svg())))
