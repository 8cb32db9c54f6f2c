"""What supervisors enter at once."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from ivr.audit.access_log import Actor
from ivr.callbacks import changed_hours
from ivr.config.settings import settings
from ivr.domain.enums import AnsweredQuestion
from ivr.domain.opening_hours import Span
from ivr.domain.timestamps import utc_now
from ivr.notices import announcements, night_answers
from ivr.platform import database

LENA = Actor("Lena Leitung", "supervisor")


def local(day: date, hour: int, minute: int = 0) -> datetime:
    """An instant in the hotline's time zone."""
    return datetime.combine(day, time(hour, minute), settings().hours.zone)


def today() -> date:
    """The present local day."""
    return utc_now().astimezone(settings().hours.zone).date()


def tomorrow() -> date:
    """The next local day."""
    return today() + timedelta(days=1)


def enter(day: date, span: Span | None = None, now: datetime | None = None) -> int:
    """Opening hours of a day, as a supervisor enters them; the id of the entry."""
    with database.writing() as session:
        return changed_hours.enter(session, day, span, "Betriebsversammlung", None, LENA, now or utc_now()).id


def take_back(day_id: int, now: datetime | None = None) -> None:
    """Take an entry back."""
    with database.writing() as session:
        changed_hours.take_back(session, day_id, None, LENA, now or utc_now())


def announce(begins: datetime, ends: datetime, **texts: str) -> int:
    """A published announcement, its texts by language."""
    with database.writing() as session:
        number = announcements.draft(session, begins, ends, texts, None, utc_now()).id
        announcements.publish(session, number, LENA, utc_now())
        return number


def answer(question: str, language: str, text: str) -> int:
    """An answer of the authority to a question."""
    with database.writing() as session:
        return night_answers.add(session, AnsweredQuestion(question), language, text, None, LENA, utc_now()).id
