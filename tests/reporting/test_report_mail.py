"""What somebody has published is sent by e-mail, the overview for the house once the month is final."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sqlalchemy import select

from ivr.config import settings
from ivr.models.reporting import Publication, ReportSent
from ivr.platform import database
from ivr.reporting import daily_metrics, report_mail
from ivr.workers import scheduler
from tests.support import sample_month
from tests.support.alerts import nothing_on_its_way
from tests.support.mailbox import Mailbox
from tests.support.reports import published
from tests.support.waiting import eventually


def test_nothing_is_published_by_itself_and_what_is_comes_by_mail(counted, mailbox: Mailbox, monkeypatch) -> None:
    wishes = [{"report": "statement", "to": "senat@example.org"}, {"report": "overview", "to": "lena@example.org"}]
    monkeypatch.setenv("REPORT_MAILS", json.dumps(wishes))
    monkeypatch.setenv("SMTP_URL", mailbox.url)
    settings.settings.cache_clear()

    def plan(now: datetime) -> int:
        with database.writing() as session:
            return report_mail.plan(session, now)

    assert plan(datetime(2026, 11, 7, 12, tzinfo=UTC)) == 0, "the month is not final"
    assert (plan(sample_month.AFTERWARDS), plan(sample_month.AFTERWARDS)) == (1, 0), "for the house"
    with database.reading() as session:
        assert session.scalar(select(Publication.report)) is None, "nobody has published"
    published()
    assert (plan(sample_month.AFTERWARDS), plan(sample_month.AFTERWARDS)) == (1, 0)
    eventually(lambda: scheduler.send_alerts() or len(mailbox.mails) == 2, 30, 0.2)
    by_recipient = {mail["To"]: mail for mail in mailbox.mails}
    statement = by_recipient["senat@example.org"]
    assert statement["Subject"] == "Monatsstatistik: 1. Oktober 2026 – 31. Oktober 2026"
    endings = {part.get_filename() for part in statement.iter_attachments()}
    assert statement["Auto-Submitted"] == "auto-generated"
    assert endings == {f"monatsstatistik-2026-10-01-2026-10-31.{ending}" for ending in ("pdf", "xlsx")}
    pdf = next(part for part in statement.iter_attachments() if part.get_filename().endswith("pdf"))
    assert pdf.get_content().startswith(b"%PDF")

    def all_sent() -> bool:
        with database.reading() as session:
            return all(row.sent_at for row in session.scalars(select(ReportSent)))

    eventually(all_sent)
    nothing_on_its_way()
    assert daily_metrics.OPEN_DAYS == 7
