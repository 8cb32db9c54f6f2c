"""docs/carriers.md: each fact names a place and a test that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "carriers.md").read_text(encoding="utf-8")


def test_every_test_that_a_fact_names_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", DOCUMENT)
    assert len(named) > 40
    missing = [f"{path}::{name}" for path, name in named if f"def {name}(" not in (ROOT / path).read_text()]
    assert missing == []


#: What issues say can go wrong between the carrier and us.
BAD_INPUT = (
    *("401", "429 without", "429 with ", "5xx", "a certificate that ran out, DNS away", "no JSON"),
    *("signed as an empty form", "another account", "last year", "never comes"),
)


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    part = DOCUMENT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")][1:]


def test_every_fact_has_a_place_and_a_test_and_says_whether_it_was_tried() -> None:
    facts = rows("Facts")
    assert len(facts) > 50
    everywhere = "Documents and REST requests fit"  # what this says is of no one place
    placed = [row for row in facts if everywhere not in row[0]]
    assert [row for row in placed if len(row) != 4 or not re.search(r"`(ivr/|sms_)", row[1])] == []
    assert [row for row in facts if not re.fullmatch(r"(`tests/[\w/]+\.py::\w+`(, )?)+", row[2])] == []
    assert {row[3] for row in facts} <= {"yes", "no"}


def test_everything_that_can_go_wrong_has_an_outcome_and_a_test() -> None:
    outcomes = rows("Bad input")
    assert [name for name in BAD_INPUT if not any(name in row[0] for row in outcomes)] == []
    assert [row for row in outcomes if len(row) != 3 or not row[1] or "`tests/" not in row[2]] == []


def test_every_place_that_a_fact_names_is_there() -> None:
    places = set(re.findall(r"`(ivr/[\w/]+(?:\.py)?)`", DOCUMENT))
    assert [place for place in sorted(places) if not (ROOT / place).exists()] == []
