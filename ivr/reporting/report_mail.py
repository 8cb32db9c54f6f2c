"""Plans e-mails with reports: each report once, as soon as its month is final."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from ivr.config.sections import ReportMail
from ivr.config.settings import settings
from ivr.domain.enums import WorkKind
from ivr.models.reporting import ReportSent
from ivr.platform import database, outbox
from ivr.platform.column_types import insert
from ivr.reporting import daily_metrics, publication
from ivr.reporting.tables import Report, translator


def plan(session: Session, now: datetime) -> int:
    """Plan the e-mails of the last month that are due. Returns their number."""
    first, last = publication.month_of(daily_metrics.local_day(now).replace(day=1) - timedelta(days=1))
    if daily_metrics.local_day(now) < publication.final_from(last) or not daily_metrics.all_final(session, first, last):
        return 0
    if not daily_metrics.any_counted(session, first, last):
        return 0
    planned = 0
    for mail in settings().report_mails:
        new = insert(session.get_bind().dialect, ReportSent).values(
            report=mail.report, recipient=mail.to, month=first, planned_at=now
        )
        row_id = session.scalar(new.on_conflict_do_nothing().returning(ReportSent.id))
        if row_id is not None:
            outbox.add(session, WorkKind.SEND_REPORT, row_id, run_after=now)
            planned += 1
    return planned


def report(mail: ReportMail, month: date, now: datetime) -> Report:
    """The report of an e-mail.

    Raises:
        NotYet, NothingCounted: there is no report of this month.
    """
    _ = translator(mail.language)
    if mail.report == "overview":
        with database.one_instant() as session:
            return publication.period(session, *publication.month_of(month), mail.language, _)
    publication.publish(month, now)
    with database.reading() as session:
        found = publication.published(session, mail.report, month, mail.language, _)
    assert found is not None  # noqa: S101 - it has just been published
    return found
