"""The duty roster as the grid of a week: single days, weekly duties that are moved, absences, copies of weeks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import format_date, gettext, ngettext
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.config.settings import settings
from ivr.contact_centre import absence_calendar, roster_week
from ivr.contact_centre.absence_calendar import Fault, LeftOut
from ivr.contact_centre.roster_week import EndsBefore, Row, SameWeek, TooManyDays
from ivr.domain.digits import LARGEST_ID
from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.models.accounts import Team, User
from ivr.models.contact_centre import Duty
from ivr.web import forms
from ivr.web.actions import act
from ivr.web.form_fields import Day, Hour, Id, Line, fixed, integer

roster = Blueprint("roster", __name__, url_prefix="/supervision/roster")

_FILL_IN = _("Please fill in every field.")


class WeekAddress(forms.Form):
    """Which week (any day of it), which team, and whose day is to be changed."""

    week: Day | None = None
    team: Line = ""
    person: Annotated[int, integer(0, LARGEST_ID)] = 0
    day: Day | None = None


def monday_of(day: date) -> date:
    """The first day of the week of a day."""
    return day - timedelta(days=day.weekday())


def grid(session: Session) -> dict[str, Any]:
    """What the template of the week needs: the team, the days, the rows, and the chosen person's day."""
    asked, today = forms.query(WeekAddress), utc_now().astimezone(settings().hours.zone).date()
    teams = session.scalars(select(Team).order_by(Team.name)).all()
    team = next((one for one in teams if one.key == asked.team), None) or next(iter(teams), None)
    monday = monday_of(asked.week or today)
    rows: list[Row] = roster_week.week(session, team, monday) if team else []
    chosen = next(
        ((row.person, cell) for row in rows for cell in row.cells
         if row.person.id == asked.person and cell.day == asked.day), None,
    )  # fmt: skip
    return {
        "team": team, "monday": monday, "today": today, "days": [monday + timedelta(days=one) for one in range(7)],
        "week_rows": rows, "chosen": chosen, "team_keys": [(one.key, one.name) for one in teams],
        "week_step": timedelta(days=7),
    }  # fmt: skip


class PlaceForm(forms.Form):
    """The week and team that the page has shown, to which it comes back."""

    problem = _FILL_IN
    week: Day
    team: Line

    @property
    def page(self) -> str:
        """The address of the page."""
        return url_for("supervision.duties", week=self.week.isoformat(), team=self.team)


class CellForm(PlaceForm):
    """A person's day: hours, and whether they count on this day, every week, not at all, or as usual."""

    user: Id
    day: Day
    action: Annotated[str, fixed(("day", "weekly", "absent", "usual"))]
    starts: Hour | None = None
    ends: Hour | None = None


@roster.post("/day")
def change_day() -> AnyResponse:
    """Change a person's day, or add a weekly duty on its day of the week."""
    form = forms.read(CellForm, url_for("supervision.duties"))

    def change(session: Session) -> None:
        if form.action == "absent":
            roster_week.set_day(session, form.user, form.day, None)
        elif form.action == "usual":
            roster_week.as_usual(session, form.user, form.day)
        elif form.starts is None or form.ends is None:
            raise ValueError("a duty has hours")
        elif form.action == "day":
            roster_week.set_day(session, form.user, form.day, (form.starts, form.ends))
        else:
            roster_week.require_order(form.starts, form.ends)
            team = session.scalars(select(Team).where(Team.key == form.team)).one()
            session.add(Duty(team_id=team.id, user_id=session.get_one(User, form.user).id,
                             weekday=form.day.weekday(), starts=form.starts, ends=form.ends))  # fmt: skip

    return _changed(change, form.page, gettext("The roster is changed."))


class MoveForm(PlaceForm):
    """A weekly duty, and the person and day of the week it moves to."""

    duty: Id
    user: Id
    weekday: Annotated[int, integer(0, 6)]


@roster.post("/move")
def move() -> AnyResponse:
    """Move a weekly duty to another person or another day of the week."""
    form = forms.read(MoveForm, url_for("supervision.duties"))
    return _changed(
        lambda session: roster_week.move(session, form.duty, form.user, form.weekday), form.page,
        gettext("The duty is moved, for every week."),
    )  # fmt: skip


class CopyForm(PlaceForm):
    """The week (any day of it) that gets the single days of the week that is shown."""

    to: Day


