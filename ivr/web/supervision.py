"""What supervisors see to: the duty roster, numbers that are kept away, and work that needs a person."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session, selectinload
from werkzeug.wrappers import Response as AnyResponse

from ivr.audit import access_log
from ivr.callbacks import failed_jobs, queries
from ivr.calls import screening
from ivr.contact_centre import duty_roster
from ivr.domain import phone_numbers
from ivr.domain.roles import SERVING
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team, User
from ivr.models.contact_centre import Duty, DutyException
from ivr.platform import database
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import whole

supervision = Blueprint("supervision", __name__, url_prefix="/supervision")


@supervision.get("/unfinished")
def unfinished() -> str:
    """Work that needs a person, and the backlog of transcripts."""
    with database.reading() as session:
        found = failed_jobs.of_teams(session, [team.id for team in me().scope])
        backlog = queries.pending_transcripts(session)
        return render_template("unfinished.html", unfinished=found, backlog=backlog)


@supervision.get("/roster")
def duties() -> str:
    """The weekly duties of each team, its exceptions, and who is missing now."""
    now = utc_now()
    with database.reading() as session:
        teams = session.scalars(select(Team).options(selectinload(Team.members)).order_by(Team.id)).all()
        planned = session.scalars(select(Duty).order_by(Duty.weekday, Duty.starts)).all()
        rows = [
            (team, [duty for duty in planned if duty.team_id == team.id], duty_roster.missing(session, team.id, now))
            for team in teams
        ]
        exceptions = session.scalars(select(DutyException).order_by(DutyException.day)).all()
        people = session.scalars(select(User).where(User.active, User.role.in_(SERVING)).order_by(User.name)).all()
        return render_template("roster.html", rows=rows, exceptions=exceptions, people=people)


@supervision.post("/roster/duties")
def add_duty() -> AnyResponse:
    """Somebody answers a team's calls every week at these hours, or helps out."""
    form = request.form

    def act(session: Session) -> None:
        starts, ends = _hour(form["starts"]), _hour(form["ends"])
        weekday = whole(form["weekday"])
        if not 0 <= weekday <= 6 or starts >= ends:
            raise ValueError
        session.add(
            Duty(
                team_id=session.get_one(Team, whole(form["team"])).id,
                user_id=session.get_one(User, whole(form["user"])).id,
                weekday=weekday,
                starts=starts,
                ends=ends,
                fallback=form.get("fallback") == "1",
            )
        )

    return _act(act, "supervision.duties")


@supervision.post("/roster/exceptions")
def add_exception() -> AnyResponse:
    """On one day somebody is absent, or has other hours."""
    form = request.form

    def act(session: Session) -> None:
        user, day = session.get_one(User, whole(form["user"])), date.fromisoformat(form["day"])
        other = bool(form.get("starts")) and bool(form.get("ends"))
        starts = _hour(form["starts"]) if other else None
        ends = _hour(form["ends"]) if other else None
        if starts is not None and ends is not None and starts >= ends:
            raise ValueError
        known = session.scalar(select(DutyException).where(DutyException.user_id == user.id, DutyException.day == day))
        exception = known or DutyException(user_id=user.id, day=day)
        exception.starts, exception.ends = starts, ends
        session.add(exception)

    return _act(act, "supervision.duties")


@supervision.post("/roster/<kind>/<int(max=2147483647):row_id>/delete")
def delete(kind: str, row_id: int) -> AnyResponse:
    """Take a duty or an exception back."""
    table = {"duties": Duty, "exceptions": DutyException}.get(kind) or abort(404)

    def act(session: Session) -> None:
        session.delete(session.get(table, row_id) or abort(404))

    return _act(act, "supervision.duties")


@supervision.get("/unwanted")
def unwanted() -> str:
    """Numbers that ring without end, and those that are blocked."""
    now = utc_now()
    with database.writing() as session:
        access_log.append(session, actor(), "view", now, detail="unwanted numbers")
    with database.reading() as session:
        frequent, blocks = screening.frequent(session), screening.blocks(session)
        return render_template("unwanted.html", frequent=frequent, blocks=blocks, now=now)


@supervision.post("/unwanted/block")
def block() -> AnyResponse:
    """Block a number for a stated time and reason."""
    form = request.form
    written = form.get("number", "")
    number = phone_numbers.dialable(written) or phone_numbers.shown_number(re.sub(r"[^+\d]", "", written))

    def act(session: Session) -> None:
        if number is None:
            raise ValueError
        days, reason = whole(form.get("days", "")), form.get("reason", "")
        screening.block(session, number, days, reason, me(), utc_now())

    return _act(act, "supervision.unwanted")


@supervision.post("/unwanted/<int(max=2147483647):block_id>/lift")
def lift(block_id: int) -> AnyResponse:
    """Take a block back."""
    return _act(lambda session: screening.lift(session, block_id, me(), utc_now()), "supervision.unwanted")


def _hour(text: str) -> time:
    found = time.fromisoformat(text)
    if found.tzinfo is not None:
        raise ValueError(text)
    return found


def _act(action: Callable[[Session], None], back: str) -> AnyResponse:
    try:
        with database.writing() as session:
            action(session)
    except (ValueError, KeyError, LookupError, NoResultFound):
        flash(gettext("Please fill in every field."), "warning")
    else:
        flash(gettext("Saved."), "success")
    return redirect(url_for(back))
