"""The data protection officer's pages: the access log, unusual reading, periods, deletion records. No content."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, stream_with_context, url_for
from flask_babel import gettext
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from ivr.audit import access_log, access_reports, verification
from ivr.config.settings import settings
from ivr.domain.enums import AccessAction
from ivr.domain.timestamps import utc_now
from ivr.models.privacy import DeletionRecord, LegalHold, SubjectRequest
from ivr.platform import database
from ivr.privacy import deletion, retention_periods
from ivr.web import forms
from ivr.web.addresses import LinesAddress, period
from ivr.web.authorisation import actor, me
from ivr.web.downloads import saved_as
from ivr.web.form_fields import Id, Line, fixed, integer, line_of, one_of

protection = Blueprint("protection", __name__, url_prefix="/protection")


class LogAddress(LinesAddress):
    """Whose lines of the access log are shown, and which actions."""

    actor: Annotated[str, line_of(120)] = ""
    action: Annotated[str, one_of(access_log.ACTIONS)] = ""


@protection.get("/")
def page() -> str:
    """The access log."""
    asked = forms.query(LogAddress)
    who, what = asked.actor, asked.action
    with database.writing() as session:
        access_log.append(
            session,
            actor(),
            AccessAction.READ_LOG,
            utc_now(),
            detail=" ".join(filter(None, (what, "of one" if who else ""))),
        )
    with database.reading() as session:
        lines = access_reports.all_lines(session, actor=who, action=what, before=asked.before)
        codes = access_reports.codes_of(session, [line.task_id for line in lines])
        return render_template(
            "access_log.html", lines=lines, codes=codes, actor=who, action=what, actions=access_log.ACTIONS,
            count=access_log.count(session), page=access_reports.PAGE,
        )  # fmt: skip


@protection.get("/access-log.jsonl")
def export() -> Response:
    """The whole log, verifiable by itself (docs/access-log.md)."""
    now = utc_now()
    with database.writing() as session:
        access_log.append(session, actor(), AccessAction.EXPORT_LOG, now)
    answer = Response(stream_with_context(verification.export(now)), mimetype="application/jsonl")
    return saved_as(answer, gettext("Access log"), f"{now:%Y%m%d}", ending="jsonl")


@protection.post("/verify")
def verify() -> AnyResponse:
    """Check the log now."""
    count, faults = verification.faults_of_database()
    if faults:
        flash(gettext("The log is not whole: %(faults)s", faults="; ".join(faults[:5])), "danger")
    else:
        flash(gettext("The log is whole: %(count)s lines.", count=count), "success")
    return redirect(url_for("protection.page"))


@protection.get("/unusual")
def unusual() -> str:
    """Unusual reading of a period."""
    first, last = period(30)
    with database.writing() as session:
        access_log.append(session, actor(), AccessAction.READ_LOG, utc_now(), detail="unusual reading")
    with database.reading() as session:
        found = access_reports.unusual(session, _begin(first), _begin(last + timedelta(days=1)))
        codes = access_reports.codes_of(session, [task_id for one in found for task_id in one.task_ids])
    return render_template(
        "unusual.html", found=found, codes=codes, first=first, last=last, readings=access_reports,
    )  # fmt: skip


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(0), settings().hours.zone)


@protection.get("/deletions")
def deletions() -> str:
    """What was deleted, holds that lie, and requests of data subjects, in numbers."""
    with database.reading() as session:
        records = session.scalars(select(DeletionRecord).order_by(DeletionRecord.id.desc()).limit(400)).all()
        lying = session.scalars(select(LegalHold).where(LegalHold.lifted_at.is_(None)).order_by(LegalHold.id)).all()
        requests = session.scalars(select(SubjectRequest).order_by(SubjectRequest.id.desc()).limit(200)).all()
        codes = access_reports.codes_of(session, [one.task_id for one in lying])
        return render_template("deletions.html", records=records, holds=lying, requests=requests, codes=codes)


_REFUSED = {
    "range": lambda: gettext("This period is too short or too long."),
    "within_task": lambda: gettext("Audio, words, number and name are not kept for longer than their task."),
    "reason": lambda: gettext("Please state the reason."),
    "same_person": lambda: gettext("Nobody confirms their own proposal."),
    "decided": lambda: gettext("This proposal was decided already."),
}


@protection.route("/periods", methods=["GET", "POST"], endpoint="periods")
def periods_page() -> str | AnyResponse:
    """The periods, and what would go now; an administrator proposes another, the officer confirms or refuses it."""
    if request.method == "POST":
        try:
            done = _propose() if me().role == "administrator" else _decide()
        except retention_periods.NotPossible as refused:
            flash(_REFUSED[str(refused)](), "warning")
        else:
            flash(done, "success")
        return redirect(url_for("protection.periods"))
    with database.reading() as session:
        return render_template(
            "periods.html", dues=deletion.plan(session, utc_now()), table=retention_periods.PERIODS,
            history=retention_periods.history(session), me=me(),
        )  # fmt: skip


class ProposalForm(forms.Form):
    """Another period for a kind of data, and why."""

    kind: Annotated[str, fixed(retention_periods.PERIODS)]
    days: Annotated[int, integer(1, retention_periods.LONGEST)]
    reason: Line = ""


def _propose() -> str:
    """Propose a period, and say what is done."""
    form, now = forms.read(ProposalForm, url_for("protection.periods")), utc_now()
    with database.writing() as session:
        change = retention_periods.propose(session, form.kind, form.days, form.reason, me(), now)
        detail = f"{change.kind}: {change.days} days"
        access_log.append(session, actor(), AccessAction.PERIOD_PROPOSED, now, reason=change.reason, detail=detail)
    return str(gettext("The period is proposed. The data protection officer decides."))


class DecisionForm(forms.Form):
    """Whether a proposal is confirmed or refused."""

    change: Id | None = None
    decision: Annotated[str, fixed(("", "confirm", "refuse"))] = ""


def _decide() -> str:
    """Decide about a proposed period, and say what is done."""
    form, now = forms.read(DecisionForm), utc_now()
    if form.change is None or not form.decision:
        abort(404)  # not a decision: only the administrator proposes
    try:
        with database.writing() as session:
            change = retention_periods.decide(session, form.change, form.decision == "confirm", me(), now)
            detail = f"{change.kind}: {change.days} days {change.state}"
            access_log.append(session, actor(), AccessAction.PERIOD_DECIDED, now, detail=detail)
    except LookupError:
        abort(404)
    confirmed = form.decision == "confirm"
    return str(gettext("The period is confirmed.") if confirmed else gettext("The proposed period is refused."))