@roster.post("/copy")
def copy() -> AnyResponse:
    """Copy the single days of a week to another one."""
    form, copied = forms.read(CopyForm, url_for("supervision.duties")), []

    def change(session: Session) -> None:
        team = session.scalars(select(Team).where(Team.key == form.team)).one()
        copied.append(roster_week.copy_week(session, team, monday_of(form.week), monday_of(form.to)))

    back = url_for("supervision.duties", week=form.to.isoformat(), team=form.team)
    return _changed(
        change, form.page,
        lambda: ngettext("%(num)d single day is copied to this week.", "%(num)d single days are copied to this week.",
                         copied[0]), back,
    )  # fmt: skip


class AbsenceForm(PlaceForm):
    """Somebody is absent from a day until a day."""

    user: Id
    begins_on: Day
    ends_on: Day


@roster.post("/absences")
def absences() -> AnyResponse:
    """Somebody is absent for some days."""
    form = forms.read(AbsenceForm, url_for("supervision.duties"))

    def change(session: Session) -> None:
        length = (form.ends_on - form.begins_on).days
        if length < 0:
            raise EndsBefore(f"from {form.begins_on} until {form.ends_on}")
        if length >= roster_week.MOST_DAYS:
            raise TooManyDays(length + 1)
        roster_week.absent(session, form.user, (form.begins_on + timedelta(days=one) for one in range(length + 1)))

    return _changed(change, form.page, gettext("The absence is entered."))


#: Entries of a calendar that are named one by one.
_MOST_NAMED = 5
_FAULTS = {
    Fault.NO_START: _("has no beginning"),
    Fault.ENDS_BEFORE: _("ends before it begins"),
    Fault.RECURS: _("recurs in a way that is not taken: too often, for too long, or without a day"),
    Fault.UNREADABLE: _("cannot be read"),
}


def _tell_left_out(left_out: Sequence[LeftOut]) -> None:
    """Name the entries of a calendar that cannot be used, so that somebody can look at them there."""
    if not left_out:
        return
    named = [
        " ".join((
            gettext("“%(title)s”", title=one.title or gettext("without a title")),
            *([f"({format_date(one.begins, 'short')})"] if one.begins else []), gettext(_FAULTS[one.fault]),
        ))
        for one in left_out[:_MOST_NAMED]
    ]  # fmt: skip
    if (more := len(left_out) - len(named)) > 0:
        named.append(ngettext("%(num)d more", "%(num)d more", more))
    told = ngettext(
        "%(num)d entry of the calendar was left out: %(named)s. All others count.",
        "%(num)d entries of the calendar were left out: %(named)s. All others count.",
        len(left_out), named="; ".join(named),
    )  # fmt: skip
    flash(told, "warning")


class ImportForm(PlaceForm):
    """Whose absences a calendar file has."""

    user: Id


@roster.post("/import")
def take_calendar() -> AnyResponse:
    """Take absences from a calendar file (.ics)."""
    form, file = forms.read(ImportForm, url_for("supervision.duties")), request.files.get("calendar")
    content = file.stream.read(absence_calendar.LARGEST + 1) if file is not None else b""
    try:
        found = absence_calendar.read(content, utc_now().astimezone(settings().hours.zone).date())
    except absence_calendar.NoCalendar:
        flash(gettext("This file is no calendar (.ics) that can be read. Nothing was changed."), "warning")
        return redirect(form.page)
    except absence_calendar.TooMuch:
        flash(
            gettext("This calendar has too many entries. Please export a shorter time. Nothing was changed."), "warning"
        )
        return redirect(form.page)
    if found.timed:
        flash(
            ngettext("%(num)d entry with a time of day was left out; only whole days count.",
                     "%(num)d entries with a time of day were left out; only whole days count.", found.timed), "info",
        )  # fmt: skip
    _tell_left_out(found.left_out)
    days = ngettext("%(num)d day of absence is entered.", "%(num)d days of absence are entered.", len(found.days))
    return _changed(lambda session: roster_week.absent(session, form.user, found.days), form.page, days)


def _changed(
    change: Callable[[Session], object], back: str, done: str | Callable[[], str], after: str = ""
) -> AnyResponse:
    return act(change, back, done=done, after=after, refusals=refusals())


def refusals() -> dict[type[Exception], str]:
    """A sentence for each reason for which the roster cannot be changed so."""
    return {
        EndsBefore: gettext("The end must be after the beginning. A duty ends on the day on which it begins."),
        TooManyDays: gettext("Please enter at most %(most)s days of absence at once.", most=roster_week.MOST_DAYS),
        SameWeek: gettext("This is the week that is shown. Please choose another one."),
        NoResultFound: gettext("This person, team or duty is not there any more. Please look at the page again."),
        ValueError: gettext(_FILL_IN),
    }
