"""Reports of the sample month."""

from __future__ import annotations

from datetime import date, datetime

from ivr.platform import database
from ivr.reporting import publication
from ivr.reporting.tables import Report, translator
from tests.support import sample_month

MONTH = sample_month.FIRST


SAY = translator("de")


def published(name: str = "statement", month: date = MONTH, now: datetime = sample_month.AFTERWARDS) -> Report:
    publication.publish(month, now)
    with database.reading() as session:
        return publication.published(session, name, month, "de", SAY)
