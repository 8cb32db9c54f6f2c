"""The papers of data protection and accessibility, written from the code's own tables so that they cannot go stale."""

from __future__ import annotations

from pathlib import Path

from ivr.papers import writing

__all__ = ["contents", "write"]


def contents() -> dict[str, str]:
    """All papers by file name."""
    return {
        "permissions.md": writing.permissions(),
        "record-of-processing.md": writing.record_of_processing(),
        "measures.md": writing.technical_and_organisational_measures(),
        "deletion-concept.md": writing.deletion_concept(),
        "threat-model.md": writing.threat_model(),
        "impact-assessment.md": writing.impact_assessment(),
        "accessibility.md": writing.accessibility(),
    }


def write(directory: Path) -> list[Path]:
    """Write them into a directory; gives the files."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in contents().items():
        (directory / name).write_text(text, encoding="utf-8")
    return [directory / name for name in contents()]
