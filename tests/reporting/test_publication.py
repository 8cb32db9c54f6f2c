"""A month is published once and never changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from ivr.callbacks import appointments, workflow
from ivr.config import settings
from ivr.domain.enums import Outcome
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.reporting import DailyMetric
from ivr.platform import database
from ivr.reporting import daily_metrics, publication
from ivr.reporting.tables import HIDDEN, Column, Table, Value, translator
from tests.support import sample_month
from tests.support.reports import MONTH, published


def test_a_month_is_published_once_it_is_final_and_never_changes(counted) -> None:
    with pytest.raises(publication.NotYet) as refused:
        published(now=datetime(2026, 11, 7, 22, 0, tzinfo=UTC))
    assert refused.value.from_day == date(2026, 11, 8)
    first = published()
    with database.writing() as session:
        for figure in session.scalars(select(DailyMetric).where(DailyMetric.name == "refused")):
            figure.value += 10
    assert published(now=sample_month.AFTERWARDS + timedelta(days=40)) == first
    hidden = [row for table in first.tables for row in table.rows if HIDDEN in row]
    assert hidden
    assert any("verdeckt" in remark for remark in first.remarks)
    counts = [
        (value, column.kind)
        for table in first.tables
        for row in table.rows
        for value, column in zip(row, table.columns, strict=True)
    ]
    small = [value for value, kind in counts if kind == "count" and value in (1, 2)]
    assert small == []


def test_what_is_published_stays_whatever_the_settings_say_later(counted, monkeypatch) -> None:
    before = published("scorecard")
    monkeypatch.setenv("TARGETS", '{"answered_in_time": 0.5}')
    monkeypatch.setenv("TEAMS", '{"benefits": {"name": "Geld"}}')
    settings.settings.cache_clear()
    assert published("scorecard") == before
    with database.reading() as session:
        english = publication.published(session, "scorecard", MONTH, "en", translator("en"))
    assert english.tables[0].columns[0].label == "What was promised"


def test_a_month_before_there_was_a_hotline_is_not_published(counted) -> None:
    with pytest.raises(publication.NothingCounted):
        published(month=date(2019, 1, 1))


def test_an_agreement_that_is_taken_back_late_is_counted_once(counted) -> None:
    """Granted in October, reopened in December because it fell through, and granted again."""
    with database.writing() as session:
        task = session.scalars(select(CallbackTask).where(CallbackTask.outcome == "granted")).first()
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        again = sample_month.AFTERWARDS + timedelta(days=30)
        workflow.reopen(session, task, mia, again)
        appointments.answer(session, task, mia, again, appointment_at=again + timedelta(days=2), place="Zimmer 2")
    with database.writing() as session:
        december = daily_metrics.local_day(again)
        found = daily_metrics.count(session, december)
    assert ("", "agreed", "") not in found
    assert ("", "tried", "") not in found
    assert ("", "tried_missed", "") not in found


@pytest.mark.parametrize("before", [Outcome.WITHDRAWN, Outcome.TALKED])
def test_an_answer_after_a_closing_that_was_none_is_counted(counted, before: Outcome) -> None:
    """Withdrawn in October, asked for again in December, and granted: October's closing has answered nothing."""
    again = sample_month.AFTERWARDS + timedelta(days=30)
    with database.writing() as session:
        task = session.scalars(select(CallbackTask).where(CallbackTask.outcome == "granted")).first()
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        task.outcome = before
        session.flush()
        workflow.reopen(session, task, mia, again)
        appointments.answer(session, task, mia, again, appointment_at=again + timedelta(days=2), place="Zimmer 2")
    with database.reading() as session:
        found = daily_metrics.count(session, daily_metrics.local_day(again))
    assert found["", "agreed", ""] == 1.0
    assert ("", "closed", "") not in found, "it was closed in October already"


@pytest.mark.parametrize("hours", [7 * 24 - 1, 7 * 24 + 1, 8 * 24 - 10])
def test_an_agreement_that_is_taken_back_is_counted_where_its_day_is_not_final(happened, hours: int) -> None:
    """*Final* is asked of the day: whatever is reopened is counted on one day, and on no other."""
    with database.writing() as session:
        task = session.scalars(select(CallbackTask).where(CallbackTask.outcome == "granted")).first()
        mia = session.scalars(select(User).where(User.username == "mia")).one()
        first, again = task.closed_at, task.closed_at + timedelta(hours=hours)
        days = [daily_metrics.local_day(at) for at in (first, again)]
        daily_metrics.count_day(session, days[0], first + timedelta(hours=1))
        workflow.reopen(session, task, mia, again)
        appointments.answer(session, task, mia, again, appointment_at=again + timedelta(days=2), place="Zimmer 2")
        for day in days:
            daily_metrics.count_day(session, day, again + timedelta(days=30))
    with database.reading() as session:
        agreed = [daily_metrics.by_day(session, day, day, "agreed").get((day, ""), 0.0) for day in days]
        total = daily_metrics.count(session, days[1])
    assert total["", "agreed", ""] == 1.0
    assert agreed == [0.0, 1.0]


def test_two_people_publish_at_once_and_one_of_them_is_told(counted) -> None:
    with database.one_instant() as session:
        draft, seen = publication.draft(session, "statement", MONTH, sample_month.AFTERWARDS, "de", translator("de"))
    with pytest.raises(publication.Changed):
        publication.publish(MONTH, sample_month.AFTERWARDS, "what somebody saw before")
    assert [publication.publish(MONTH, sample_month.AFTERWARDS, seen) for _ in range(2)] == [True, False]
    assert published().tables == draft.tables, "it was seen as it looks now"


def test_what_is_hidden_is_computed_once_for_a_publication(counted, monkeypatch) -> None:
    """Both reports are looked at, in two languages, and published; other numbers are computed anew."""
    computed: list[int] = []
    suppress = publication.suppress
    monkeypatch.setattr(publication, "suppress", lambda *given: computed.append(1) or suppress(*given))
    publication._protected.cache_clear()
    with database.one_instant() as session:
        for report, language in (("statement", "de"), ("scorecard", "en")):
            publication.draft(session, report, MONTH, sample_month.AFTERWARDS, language, translator(language))
    assert len(computed) == 1
    with database.writing() as session:
        calls = select(DailyMetric).where(DailyMetric.name == "calls", DailyMetric.dimension == "")
        session.scalars(calls).first().value += 40
    published()
    assert len(computed) == 2


@pytest.mark.parametrize(("share", "is_told"), [("80–100\u202f%", True), (HIDDEN, False), (0.9, False)])
def test_a_reader_is_told_what_a_range_is_where_one_stands(share: Value, is_told: bool) -> None:
    columns = [Column("Standort", "text"), Column("Versucht"), Column("Anteil", "share")]
    remarks = publication._about_hidden([Table("Zusagen", columns, [["Nord 5 %", HIDDEN, share]])], translator("de"))
    told = "Wo die Anzahlen eines Anteils verdeckt sind, steht der Bereich, in dem er liegt."
    assert (told in remarks) == is_told
