"""The papers about members' data: every column that names one, who sees it, and that nothing counts by person."""

from __future__ import annotations

from ivr.domain import words
from ivr.platform import database
from ivr.platform.orm import Base
from ivr.platform.translations import catalogue
from ivr.privacy import compliance
from ivr.privacy.compliance.staff_papers import names_members
from ivr.reporting import publication
from ivr.reporting.export_files import as_csv
from ivr.reporting.metric_sources import DIMENSIONS
from tests.support import sample_month
from tests.support.people import CAST
from tests.support.reports import SAY

PAPERS = compliance.contents(compliance.OperatorFacts("Haus", "Amt", "", "keine", "Irland", "ohne Befund"))


def test_every_column_that_names_a_member_stands_in_the_paper() -> None:
    referring = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.column.table.name == "users" for key in column.foreign_keys)
    }
    assert referring == {(name, column) for name, _, columns in names_members() for column in columns}
    lines = PAPERS["de/beschaeftigtendaten.md"].splitlines()
    for table, column in referring:
        assert any(line.startswith(f"| `{table}` |") and f"`{column}`" in line for line in lines), (table, column)
    assert any(line.startswith("| `access_log` |") for line in lines), "staff without a reference"


def test_the_paper_says_by_whom_and_how_long_a_member_is_seen() -> None:
    paper = PAPERS["de/beschaeftigtendaten.md"]
    assert "| Eigener Status und Übersicht der eigenen Teams | Mitarbeiter*in, Leitung | eigene |" in paper
    assert "| `attempts` | Rückrufversuche und ihre Ergebnisse | `user_id` | Auftrag (365 Tage) |" in paper
    assert "noch anzugeben (Einstellung `staff_council_agreement`)" in paper


def test_the_draft_can_be_signed_before_it_is_stated_and_leaves_the_parties_their_gaps() -> None:
    draft = PAPERS["de/dienstvereinbarung-entwurf.md"]
    assert "nicht zu unterschreiben" not in draft
    assert "Datum und Unterschrift" in draft
    numbers = [line.split()[1] for line in draft.splitlines() if line.startswith("## ")]
    assert numbers == [f"{number}." for number in range(1, 12)]
    assert draft.count("____") > 5
    for dimension in words.DIMENSIONS.values():
        assert catalogue("de").gettext(dimension) in draft


def test_figures_are_counted_by_nothing_that_is_a_person() -> None:
    """A dimension that is added is in the papers' sentence, or this fails."""
    assert set(DIMENSIONS) == {*words.DIMENSIONS, "hour"}
    assert not {"user", "member", "person", "name"} & set(DIMENSIONS)


def test_no_report_names_a_member_who_has_worked_all_month(empty_database: object) -> None:
    sample_month.happen()
    sample_month.count()
    with database.reading() as session:
        month = sample_month.FIRST
        reports = [publication.period(session, month, sample_month.LAST, "de", SAY)]
        inside = [name for name in publication.NAMES if name != "overview"]
        reports += [publication.preview(session, name, month, "de", SAY) for name in inside]
    assert len(reports) == len(publication.NAMES)
    for report in reports:
        text = as_csv(report, SAY).decode()
        assert report.title in text
        assert not [full for full, *_ in CAST.values() if full in text or full.split()[0] in text], report.title
