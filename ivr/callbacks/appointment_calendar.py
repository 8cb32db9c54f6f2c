"""Granted appointments of teams: those of a span of time, and as a calendar that other programs read.

A calendar leaves the house, so that it has neither the caller's name nor number, nor the place: when, whose team, and
the receipt code under which the desk shows the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from icalendar import Calendar, Event
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from ivr.config.settings import settings
from ivr.models.accounts import User
from ivr.models.callbacks import AppointmentWish, CallbackTask
from ivr.platform.translations import catalogue

#: Where no end is known.
LENGTH = timedelta(minutes=30)
#: What a calendar has: from so long ago until so far ahead, and so many appointments at most.
_BEFORE, _AHEAD, _MOST = timedelta(days=30), timedelta(days=400), 5000


def of_teams(
    session: Session, team_ids: Sequence[int], since: datetime, until: datetime, most: int = _MOST
) -> Sequence[CallbackTask]:
    """Tasks of some teams whose appointment is granted for a span of time, the earliest first."""
    when = AppointmentWish.appointment_at
    found = (
        select(CallbackTask)
        .join(AppointmentWish)
        .where(CallbackTask.team_id.in_(team_ids), when >= since, when < until, CallbackTask.erased_at.is_(None))
        .options(joinedload(CallbackTask.appointment_wish), joinedload(CallbackTask.team))
    )
    return session.scalars(found.order_by(when, CallbackTask.id).limit(most)).all()


def calendar(session: Session, user: User, now: datetime, language: str = "de") -> bytes:
    """The appointments of somebody's teams as iCalendar (RFC 5545)."""
    _ = catalogue(language).gettext
    made = Calendar()
    made.add("prodid", "-//Jobcenter Bremen//Hotline//DE")
    made.add("version", "2.0")
    made.add("x-wr-calname", _("Appointments of the hotline"))
    made.add("refresh-interval", timedelta(hours=1), parameters={"value": "DURATION"})
    for task in of_teams(session, user.scope_ids, now - _BEFORE, now + _AHEAD):
        made.add_component(_event(task, now, _("Appointment %(code)s, %(team)s")))
    return bytes(made.to_ical())


def _event(task: CallbackTask, now: datetime, summary: str) -> Event:
    wish = task.appointment_wish
    assert wish is not None  # noqa: S101 - the query has joined it
    assert wish.appointment_at is not None  # noqa: S101 - the query asks for it
    zone = settings().hours.zone
    made = Event()
    made.add("uid", f"task-{task.id}@{settings().hotline_number.removeprefix('+')}.hotline")
    made.add("dtstamp", now)
    made.add("dtstart", wish.appointment_at.astimezone(zone))
    made.add("dtend", (wish.appointment_at + LENGTH).astimezone(zone))
    made.add("summary", summary % {"code": task.receipt_code, "team": task.team.name})
    made.add("url", f"{settings().base_url}/desk/tasks/{task.id}")
    made.add("class", "PRIVATE")
    return made
