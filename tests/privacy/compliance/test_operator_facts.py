"""Papers say what only the operator can state, and are incomplete until it is stated."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.cli import hotline as command_line
from ivr.config import settings as configuration
from ivr.privacy import compliance

STATED = compliance.OperatorFacts(
    controller="Jobcenter Bremen\nDoventorsteinweg 48-52 | 28195 Bremen",
    data_protection_officer="datenschutz@jobcenter.example",
    staff_council_agreement="Dienstvereinbarung Hotline, 01.10.2026",
    subprocessors="none",
    carrier_region="ie1, Irland",
    measures_reviewed="12.11.2026: ohne Befund",
)


TEXTS = [name for name in vars(STATED) if name != "has_carrier"]


@pytest.mark.parametrize("name", TEXTS)
def test_a_paper_with_anything_missing_is_not_to_be_signed(name: str) -> None:
    papers = compliance.contents(replace(STATED, **{name: ""}))
    # The draft of the agreement is what will be stated: it alone can be signed before.
    drafts = {
        file for file, text in papers.items() if "nicht zu unterschreiben" not in text and "not to be" not in text
    }
    own = {"de/dienstvereinbarung-entwurf.md", "staff-council-agreement-draft.md"}
    assert drafts == (own if name == "staff_council_agreement" else set())
    for file, text in ((file, text) for file, text in papers.items() if file not in drafts):
        said = "Unvollständig, nicht zu unterschreiben" if file.startswith("de/") else "Incomplete, not to be signed"
        assert said in text, file
        assert f"`{name}`" in text, file


def test_what_is_stated_stands_in_the_record_and_breaks_no_table() -> None:
    papers = compliance.contents(STATED)
    assert not [file for file, text in papers.items() if "not to be signed" in text or "nicht zu unter" in text]
    record = papers["de/verarbeitungsverzeichnis.md"]
    assert "| Jobcenter Bremen Doventorsteinweg 48-52 \\| 28195 Bremen |" in record
    assert STATED.staff_council_agreement in record
    assert STATED.carrier_region in record
    assert STATED.measures_reviewed in papers["de/massnahmen.md"]


@pytest.mark.parametrize("has_carrier", [True, False])
def test_the_german_papers_hold_no_english_sentence(has_carrier: bool) -> None:
    """Cells and paragraphs that are the same in both languages are names, numbers and code."""
    papers = compliance.contents(compliance.OperatorFacts("a", "b", "c", "d", "e", "f", has_carrier))
    german = {file: text for file, text in papers.items() if file.startswith("de/")}
    english = "\n".join(text for file, text in papers.items() if file not in german)
    cells = {cell.strip() for text in german.values() for line in text.splitlines() for cell in line.split("|")}
    same = {cell for cell in cells if len(cell.split()) > 4 and cell in english}
    assert {cell for cell in same if "python -m ivr" not in cell and "test_" not in cell and "§" not in cell} == set()


def test_papers_of_a_house_without_a_carrier_name_none_and_ask_for_none_of_its_facts() -> None:
    facts = replace(STATED, subprocessors="", carrier_region="", has_carrier=False)
    assert facts.missing == ()
    papers = compliance.contents(facts)
    record = papers["record-of-processing.md"]
    assert "Twilio" not in record
    assert "sub-processors of the carrier" not in record.lower()
    assert "No telephone carrier: the provider that connects the controller's telephone system" in record
    assert "| Telephone carrier |" not in record
    assert "| Exchange (a host's disk; calls over SIP without a carrier) |" in record
    assert all("There is no telephone carrier" in text for file, text in papers.items() if not file.startswith("de/"))


def test_forty_interpreters_are_one_kind_of_recipient(
    empty_database: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Art. 30 (1) d asks for categories: nobody's name or number of the settings stands in a paper."""
    many = [
        {"name": f"Sprachmittlung | Nr. {n} {'x' * 40}", "number": f"+4942155501{n:02}", "languages": ["tr"]}
        for n in range(40)
    ]
    monkeypatch.setenv("INTERPRETERS", json.dumps(many))
    configuration.settings.cache_clear()
    assert len(configuration.settings().interpreters) == 40
    done = CliRunner().invoke(command_line, ["papers", str(tmp_path)])
    assert done.exit_code == 0, done.output
    written = {path: path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.md")}
    assert not [path for path, text in written.items() if "+49421555" in text or "x" * 40 in text]
    record = written[tmp_path / "de" / "verarbeitungsverzeichnis.md"]
    (recipients,) = [line for line in record.splitlines() if line.startswith("| d) Empfänger |")]
    assert recipients.count("Sprachmittler*innen") == 1


def test_the_command_names_what_is_missing(
    empty_database: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTROLLER", STATED.controller)
    configuration.settings.cache_clear()
    done = CliRunner().invoke(command_line, ["papers", str(tmp_path)])
    assert done.exit_code == 0, done.output
    missing = [name for name in TEXTS if name != "controller"]
    assert ", ".join(missing) in done.output
    assert (tmp_path / "de" / "loeschkonzept.md").exists()
