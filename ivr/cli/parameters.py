"""Types of arguments and options; each refuses a wrong value with a sentence that says what is accepted."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from ivr.domain.languages import LANGUAGES

#: A language code of the hotline.
LANGUAGE = click.Choice(tuple(LANGUAGES))
#: Spellings for a call that shows no number.
_WITHHELD = ("withheld", "anonymous")
#: The number of a row, as lists show it; both databases can look for it.
ROW = click.IntRange(1, 2**63 - 1)
#: Years in which calls are tried and notices heard: outside of them lies what was mistyped.
_FIRST_YEAR, _LAST_YEAR = 2000, 2099


class Text(click.ParamType[str]):
    """Text that is not empty, of at most `longest` characters, in one line unless `lines` is true."""

    name = "text"

    def __init__(self, longest: int = 120, *, lines: bool = False) -> None:
        self._longest, self._lines = longest, lines

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Without spaces around it."""
        text = str(value).strip()
        if not text:
            self.fail("it must not be empty", param, ctx)
        if len(text) > self._longest:
            self.fail(f"it has {len(text)} characters; {self._longest} are allowed", param, ctx)
        if not self._lines and any(unicodedata.category(letter) == "Cc" for letter in text):
            self.fail("it must be one line, without tabs and other control characters", param, ctx)
        return text


class Amount(click.FloatRange):
    """A decimal within a range. `nan` is none, though it is neither too small nor too large."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The decimal."""
        number = float(super().convert(value, param, ctx))
        if number != number:
            self.fail(f"{value!r} is no number", param, ctx)
        return number


class CallingNumber(click.ParamType[str]):
    """The number that a call shows: in E.164, an address (`sip:`, `tel:`), or `withheld`."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """E.164, the address as it is, or `withheld`."""
        from ivr.domain.phone_numbers import entered_number

        if re.match(r"(sips?|tel):[^\x00-\x1f]{1,500}$", str(value), re.IGNORECASE):
            return str(value)
        text = re.sub(r"[\s()/-]", "", str(value))
        if text.lower() in _WITHHELD:
            return "withheld"
        if re.fullmatch(r"\+[0-9]{3,15}", text):
            return text
        number = entered_number(text)
        if number is None:
            self.fail(
                f"{value!r} is no number: give one like +4915112345678, 0151 12345678 or 004915112345678, or withheld "
                "(also: anonymous)",
                param,
                ctx,
            )
        return number


class Telephone(click.ParamType[str]):
    """A telephone that can be called, and is not the hotline's own, which would call itself."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Its number in E.164."""
        from ivr.config.settings import settings
        from ivr.domain.phone_numbers import dialable

        number = dialable(str(value))
        if number is None:
            self.fail(f"{value!r} is no telephone that can be called: give a number like +4915112345678", param, ctx)
        if number in settings().own_numbers:
            self.fail(f"{value!r} is the hotline's own number: give that of a telephone beside you", param, ctx)
        return number


class Keys(click.ParamType[tuple[str, ...]]):
    """The keys of a scripted caller, one entry for each question."""

    name = "keys"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """One entry for each question; `-` is silence, `!` in front means during the prompt before it."""
        if isinstance(value, tuple):
            return value
        entries = tuple(entry.strip() for entry in str(value).split(",")) if str(value).strip() else ()
        for entry in entries:
            if not re.fullmatch(r"!?[0-9*#]+|-", entry):
                self.fail(
                    f"{entry!r} are no keys: give digits, * and # for each question, separated by commas, - for "
                    'silence, and ! before keys that are pressed during a prompt, as in "1,2,-,0151#,!1"',
                    param,
                    ctx,
                )
        return entries


class Day(click.ParamType[date]):
    """A day, `YYYY-MM-DD`."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day."""
        try:
            day = value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no day like 2026-12-01", param, ctx)
        if day.year < 2000:
            self.fail(f"{value!r} is long before the hotline: give a day like 2026-12-01", param, ctx)
        return day


