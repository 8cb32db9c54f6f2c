"""Every paragraph that a paper, a letter or the interface names stands in docs/legal-sources.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent
LAWS = "SGB X|SGB II|SGB I|StGB|SGG|BGG|BDSG|ArbSchG|BPersVG"
#: Many paragraphs of one law, each perhaps with its subsection: "§§ 67a, 67b and 67c SGB X", "§ 13 (1) SGB X".
PARAGRAPH = r"\d+[a-z]?(?: \(\d\))?(?: [a-z]\b| no\. \d+)?"
OF_A_LAW = re.compile(rf"§§? ?({PARAGRAPH}(?:(?:, §? ?|,? (?:and|und) §?§? ?){PARAGRAPH})*) ({LAWS})\b")
OF_THE_GDPR = re.compile(r"Art\. (\d+)")
MARKS = {"text", "secondary", "lawyer"}


def named(text: str) -> Iterator[str]:
    """The paragraphs in a text, each with its law and without its subsection."""
    text = text.replace("\u00a0", " ")
    for paragraphs, law in OF_A_LAW.findall(text):
        yield from (f"§ {number} {law}" for number in re.findall(r"(?<![(\d])(?<!no\. )\d+[a-z]?(?!\))", paragraphs))
    yield from (f"Art. {number} DSGVO" for number in OF_THE_GDPR.findall(text))


def listed() -> dict[str, str]:
    """The paragraphs of the list, and how far each was checked."""
    lines = (ROOT / "docs" / "legal-sources.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith(("| §", "| Art."))]
    return {row[0]: row[3] for row in rows}


def texts() -> Iterator[Path]:
    yield from sorted((ROOT / "docs" / "compliance").glob("*.md"))
    yield from sorted((ROOT / "ivr" / "privacy").rglob("*.py"))
    yield from sorted((ROOT / "ivr" / "domain" / "words").glob("*.py"))
    yield from sorted((ROOT / "ivr" / "web" / "translations").rglob("*.po"))


def test_every_paragraph_that_is_named_has_a_source() -> None:
    found = {one: path.name for path in texts() for one in named(path.read_text(encoding="utf-8"))}
    assert len(found) > 20
    assert {one: where for one, where in found.items() if one not in listed()} == {}
    assert set(listed()) == set(found), "nothing is listed that nobody names"


def test_every_source_says_how_far_it_was_checked() -> None:
    for paragraph, mark in listed().items():
        assert set(re.findall(r"\w+", re.sub(r":.*", "", mark))) <= MARKS, paragraph
        assert mark.startswith(("text", "secondary")), paragraph


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("§§ 67a, 67b, 67c SGB X with § 35 SGB I", ["§ 67a SGB X", "§ 67b SGB X", "§ 67c SGB X", "§ 35 SGB I"]),
        ("§ 13 (4) SGB X", ["§ 13 SGB X"]),
        ("§ 80 (1) no. 21 BPersVG", ["§ 80 BPersVG"]),
        ("§ 67a und § 67c SGB X", ["§ 67a SGB X", "§ 67c SGB X"]),
        ("Art. 6 (1) a, Art. 9 (2) a GDPR", ["Art. 6 DSGVO", "Art. 9 DSGVO"]),
    ],
)
def test_paragraphs_are_found_as_they_are_written(text: str, found: list[str]) -> None:
    assert list(named(text)) == found
