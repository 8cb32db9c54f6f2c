"""Appointments of one's teams: a week or a day, and the address for one's own calendar program."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from flask import Blueprint, Response, abort, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import calendar_feeds
from ivr.audit import access_log
from ivr.callbacks import appointment_calendar
from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.enums import AccessAction
from ivr.domain.opening_hours import Span
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.notices import present
from ivr.platform import database
from ivr.web import forms, template_helpers
from ivr.web.actions import act
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import Day, Line

dates = Blueprint("dates", __name__, url_prefix="/appointments")

#: Days of the two views.
_VIEWS = {"week": 7, "day": 1}
#: Appointments that one page shows at most.
_MOST = 500


class DatesAddress(forms.Form):
    """Which view, of which day, of which team (all of one's own if empty)."""

    view: Line = "week"
    day: Day | None = None
    team: Line = ""


@dates.get("/")
def page() -> str:
    """The week or the day of one's teams."""
    asked, now, zone = forms.query(DatesAddress), utc_now(), settings().hours.zone
    view = asked.view if asked.view in _VIEWS else "week"
    shown = asked.day or now.astimezone(zone).date()
    first = shown if view == "day" else shown - timedelta(days=shown.weekday())
    days = [first + timedelta(days=number) for number in range(_VIEWS[view])]
    own = me().scope
    teams = [team for team in own if asked.team in ("", team.key)]
    with database.reading() as session:
        found = appointment_calendar.of_teams(
            session, [team.id for team in teams], _midnight(days[0]), _midnight(days[-1] + timedelta(days=1)), _MOST
        )
        return render_template(
            "appointments.html", days=[(day, *_of_day(found, day)) for day in days], view=view, shown=shown,
            choices=template_helpers.team_choices(own), team=asked.team, step=timedelta(days=len(days)),
            today=now.astimezone(zone).date(), full=len(found) == _MOST, feed=calendar_feeds.of(session, me()),
        )  # fmt: skip


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), settings().hours.zone)


def _of_day(found: Sequence[CallbackTask], day: date) -> tuple[Span | None, list[CallbackTask]]:
    """The opening hours of a day, and its appointments."""
    zone = settings().hours.zone
    wanted = [
        task
        for task in found
        if task.appointment_wish and task.appointment_wish.appointment_at
        and task.appointment_wish.appointment_at.astimezone(zone).date() == day
    ]  # fmt: skip
    return opening_hours.span_on(present.hours(), day), wanted


@dates.post("/feed")
def make_feed() -> str | AnyResponse:
    """Make an address for one's calendar program, shown once."""
    now, tokens = utc_now(), []

    def change(session: Session) -> None:
        tokens.append(calendar_feeds.make(session, session.get_one(User, me().id), now))
        access_log.append(session, actor(), AccessAction.TOKEN_CHANGED, now, detail="calendar address made")

    done = gettext("The address is made. An earlier one is worth nothing.")
    answer = act(change, url_for("dates.page"), done=done, once=False)
    return render_template("calendar_feed.html", token=tokens[0], site=settings().base_url) if tokens else answer


@dates.post("/feed/revoke")
def revoke_feed() -> AnyResponse:
    """The address is worth nothing any more."""
    now = utc_now()

    def change(session: Session) -> None:
        calendar_feeds.revoke(session, session.get_one(User, me().id))
        access_log.append(session, actor(), AccessAction.TOKEN_CHANGED, now, detail="calendar address revoked")

    return act(change, url_for("dates.page"), done=gettext("The address is revoked."))


@dates.get("/feed/<token>.ics")
def feed(token: str) -> Response:
    """The appointments, for a calendar program that has the address. Neither names nor numbers."""
    with database.reading() as session:
        user = calendar_feeds.owner(session, token) or abort(404)
        made = appointment_calendar.calendar(session, user, utc_now())
    return Response(made, mimetype="text/calendar", headers={"Referrer-Policy": "no-referrer"})