class PastInstant(click.ParamType[datetime]):
    """An instant that is over: a date or instant in ISO form (local time unless it says otherwise), or `36h`, `3d`."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant in UTC."""
        if isinstance(value, datetime):
            return value
        from ivr.domain.timestamps import utc_now

        now, text = utc_now(), str(value)
        try:
            if back := re.fullmatch(r"([0-9]+)([hd])", text):
                return now - timedelta(**{{"h": "hours", "d": "days"}[back[2]]: int(back[1])})
            given = datetime.fromisoformat(text)
            instant = (given if given.tzinfo else given.replace(tzinfo=_zone())).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither a date, nor an instant like 2026-10-25T02:30, nor 36h or 3d", param, ctx)
        if instant > now:
            self.fail(f"{value!r} lies in the future: give an instant that is over", param, ctx)
        return instant


class PretendedHour(click.ParamType[str]):
    """The hour a scripted call pretends: `open`, `closed`, `clock`, or an instant."""

    name = "hour"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word, or the instant in ISO form with its offset."""
        text = str(value)
        if text in ("open", "closed", "clock"):
            return text
        try:
            return local_instant(text).isoformat()
        except ValueError:
            self.fail(f"{text!r} is neither open, closed, clock nor an instant like 2026-10-25T02:30", param, ctx)


class TooFar(ValueError):
    """An instant lies so far away that it must be mistyped."""


def local_instant(text: str) -> datetime:
    """An instant in ISO form, in local time unless it says otherwise.

    Raises:
        TooFar: it lies in another century.
        ValueError: it is none.
    """
    instant = datetime.fromisoformat(text)
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise TooFar(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=_zone())


def _zone() -> Any:
    from ivr.config.settings import settings

    return settings().hours.zone


class Team(click.ParamType[str]):
    """The key of a team of the settings."""

    name = "team"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The key."""
        from ivr.config.settings import settings

        teams = settings().teams
        if value not in teams:
            self.fail(f"there is no team {value!r}; the teams are {', '.join(teams)}", param, ctx)
        return str(value)


class StaffRange(click.ParamType[list[int]]):
    """A number of people or a range of numbers, `2-12`."""

    name = "people"
    #: So many people at the most, and so many different numbers of them.
    MOST, _LONGEST = 200, 50

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[int]:
        """The numbers, ascending."""
        if isinstance(value, list):
            return value
        found = re.fullmatch(r"\s*([0-9]{1,9})\s*(?:-\s*([0-9]{1,9})\s*)?", str(value))
        if not found:
            self.fail(f"{value!r} is neither a number of people like 5 nor a range like 2-12", param, ctx)
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first:
            self.fail(f"the range {value} is upside down: write {last}-{first}", param, ctx)
        if first < 1 or last > self.MOST:
            self.fail(f"{value}: between 1 and {self.MOST} people can be simulated", param, ctx)
        if last - first >= self._LONGEST:
            self.fail(f"{value} are {last - first + 1} numbers: at most {self._LONGEST} are simulated", param, ctx)
        return list(range(first, last + 1))


class OutputFile(click.Path):
    """A file that is to be written, in a directory that exists; checked before any work is done."""

    def __init__(self, *, dash: bool = False, directory: bool = False) -> None:
        super().__init__(dir_okay=directory, writable=True, allow_dash=dash, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        if not str(value):
            self.fail("it must not be empty", param, ctx)
        if str(value) == "-" and not self.allow_dash:
            self.fail("this cannot be written to standard output: name a file", param, ctx)
        path = Path(str(super().convert(value, param, ctx)))
        if not path.parent.is_dir():
            self.fail(f"there is no directory {str(path.parent)!r}: make it, or name another file", param, ctx)
        return path


class OutputDirectory(click.Path):
    """A directory in which files are written; it is made where it is missing."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        if not str(value):
            self.fail("it must not be empty", param, ctx)
        return super().convert(value, param, ctx)


def require_another_file(source: Path, target: Path) -> None:
    """See that what is written does not take the place of what is read.

    Raises:
        click.BadParameter: it would.
    """
    if target.exists() and target.samefile(source):
        raise click.BadParameter("it is SOURCE, which would be lost: name another file", param_hint="TARGET")
