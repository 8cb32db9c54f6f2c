"""Sends reports by e-mail, as PDF and spreadsheet. In the clock, like alerts."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from ivr import database
from ivr.configuration import settings
from ivr.figures.models import ReportSent
from ivr.instants import utc_now
from ivr.reports import files, mails
from ivr.reports.tables import translator
from ivr.workers import alerting


def send(row_id: int) -> None:
    """Send a report once.

    Raises:
        NotDelivered: to be tried again.
    """
    with database.reading() as session:
        row = session.get(ReportSent, row_id)
    wanted = [m for m in settings().report_mails if row and (m.report, m.to) == (row.report, row.recipient)]
    if row is None or row.sent_at is not None or not wanted:
        return
    with database.writing() as session:
        report = mails.report(session, wanted[0], row.month, utc_now())
    _ = translator(wanted[0].language)
    subject = f"{report.title}: {report.period}"
    with TemporaryDirectory() as folder:
        paths = []
        for ending in ("pdf", "xlsx"):
            path = Path(folder) / f"{report.file_name}.{ending}"
            path.write_bytes(files.MAKERS[ending][0](report, _))
            paths.append(str(path))
        alerting.mail(row.recipient, subject, _("The report is attached as PDF and as a spreadsheet."), paths)
    with database.writing() as session:
        session.get_one(ReportSent, row_id).sent_at = utc_now()
