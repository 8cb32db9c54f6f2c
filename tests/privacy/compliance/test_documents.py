"""The data-protection documents in docs are generated from the present code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click

import ivr.models.accounts
import ivr.models.alerts
import ivr.models.contact_centre
import ivr.models.privacy
import ivr.models.reporting
import ivr.models.sla  # noqa: F401 - their tables
from ivr.cli import hotline
from ivr.config.settings import Settings
from ivr.platform.orm import Base
from ivr.privacy import compliance
from ivr.privacy.compliance.data_inventory import PLACES, TABLES
from ivr.privacy.compliance.safeguards import MEASURES
from ivr.privacy.compliance.threats import RISKS, THREATS
from ivr.privacy.retention_periods import PERIODS

ROOT = Path(__file__).parent.parent.parent.parent


def test_the_documents_in_docs_are_current() -> None:
    for name, text in compliance.contents(compliance.OperatorFacts()).items():
        assert (ROOT / "docs" / "compliance" / name).read_text(encoding="utf-8") == text, "run `python -m ivr papers`"


def test_every_table_is_in_the_inventory() -> None:
    assert set(TABLES) == {table.name for table in Base.metadata.sorted_tables}
    assert {kind for kept in TABLES.values() for kind in kept.periods} <= set(PERIODS)


def test_every_measure_is_proved_by_a_test_and_every_threat_names_measures() -> None:
    for measure in MEASURES.values():
        file, _, function = measure.proof.partition("::")
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, measure.proof
    assert {name for threat in (*THREATS, *RISKS) for name in threat.against} <= set(MEASURES)


def test_whatever_is_about_somebody_says_when_it_ends() -> None:
    """By a period, or in words; and nothing says both."""
    kept = TABLES | PLACES
    unsaid = [name for name, one in kept.items() if one.about != "nobody" and not (one.periods or one.ends)]
    assert unsaid == []
    assert [name for name, one in kept.items() if one.periods and one.ends] == []


def test_the_evidence_that_an_auditor_is_shown_exists() -> None:
    """Settings, tables, metrics and commands that the measures name."""
    metrics = (ROOT / "ivr" / "reporting" / "monitoring_gauges.py").read_text(encoding="utf-8")
    for measure in MEASURES.values():
        assert measure.evidence, measure.what
        for command in re.findall(r"`python -m ivr ([a-z ]+)`", measure.evidence):
            found: click.Command | None = hotline
            for name in command.split():
                assert isinstance(found, click.Group), command
                found = found.get_command(click.Context(found), name)
            assert found, command
        for name in re.findall(r"[Ss]ettings? ((?:`\w+`(?:, )?)+)", measure.evidence):
            assert set(re.findall(r"\w+", name)) <= set(Settings.model_fields), measure.evidence
        for name in re.findall(r"Table `(\w+)`", measure.evidence):
            assert name in TABLES
        for names in re.findall(r"Metrics ((?:`\w+`(?:, )?)+)", measure.evidence):
            assert all(f'"{name}"' in metrics for name in re.findall(r"\w+", names))


def test_each_part_of_a_table_that_a_period_deletes_names_columns_of_the_table() -> None:
    for name, kept in TABLES.items():
        assert set(kept.parts) <= set(kept.periods), name
        assert len(kept.periods) < 2 or kept.parts, f"{name}: which period deletes what?"
        for part in kept.parts.values():
            assert set(re.findall(r"`(\w+)`", part)) <= set(Base.metadata.tables[name].columns.keys()), (name, part)
