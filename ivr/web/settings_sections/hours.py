"""Hours: of the days of the week, on statutory holidays, and closures; for opening, for callbacks, and for alerts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any

from flask_babel import format_date, gettext

from ivr.config.settings import Settings
from ivr.domain.opening_hours import WEEKDAYS, Closure, Hours, Span
from ivr.web import forms
from ivr.web.form_fields import Day, HoursOfDay, line_of
from ivr.web.settings_sections.base import Change, Field, Group, Rows, Section, Sent
from ivr.web.words import TABLES

#: Empty rows for further closures.
_SPARE = 2


class WeekRow(forms.Form):
    """Hours of the days of the week; a day that is left empty is closed."""

    monday: HoursOfDay = ""
    tuesday: HoursOfDay = ""
    wednesday: HoursOfDay = ""
    thursday: HoursOfDay = ""
    friday: HoursOfDay = ""
    saturday: HoursOfDay = ""
    sunday: HoursOfDay = ""


class ClosureRow(forms.Form):
    """Days on which nobody answers."""

    first: Day
    last: Day
    why: Annotated[str, line_of(200)] = ""


def written(span: Span | None) -> str:
    """Hours of a day as people type them; empty: closed."""
    if span is None:
        return ""
    return f"{span.opens:%H:%M}-{span.closes:%H:%M}" if span.closes else f"{span.opens:%H:%M}-24:00"


def said(span: Span | None) -> str:
    """Hours of a day in words."""
    return written(span).replace("-", "–") or str(gettext("closed"))


def weekday(number: int) -> str:
    """The name of a day of the week."""
    return TABLES["weekdays"][str(number)]


def week_fields(hours: Hours, suffix: str = "") -> tuple[Field, ...]:
    """A field for each day of the week."""
    return tuple(
        Field(f"{day}{suffix}", weekday(number), written(hours.span_on(number))) for number, day in enumerate(WEEKDAYS)
    )


def week_of(row: WeekRow | None) -> dict[str, str]:
    """Hours of the days of the week, as the file writes them."""
    return {day: (getattr(row, day) if row else "") or "closed" for day in WEEKDAYS}


def week_changes(before: Hours, after: Hours) -> list[Change]:
    """Days of the week whose hours are different."""
    spans = ((number, before.span_on(number), after.span_on(number)) for number in range(7))
    return [Change(weekday(number), said(old), said(new)) for number, old, new in spans if old != new]


class _HoursOfTheWeek(Section):
    """Hours of one purpose; the setting has the name of the section."""

    def hours_in(self, configured: Settings) -> Hours:
        """The hours that are configured."""
        found: Hours = getattr(configured, self.name)
        return found

    @abstractmethod
    def legend(self) -> str:
        """What the hours of the week are for."""

    def groups(self, configured: Settings) -> Sequence[Group]:
        """The week, holidays, and a row for each closure."""
        hours = self.hours_in(configured)
        week = Group(
            self.legend(), week_fields(hours),
            gettext("Such as 08:00-18:00; a day that is left empty is closed."),
        )  # fmt: skip
        holidays = Field("holidays", gettext("Closed on statutory holidays"), "1" if hours.holidays else "", "tick")
        rows = [*hours.closures, *([None] * _SPARE)]
        return [
            week,
            Group(gettext("Statutory holidays of Bremen"), (holidays,)),
            *map(_closure, range(len(rows)), rows),
        ]

    def read(self, sent: Sent, configured: Settings) -> Any:
        """Time zone and hours of single days stay as they are."""
        rows, hours = Rows(sent), self.hours_in(configured)
        week = rows.one(WeekRow, "")
        closures = rows.all(ClosureRow, "first", "last", known=len(hours.closures))
        for number, row in closures:
            if row.last < row.first:
                rows.errors[f"last-{number}"] = gettext("The last day is before the first.")
        if week is None and not rows.errors:
            rows.errors["monday"] = gettext("At least one day needs hours.")
        rows.done()
        return {
            "timezone": hours.timezone,
            "daily": "closed",
            "weekdays": week_of(week),
            "holidays": sent.get("holidays") == "1",
            "closures": [
                {"first": row.first.isoformat(), "last": row.last.isoformat(), "reason": row.why} for _, row in closures
            ],
            "days": {day.isoformat(): written(span) or "closed" for day, span in hours.days.items()},
        }

    def changes(self, before: Settings, after: Settings) -> Sequence[Change]:
        """Days of the week, holidays and closures that are different."""
        old_hours, new_hours = (self.hours_in(one) for one in (before, after))
        found = week_changes(old_hours, new_hours)
        if old_hours.holidays != new_hours.holidays:
            yes, no = gettext("closed"), gettext("as on other days")
            old, new = (yes if one.holidays else no for one in (old_hours, new_hours))
            found.append(Change(gettext("Statutory holidays of Bremen"), old, new))
        gone, new_ones = (
            [one for one in mine.closures if one not in other.closures]
            for mine, other in ((old_hours, new_hours), (new_hours, old_hours))
        )
        found += [Change(_days(one), one.reason or gettext("closed"), "–") for one in gone]
        return found + [Change(_days(one), "–", one.reason or gettext("closed")) for one in new_ones]


class OpeningHours(_HoursOfTheWeek):
    """When the hotline is answered by people."""

    name = "hours"

    def legend(self) -> str:
        """Of the hotline."""
        return str(gettext("Opening hours of the week"))


class CallingHours(_HoursOfTheWeek):
    """When people are called back, whatever the opening hours."""

    name = "calling_hours"

    def legend(self) -> str:
        """Of callbacks."""
        return str(gettext("When people are called back"))


class AlertHours(_HoursOfTheWeek):
    """When alerts are sent; those of emergencies are sent at any time."""

    name = "alert_hours"

    def legend(self) -> str:
        """Of alerts."""
        return str(gettext("When alerts are sent; emergencies are told at any time"))


def _closure(number: int, closure: Closure | None) -> Group:
    first, last = (closure.first.isoformat(), closure.last.isoformat()) if closure else ("", "")
    fields = (
        Field(f"first-{number}", gettext("First day"), first, "date"),
        Field(f"last-{number}", gettext("Last day"), last, "date"),
        Field(f"why-{number}", gettext("Reason"), closure.reason if closure else ""),
    )
    if closure is None:
        return Group(gettext("Another closure"), fields)
    return Group(gettext("Closed %(days)s", days=_days(closure)), fields, gettext("Empty the dates to take it away."))


def _days(closure: Closure) -> str:
    first, last = (format_date(day, "short") for day in (closure.first, closure.last))
    return first if first == last else f"{first}–{last}"
