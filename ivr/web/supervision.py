"""What supervisors see to: the duty roster, numbers that are kept away, and work that needs a person."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from werkzeug.wrappers import Response as AnyResponse

from ivr.audit import access_log
from ivr.callbacks import carrier_faults, early_records, failed_jobs, house_alarms, queries
from ivr.calls import screening
from ivr.config.settings import settings
from ivr.contact_centre import duty_roster, roster_week
from ivr.domain import caller_ids, phone_numbers
from ivr.domain.enums import AccessAction
from ivr.domain.roles import SERVING
from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.models.accounts import Team, User
from ivr.models.contact_centre import Duty, DutyException
from ivr.platform import clock_watch, database
from ivr.transcription import corrections
from ivr.web import forms, roster, words
from ivr.web.actions import act
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import Day, Hour, Id, Tick, WrittenNumber, integer, line_of

_FILL_IN = _("Please fill in every field.")

supervision = Blueprint("supervision", __name__, url_prefix="/supervision")


@supervision.get("/unfinished")
def unfinished() -> str:
    """Work that needs a person, faults of the carrier, and the backlog of transcripts."""
    with database.reading() as session:
        found = failed_jobs.of_teams(session, me().scope_ids)
        backlog = queries.pending_transcripts(session)
        faults, alarms = carrier_faults.shown(session), house_alarms.shown(session, utc_now())
        clock = clock_watch.compare(session, utc_now())
        return render_template(
            "unfinished.html", unfinished=found, backlog=backlog, faults=faults, alarms=alarms,
            leapt=None if clock.is_right else clock,
        )  # fmt: skip


@supervision.get("/corrections")
def corrected() -> str:
    """What members have corrected in transcripts, and the words that machines are told to expect."""
    teams = me().scope
    with database.reading() as session:
        found = corrections.of_teams(session, [team.id for team in teams])
        return render_template(
            "corrections.html", found=found, teams=teams, fewest=corrections.FEWEST_TASKS,
            phrases=settings().recognition_phrases,
        )  # fmt: skip


@supervision.post("/clock")
def confirm_clock() -> AnyResponse:
    """The clock of the machine is right, although it has leapt: what deletes by time goes on."""
    now = utc_now()

    def change(session: Session) -> None:
        early_records.confirm_clock(session, now)
        access_log.append(session, actor(), AccessAction.PERIOD_DECIDED, now, detail="the clock is right")

    return act(
        change, url_for("supervision.unfinished"), done=gettext("Confirmed: the clock is right. Deletion goes on.")
    )


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
        return render_template(
            "roster.html", rows=rows, exceptions=exceptions, persons=[(one.id, one.name) for one in people],
            teams=[(team.id, team.name) for team in teams], weekdays=list(words.TABLES["weekdays"].items()),
            week_persons=[(one.id, one.name) for one in people], **roster.grid(session),
        )  # fmt: skip


class DutyForm(forms.Form):
    """A weekly duty: whose, for which team, on which weekday (0 is Monday), from when until when (local time)."""

    problem = _FILL_IN
    team: Id
    user: Id
    weekday: Annotated[int, integer(0, 6)]
    starts: Hour
    ends: Hour
    fallback: Tick = False


@supervision.post("/roster/duties")
def add_duty() -> AnyResponse:
    """Add a weekly duty: somebody answers a team's calls at these hours, or helps out."""
    page = url_for("supervision.duties")
    form = forms.read(DutyForm, page)

    def change(session: Session) -> None:
        session.get_one(Team, form.team), session.get_one(User, form.user)
        roster_week.require_order(form.starts, form.ends)
        session.add(
            Duty(
                team_id=form.team, user_id=form.user, weekday=form.weekday, starts=form.starts, ends=form.ends,
                fallback=form.fallback,
            )
        )  # fmt: skip

    return act(change, page, form=form, done=gettext("The duty is added."), refusals=roster.refusals())


class ExceptionForm(forms.Form):
    """One day on which somebody is absent (no hours), or has other hours than usual (local time)."""

    problem = _FILL_IN
    user: Id
    day: Day
    starts: Hour | None = None
    ends: Hour | None = None


@supervision.post("/roster/exceptions")
def add_exception() -> AnyResponse:
    """On one day somebody is absent, or has other hours."""
    page = url_for("supervision.duties")
    form = forms.read(ExceptionForm, page)
    done = gettext("The exception is saved.")
    return act(lambda session: _except(session, form), page, form=form, done=done, refusals=roster.refusals())


def _except(session: Session, form: ExceptionForm) -> None:
    if form.starts is not None and form.ends is not None:
        roster_week.set_day(session, form.user, form.day, (form.starts, form.ends))
    elif form.starts is None and form.ends is None:
        roster_week.set_day(session, form.user, form.day, None)
    else:
        raise ValueError("hours have a beginning and an end; an absence has neither")


@supervision.post("/roster/<kind>/<int:row_id>/delete")
def delete(kind: str, row_id: int) -> AnyResponse:
    """Delete a duty or an exception."""
    table = {"duties": Duty, "exceptions": DutyException}.get(kind) or abort(404)
    done = gettext("The duty is deleted.") if table is Duty else gettext("The exception is deleted.")
    page = url_for("supervision.duties")
    return act(lambda session: session.delete(session.get(table, row_id) or abort(404)), page, done=done)


@supervision.get("/unwanted")
def unwanted() -> str:
    """Numbers that ring without end, and those that are blocked."""
    now = utc_now()
    with database.writing() as session:
        access_log.append(session, actor(), "view", now, detail="unwanted numbers")
    with database.reading() as session:
        frequent, blocks = screening.frequent(session), screening.blocks(session)
        return render_template("unwanted.html", frequent=frequent, blocks=blocks, now=now)


class BlockForm(forms.Form):
    """A number that is blocked, for how many days and why."""

    problem = _FILL_IN
    number: WrittenNumber
    days: Annotated[int, integer(1, screening.LONGEST_BLOCK_DAYS)]
    reason: Annotated[str, line_of(500)]


@supervision.post("/unwanted/block")
def block() -> AnyResponse:
    """Block a number for a stated time and reason."""
    page = url_for("supervision.unwanted")
    form = forms.read(BlockForm, page)

    def change(session: Session) -> None:
        found = phone_numbers.dialable(form.number) or caller_ids.read(form.number).telephone
        if found is None or settings().is_house_number(found):
            raise ValueError("no telephone number, or one that stands for many callers")
        screening.block(session, found, form.days, form.reason, me(), utc_now())

    unusable = gettext("This is no telephone number, or one that stands for many callers. It cannot be blocked.")
    done = gettext("The number is blocked.")
    return act(change, page, form=form, done=done, refusals={ValueError: unusable})


@supervision.post("/unwanted/<int:block_id>/lift")
def lift(block_id: int) -> AnyResponse:
    """Take a block back."""
    page, done = url_for("supervision.unwanted"), gettext("The block is lifted.")
    return act(lambda session: screening.lift(session, block_id, me(), utc_now()), page, done=done)
