"""What a report is made of, before it is a page, a CSV, a spreadsheet or a PDF: they all show the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from babel.support import Translations

#: Translates a text of the catalogues.
Translate = Callable[[str], str]


_CATALOGUES = Path(__file__).parent.parent / "web" / "translations"


@lru_cache(maxsize=4)
def translator(language: str) -> Translate:
    """The interface's catalogue, for what is made without a page."""
    found: Translate = Translations.load(_CATALOGUES, [language]).gettext
    return found


class Hidden(Enum):
    """A number too small to be published, or one from which such a number could be computed."""

    HIDDEN = "•"


HIDDEN = Hidden.HIDDEN
#: None: there was nothing to be measured.
Value = str | float | None | Hidden
Kind = Literal["text", "count", "share", "hours", "seconds", "minutes", "number"]


@dataclass(frozen=True)
class Column:
    """A column and what its numbers are: shares are 0 to 1, hours and seconds have one decimal."""

    label: str
    kind: Kind = "count"


@dataclass(frozen=True)
class Table:
    """A table; the first value of a row is its label."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    note: str = ""
    #: The question it answers, in the words it was asked in (German).
    question: str = ""


@dataclass(frozen=True)
class Report:
    """Tables about a period of local days, both ends included."""

    name: str
    title: str
    first: date
    last: date
    tables: Sequence[Table]
    #: Said before the tables: for whom it is, and what may still change.
    remarks: Sequence[str] = field(default=())
    language: str = "de"
    published_at: datetime | None = None

    @property
    def period(self) -> str:
        """The period in words."""
        first, last = (format_date(day, "long", locale=self.language) for day in (self.first, self.last))
        return first if first == last else f"{first} – {last}"

    @property
    def file_name(self) -> str:
        """What its files are called, without an ending."""
        return f"{self.name}-{self.first:%Y-%m-%d}-{self.last:%Y-%m-%d}"


def ratio(part: Value, whole: Value) -> Value:
    """A share, where both numbers may be seen."""
    if part is HIDDEN or whole is HIDDEN:
        return HIDDEN
    return part / whole if isinstance(part, float | int) and isinstance(whole, float | int) and whole else None


def shown(value: Value, kind: Kind, language: str) -> str:
    """A value as people read it."""
    if isinstance(value, Hidden):
        return value.value
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if kind == "share":
        return str(format_percent(value, format="#,##0.0\u202f%" if language == "de" else "#,##0.0%", locale=language))
    if kind == "hours":
        return str(format_decimal(value, format="#,##0.0", locale=language)) + "\u202fh"
    if kind == "seconds":
        return str(format_decimal(value, format="#,##0", locale=language)) + "\u202fs"
    if kind == "minutes":
        return str(format_decimal(value, format="#,##0", locale=language)) + "\u202fmin"
    if kind == "number":
        return str(format_decimal(value, format="#,##0.0", locale=language))
    return str(format_decimal(value, format="#,##0", locale=language))


def moment(instant: datetime, language: str) -> str:
    """An instant as people read it, in Bremen."""
    return str(format_datetime(instant, "dd.MM.yyyy HH:mm", tzinfo=ZoneInfo("Europe/Berlin"), locale=language))
