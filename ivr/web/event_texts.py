"""Lines of a task's history, as the interface writes them."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from babel import dates
from flask_babel import format_date, gettext

from ivr.config.settings import settings
from ivr.domain import words
from ivr.domain.enums import TaskEventKind
from ivr.domain.languages import UNKNOWN_LANGUAGE, name_in
from ivr.models.callbacks import TaskEvent
from ivr.web.login import chosen_language


def language_name(code: str) -> str:
    """A language as the interface calls it."""
    if code == UNKNOWN_LANGUAGE:
        return str(gettext("unknown"))
    return name_in(code, chosen_language()) if code else ""


#: Names of Central European Time, with and without summer time.
_GERMAN_ZONES = {"CEST": "MESZ", "CET": "MEZ"}


def moment(instant: datetime) -> str:
    """Date and time in Europe/Berlin."""
    return minute(instant, "EEE dd.MM.yyyy HH:mm", "EEE d MMM yyyy HH:mm")


def day_text(day: date) -> str:
    """A day; in English its month is a word."""
    return str(format_date(day, "dd.MM.yyyy" if chosen_language() == "de" else "d MMM yyyy"))


def minute(instant: datetime, german: str, english: str) -> str:
    """An instant in Europe/Berlin, by a pattern of Babel without seconds for each language.

    In the night in which the clocks are put back an hour comes twice: which of both is meant stands behind it.
    """
    zoned, language = instant.astimezone(settings().hours.zone), chosen_language()
    local = zoned.replace(second=0, microsecond=0, tzinfo=None, fold=0)
    written = _written(local, german if language == "de" else english, language)
    if zoned.utcoffset() == zoned.replace(fold=1 - zoned.fold).utcoffset():
        return written
    name = zoned.tzname() or ""
    return f"{written} ({_GERMAN_ZONES.get(name, name) if language == 'de' else name})"


@lru_cache(maxsize=20_000)
def _written(local: datetime, pattern: str, language: str) -> str:
    """Everybody's lists show the same instants all day long, and writing one takes a tenth of a millisecond."""
    return str(dates.format_datetime(local, pattern, locale=language))


#: Events whose second half is a key of a table of words.
_KEYS = {
    TaskEventKind.ATTEMPTED: words.OUTCOMES,
    TaskEventKind.CLOSED: words.OUTCOMES,
    TaskEventKind.NOT_RUNG: words.CARRIER_FAULTS,
    TaskEventKind.TEXT_NOT_SENT: words.CARRIER_FAULTS,
    TaskEventKind.CHANGE_CONFIRMED: words.CALLER_PROOFS,
    TaskEventKind.REPRESENTED: words.AUTHORITIES,
    TaskEventKind.IDENTITY_PROVEN: words.IDENTITY_PROOFS,
    TaskEventKind.UNDONE: words.UNDOABLE,
}


def event_text(event: TaskEvent) -> str:
    """The second half of a line of history."""
    if event.kind in (TaskEventKind.PUT_OFF, TaskEventKind.DEADLINE_MOVED) and event.text:
        return moment(datetime.fromisoformat(event.text))
    if event.kind in (TaskEventKind.ATTEMPTED, TaskEventKind.CLOSED) and event.text:
        return words.OUTCOMES.of(event.text, gettext)
    if event.kind in (TaskEventKind.NOT_RUNG, TaskEventKind.TEXT_NOT_SENT) and event.text:
        return words.CARRIER_FAULTS.of(event.text, gettext)
    if event.kind == TaskEventKind.CHANGE_CONFIRMED and event.text:
        return words.CALLER_PROOFS.of(event.text, gettext)
    if event.kind in (TaskEventKind.LANGUAGE_CHANGED, TaskEventKind.LANGUAGE_KEPT) and event.text:
        return language_name(event.text)
    if event.kind == TaskEventKind.DANGER_ACTED and event.text:
        return words.DANGER_STEPS.of(event.text, gettext)
    if event.text and event.kind in _KEYS:
        return _KEYS[event.kind].of(event.text, gettext)
    return event.text or ""


#: Events whose second half says nothing of the caller.
_PUBLIC = (
    *_KEYS,
    TaskEventKind.PUT_OFF,
    TaskEventKind.DEADLINE_MOVED,
    TaskEventKind.TAKEN_OVER,
    TaskEventKind.ASSIGNED,
    TaskEventKind.MERGED,
    TaskEventKind.MERGED_INTO,
    TaskEventKind.MERGE_UNDONE,
    TaskEventKind.SPLIT_OFF,
    TaskEventKind.SPLIT_FROM,
    TaskEventKind.TOLD_APART,
    TaskEventKind.TOLD_APART_UNDONE,
    TaskEventKind.CHANGE_REFUSED,
    TaskEventKind.DANGER_ACTED,
    TaskEventKind.LANGUAGE_CHANGED,
    TaskEventKind.LANGUAGE_KEPT,
    TaskEventKind.TAGGED,
)


def is_public(event: TaskEvent) -> bool:
    """Whether the second half of a line of history says nothing of the caller."""
    return event.kind in _PUBLIC
