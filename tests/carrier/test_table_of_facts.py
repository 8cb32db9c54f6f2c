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


def test_every_place_that_a_fact_names_is_there() -> None:
    places = set(re.findall(r"`(ivr/[\w/]+(?:\.py)?)`", DOCUMENT))
    assert [place for place in sorted(places) if not (ROOT / place).exists()] == []
