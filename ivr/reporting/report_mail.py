"""Plans e-mails with reports: each report once.

What is for publication is sent when somebody has published it, the overview for the house when its month is final.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.config.sections import ReportMail
from ivr.config.settings import settings
from ivr.domain.enums import WorkKind
from ivr.models.reporting import Publication, ReportSent
from ivr.platform import database, outbox
from ivr.platform.column_types import insert
from ivr.reporting import daily_metrics, publication
from ivr.reporting.tables import Report, translator

#: A publication is sent to whom it is to be sent when it is not older than this.
_NEW = timedelta(days=31)


def plan(session: Session, now: datetime) -> int:
    """Plan the e-mails that are due. Returns their number."""
    planned = 0
    for mail in settings().report_mails:
        for month in _months(session, mail.report, now):
            new = insert(session.get_bind().dialect, ReportSent).values(
                report=mail.report, recipient=mail.to, month=month, planned_at=now
            )
            row_id = session.scalar(new.on_conflict_do_nothing().returning(ReportSent.id))
            if row_id is not None:
                outbox.add(session, WorkKind.SEND_REPORT, row_id, run_after=now)
                planned += 1
    return planned


def _months(session: Session, report: str, now: datetime) -> Sequence[date]:
    """The months of which a report is sent: what somebody has published, and the last month for the house."""
    if report != "overview":
        new = select(Publication.month).where(Publication.report == report, Publication.published_at > now - _NEW)
        return session.scalars(new.order_by(Publication.month)).all()
    first, last = publication.month_of(daily_metrics.local_day(now).replace(day=1) - timedelta(days=1))
    if daily_metrics.local_day(now) < publication.final_from(last) or not daily_metrics.all_final(session, first, last):
        return []
    return [first] if daily_metrics.any_counted(session, first, last) else []


def report(mail: ReportMail, month: date) -> Report:
    """The report of an e-mail: as it was published, or for the house."""
    _ = translator(mail.language)
    if mail.report == "overview":
        with database.one_instant() as session:
            return publication.period(session, *publication.month_of(month), mail.language, _)
    with database.reading() as session:
        found = publication.published(session, mail.report, month, mail.language, _)
    assert found is not None  # noqa: S101 - it is planned once it is published
    return found
