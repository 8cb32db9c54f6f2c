"""The compliance documents of data protection and accessibility, generated from the code's own tables."""

from __future__ import annotations

from pathlib import Path

from ivr.platform.translations import catalogue
from ivr.privacy.compliance import documents, staff_papers
from ivr.privacy.compliance.operator_facts import OperatorFacts

__all__ = ["OperatorFacts", "contents", "write"]

_PAPERS = {
    documents.permissions: ("berechtigungen", "permissions"),
    documents.record_of_processing: ("verarbeitungsverzeichnis", "record-of-processing"),
    documents.technical_and_organisational_measures: ("massnahmen", "measures"),
    documents.deletion_concept: ("loeschkonzept", "deletion-concept"),
    documents.threat_model: ("bedrohungsmodell", "threat-model"),
    documents.impact_assessment: ("folgenabschaetzung", "impact-assessment"),
    staff_papers.staff_data: ("beschaeftigtendaten", "staff-data"),
    staff_papers.agreement_draft: ("dienstvereinbarung-entwurf", "staff-council-agreement-draft"),
    documents.accessibility: ("barrierefreiheit", "accessibility"),
}


def contents(facts: OperatorFacts) -> dict[str, str]:
    """All documents by file name: those in German, which are signed, and the same in English."""
    german, english = catalogue("de").gettext, catalogue("en").gettext
    return {f"de/{name}.md": paper(german, facts) for paper, (name, _) in _PAPERS.items()} | {
        f"{name}.md": paper(english, facts) for paper, (_, name) in _PAPERS.items()
    }


def write(directory: Path, facts: OperatorFacts) -> list[Path]:
    """Write all documents into a directory, the German ones into `de` in it. Returns their paths."""
    (directory / "de").mkdir(parents=True, exist_ok=True)
    written = contents(facts)
    for name, text in written.items():
        (directory / name).write_text(text, encoding="utf-8")
    return [directory / name for name in written]
