"""What counts at present: every process reads it from the database twice a second at most, when it needs it.

While the database does not answer, what was read last goes on to count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.domain import opening_hours, working_hours
from ivr.domain.enums import AnsweredQuestion
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.domain.opening_hours import Hours, Span
from ivr.domain.timestamps import utc_now
from ivr.models.notices import Announcement, AnnouncementText, FurtherLanguage, NightAnswer, SpecialDay
from ivr.platform.kept_reading import KeptReading

#: Seconds after which a process reads again: a change is heard in every call that begins a second later.
CACHE_SECONDS = 0.5


@dataclass(frozen=True)
class OwnText:
    """A text of the authority in one language. `has_audio`: it is played; otherwise the carrier's voice speaks it."""

    row_id: int
    language: str
    text: str
    has_audio: bool


@dataclass(frozen=True)
class Running:
    """A published announcement that is not over."""

    announcement_id: int
    begins_at: datetime
    ends_at: datetime
    texts: Mapping[str, OwnText]

    def text_for(self, language: str) -> OwnText | None:
        """The text that a caller hears: in their language, otherwise in German."""
        return self.texts.get(language) or self.texts.get(DEFAULT_LANGUAGE)


@dataclass(frozen=True)
class Named:
    """A language beyond the menu (ISO 639), and its name as the German voice or a recording says it."""

    language: str
    name: OwnText


@dataclass(frozen=True)
class Notices:
    """Everything that counts at present."""

    days: Mapping[date, Span | None] = field(default_factory=dict)
    announcements: tuple[Running, ...] = ()
    answers: Mapping[tuple[AnsweredQuestion, str], OwnText] = field(default_factory=dict)
    #: The language beyond the menu behind each key.
    languages: Mapping[str, Named] = field(default_factory=dict)


def notices() -> Notices:
    """What counts at present, at most half a second old while the database answers."""
    return _kept.value()


def hours() -> Hours:
    """The opening hours of the settings, with those of single days that supervisors have entered."""
    return _merged(settings().hours, notices())


def are_calls_placed(at: datetime) -> bool:
    """Whether the hotline rings people at an instant: while it is open, and within calling hours."""
    return opening_hours.is_open(hours(), at) and opening_hours.is_open(settings().calling_hours, at)


def calls_from(at: datetime) -> datetime | None:
    """The first instant (UTC), not before `at`, at which the hotline rings people; None if it never does."""
    spans = working_hours.spans(hours(), settings().calling_hours, at)
    return next((begins for begins, _ in spans), None)


_last: tuple[Hours, Notices, Hours] | None = None


def _merged(configured: Hours, found: Notices) -> Hours:
    """One object while nothing changes, because what is computed from opening hours is cached by them."""
    global _last
    last = _last
    if last is not None and last[0] is configured and last[1].days == found.days:
        return last[2]
    merged = configured.model_copy(update={"days": {**configured.days, **found.days}})
    _last = configured, found, merged
    return merged


def announcement(at: datetime) -> Running | None:
    """The announcement that runs at an instant: from its beginning inclusive to its end exclusive."""
    return next((one for one in notices().announcements if one.begins_at <= at < one.ends_at), None)


def answer(question: AnsweredQuestion, language: str) -> OwnText | None:
    """The answer to a question in a language."""
    return notices().answers.get((question, language))


def with_day(configured: Hours, day: date, span: Span | None) -> Hours:
    """Opening hours in which one day has others; None: it is closed."""
    return configured.model_copy(update={"days": {**configured.days, day: span}})


def forget_after(session: Session) -> None:
    """Read anew once a session's changes are committed."""
    _kept.read_again_after(session)


def forget() -> None:
    """Read anew when something is asked next; what is known still counts while the database does not answer."""
    _kept.read_again()


def _of_database(connection: Connection, _before: Notices | None) -> Notices:
    running = _announcements(connection, utc_now())
    return Notices(
        days=special_days(connection), announcements=running, answers=_answers(connection),
        languages=_languages(connection),
    )  # fmt: skip


def special_days(connection: Connection | Session) -> dict[date, Span | None]:
    """The opening hours of each day that has its own."""
    columns = SpecialDay.day, SpecialDay.opens, SpecialDay.closes
    rows = connection.execute(select(*columns).where(SpecialDay.undone_at.is_(None)).order_by(SpecialDay.id))
    return {row.day: span(row.opens, row.closes) for row in rows}


def span(opens: time | None, closes: time | None) -> Span | None:
    """Opening hours as the columns of a row hold them."""
    return None if opens is None else Span(opens=opens, closes=closes)


def _announcements(connection: Connection, now: datetime) -> tuple[Running, ...]:
    columns = (
        Announcement.id, Announcement.begins_at, Announcement.ends_at, AnnouncementText.id.label("row_id"),
        AnnouncementText.language, AnnouncementText.text, AnnouncementText.audio.is_not(None).label("has_audio"),
    )  # fmt: skip
    counts = Announcement.published_at.is_not(None), Announcement.undone_at.is_(None), Announcement.ends_at > now
    rows = connection.execute(select(*columns).join(AnnouncementText).where(*counts).order_by(Announcement.id))
    found: dict[int, tuple[datetime, datetime, dict[str, OwnText]]] = {}
    for row in rows:
        texts = found.setdefault(row.id, (row.begins_at, row.ends_at, {}))[2]
        texts[row.language] = OwnText(row.row_id, row.language, row.text, bool(row.has_audio))
    return tuple(Running(number, *one) for number, one in found.items())


def _answers(connection: Connection) -> dict[tuple[AnsweredQuestion, str], OwnText]:
    columns = (
        NightAnswer.id, NightAnswer.question, NightAnswer.language, NightAnswer.text,
        NightAnswer.audio.is_not(None).label("has_audio"),
    )  # fmt: skip
    rows = connection.execute(select(*columns).where(NightAnswer.undone_at.is_(None)).order_by(NightAnswer.id))
    return {(row.question, row.language): OwnText(row.id, row.language, row.text, bool(row.has_audio)) for row in rows}


def _languages(connection: Connection) -> dict[str, Named]:
    columns = (
        FurtherLanguage.id, FurtherLanguage.key, FurtherLanguage.language, FurtherLanguage.text,
        FurtherLanguage.audio.is_not(None).label("has_audio"),
    )  # fmt: skip
    rows = connection.execute(select(*columns).where(FurtherLanguage.undone_at.is_(None)).order_by(FurtherLanguage.id))
    return {
        str(row.key): Named(row.language, OwnText(row.id, DEFAULT_LANGUAGE, row.text, bool(row.has_audio)))
        for row in rows
    }


_kept = KeptReading("announcements and opening hours of single days", _of_database, Notices(), CACHE_SECONDS)
