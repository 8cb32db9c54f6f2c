"""The papers are those of this code."""

from __future__ import annotations

import ast
from pathlib import Path

import ivr.access.models
import ivr.alerts.models
import ivr.figures.models
import ivr.live.models
import ivr.retention.models
import ivr.sla.models  # noqa: F401 - their tables
from ivr import papers
from ivr.models import Base
from ivr.papers.inventory import TABLES
from ivr.papers.safeguards import MEASURES, THREATS
from ivr.retention.periods import PERIODS

ROOT = Path(__file__).parent.parent


def test_the_papers_in_docs_are_the_present_ones() -> None:
    for name, text in papers.contents().items():
        assert (ROOT / "docs" / "papers" / name).read_text(encoding="utf-8") == text, "run `python -m ivr papers`"


def test_every_table_is_in_the_inventory() -> None:
    assert set(TABLES) == {table.name for table in Base.metadata.sorted_tables}
    assert {kind for kept in TABLES.values() for kind in kept.periods} <= set(PERIODS)


def test_every_measure_is_proved_by_a_test_and_every_threat_names_measures() -> None:
    for measure in MEASURES.values():
        file, _, function = measure.proof.partition("::")
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, measure.proof
    assert {name for threat in THREATS for name in threat.against} <= set(MEASURES)
