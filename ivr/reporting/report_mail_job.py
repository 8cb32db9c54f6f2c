"""Job: sends a report by e-mail, as PDF and spreadsheet. The scheduler runs it, as it does alerts."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now
from ivr.models.reporting import ReportSent
from ivr.platform import database, mail
from ivr.reporting import export_files, report_mail
from ivr.reporting.tables import translator


def send(row_id: int) -> None:
    """Send a report. Safe to repeat.

    Raises:
        mail.NotDelivered: the mail server did not accept it; the job is repeated.
    """
    with database.reading() as session:
        row = session.get(ReportSent, row_id)
    wanted = [m for m in settings().report_mails if row and (m.report, m.to) == (row.report, row.recipient)]
    if row is None or row.sent_at is not None or not wanted:
        return
    report = report_mail.report(wanted[0], row.month)
    _ = translator(wanted[0].language)
    subject = f"{report.title}: {report.period}"
    with TemporaryDirectory() as folder:
        paths = []
        for ending in ("pdf", "xlsx"):
            path = Path(folder) / f"{report.file_name}.{ending}"
            path.write_bytes(export_files.MAKERS[ending][0](report, _))
            paths.append(str(path))
        mail.send(row.recipient, subject, _("The report is attached as PDF and as a spreadsheet."), paths)
    with database.writing() as session:
        session.get_one(ReportSent, row_id).sent_at = utc_now()
