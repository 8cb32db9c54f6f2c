"""Reports, tables and columns, from which pages, CSV, spreadsheets and PDFs are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from ivr.domain import file_names
from ivr.domain.words import Translate
from ivr.platform.translations import catalogue


def translator(language: str) -> Translate:
    """The translations of the interface, for reports that are made without a page."""
    found: Translate = catalogue(language).gettext
    return found


class Hidden(Enum):
    """A number that is hidden because it is too small, or because such a number could be computed from it."""

    HIDDEN = "•"


HIDDEN = Hidden.HIDDEN
#: None: there was nothing to measure.
Value = str | float | None | Hidden
Kind = Literal["text", "count", "share", "hours", "seconds", "minutes", "number"]
_UNITS: dict[str, str] = {"hours": "h", "seconds": "s", "minutes": "min"}


@dataclass(frozen=True)
class Column:
    """A column and the kind of its numbers. Shares are 0 to 1; hours and seconds have one decimal."""

    label: str
    kind: Kind = "count"

    @property
    def heading(self) -> str:
        """The label with the unit, for files in which numbers stand alone."""
        unit = _UNITS.get(self.kind)
        return f"{self.label} ({unit})" if unit else self.label


@dataclass(frozen=True)
class Table:
    """A table. The first value of a row is its label."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    note: str = ""
    #: The question of the source that the table answers (German).
    question: str = ""


@dataclass(frozen=True)
class Report:
    """Tables about a period of local days, both ends included."""

    name: str
    title: str
    first: date
    last: date
    tables: Sequence[Table]
    #: Remarks before the tables: the intended readers, and what may still change.
    remarks: Sequence[str] = field(default=())
    language: str = "de"
    published_at: datetime | None = None

    @property
    def period(self) -> str:
        """The period as text."""
        first, last = (day_of(day, self.language) for day in (self.first, self.last))
        return first if first == last else f"{first} – {last}"

    @property
    def file_name(self) -> str:
        """The name of the report's files in the reader's language, without an extension."""
        name = file_names.plain(self.title) or self.name
        return f"{name}-{self.first:%Y-%m-%d}-{self.last:%Y-%m-%d}"


def ratio(part: Value, whole: Value) -> Value:
    """A share (0 to 1), or HIDDEN if one of the numbers is hidden."""
    if part is HIDDEN or whole is HIDDEN:
        return HIDDEN
    return part / whole if isinstance(part, float | int) and isinstance(whole, float | int) and whole else None


def shown(value: Value, kind: Kind, language: str) -> str:
    """A value as text."""
    if isinstance(value, Hidden):
        return value.value
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if kind == "share":
        return str(format_percent(value, format="#,##0.0\u202f%" if language == "de" else "#,##0.0%", locale=language))
    if kind == "hours" and 0 < value < 1:
        return shown(max(1, round(value * 60)), "minutes", language)
    if kind == "hours":
        return str(format_decimal(value, format="#,##0.0", locale=language)) + (
            "\u202fStd." if language == "de" else "\u202fh"
        )
    if kind == "seconds":
        return str(format_decimal(value, format="#,##0", locale=language)) + "\u202fs"
    if kind == "minutes":
        return f"{format_decimal(value, format='#,##0', locale=language)}\u202f{'Min.' if language == 'de' else 'min'}"
    if kind == "number":
        return str(format_decimal(value, format="#,##0.0", locale=language))
    return str(format_decimal(value, format="#,##0", locale=language))


def moment(instant: datetime, language: str) -> str:
    """An instant as text, in local time."""
    pattern = "dd.MM.yyyy HH:mm" if language == "de" else "d MMM yyyy HH:mm"
    return str(format_datetime(instant, pattern, tzinfo=ZoneInfo("Europe/Berlin"), locale=language))


def day_of(day: date, language: str) -> str:
    """A day as text. In English its month is a word, because some read 12.11. as the eleventh of December."""
    return str(format_date(day, "d. MMMM yyyy" if language == "de" else "d MMMM yyyy", locale=language))
