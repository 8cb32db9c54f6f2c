"""The compliance documents of data protection and accessibility, generated from the code's own tables."""

from __future__ import annotations

from pathlib import Path

from ivr.privacy.compliance import documents

__all__ = ["contents", "write"]


def contents() -> dict[str, str]:
    """All documents by file name."""
    return {
        "permissions.md": documents.permissions(),
        "record-of-processing.md": documents.record_of_processing(),
        "measures.md": documents.technical_and_organisational_measures(),
        "deletion-concept.md": documents.deletion_concept(),
        "threat-model.md": documents.threat_model(),
        "impact-assessment.md": documents.impact_assessment(),
        "accessibility.md": documents.accessibility(),
    }


def write(directory: Path) -> list[Path]:
    """Write all documents into a directory. Returns their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in contents().items():
        (directory / name).write_text(text, encoding="utf-8")
    return [directory / name for name in contents()]
