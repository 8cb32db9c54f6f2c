"""Rights of data subjects (betroffene Personen).

Access, rectification, erasure, restriction; each a guided page with a check of who asks, and every step logged.
"""

from __future__ import annotations

import logging
from typing import Annotated

from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.audit import access_log
from ivr.callbacks import code_changes, contacts, events, search_index
from ivr.config.settings import settings
from ivr.domain import caller_ids, phone_numbers, receipt_codes
from ivr.domain.enums import AccessAction, IdentityCheck, SubjectRequestState, TaskEventKind
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.models.contacts import Contact
from ivr.models.privacy import SubjectRequest
from ivr.platform import database
from ivr.platform.crypto import CannotOpen
from ivr.privacy import (
    caller_information,
    deletion_records,
    erasure,
    keyed_numbers,
    legal_holds,
    nightly_job,
    recording_deletion,
    restriction,
    retention_periods,
    sealed_subjects,
    subject_access,
    subject_access_pdf,
)
from ivr.privacy.compliance import OperatorFacts
from ivr.privacy.erasure import Subject
from ivr.web import forms, sent_once, subject_labels
from ivr.web.authorisation import actor, me
from ivr.web.downloads import saved_as
from ivr.web.event_texts import minute
from ivr.web.form_fields import PhoneOfAnother, Tick, WrittenNumber, line_of, one_of
from ivr.web.login import chosen_language

log = logging.getLogger(__name__)
subjects = Blueprint("subjects", __name__, url_prefix="/supervision/subjects")

KINDS = ("access", "rectification", "erasure", "restriction")
#: How one knows that it is them (Art. 12 (6) GDPR). Whoever has found a telephone or a receipt code passes none.
IDENTITY_CHECKS = (IdentityCheck.DOCUMENT, IdentityCheck.REPRESENTATIVE, IdentityCheck.CUSTOMER_DATA)


@subjects.get("/")
def page() -> str:
    """What was asked for, and a new request."""
    with database.reading() as session:
        found = session.scalars(select(SubjectRequest).order_by(SubjectRequest.id.desc()).limit(50)).all()
        return render_template("subjects.html", requests=found, kinds=KINDS, checks=IDENTITY_CHECKS)


class RequestForm(forms.Form):
    """Who asks for which of their rights, and how one knows that it is them."""

    problem = _("Please give a telephone number or a receipt code, what they ask for, and how you know who asks.")
    kind: Annotated[str, one_of(KINDS)]
    identity_check: Annotated[str, one_of(IDENTITY_CHECKS)]
    named: WrittenNumber


@subjects.post("/")
def begin() -> AnyResponse:
    """A person asks for one of their rights."""
    form, now = forms.read(RequestForm, url_for("subjects.page")), utc_now()
    named = _named(form.named)
    if named is None:
        forms.keep_typed(RequestForm)
        flash(gettext(RequestForm.problem), "warning")
        return redirect(url_for("subjects.page"))
    with database.writing() as session:
        sent_once.require_first(session, url_for("subjects.page"))
        asked = SubjectRequest(
            kind=form.kind, identity_check=form.identity_check, named=sealed_subjects.seal(named),
            opened_by_id=me().id, opened_at=now, result="",
        )  # fmt: skip
        session.add(asked)
        session.flush()
        _log(session, asked, "opened")
    return redirect(url_for("subjects.one", request_id=asked.id))


def _named(text: str) -> str | None:
    digits = "".join(letter for letter in text if letter in "0123456789")
    if receipt_codes.is_code(digits) and "+" not in text:
        return digits
    if len(digits) in receipt_codes.LENGTHS and not digits.startswith("0") and "+" not in text:
        return None  # a code with a wrong digit: as a number it would be somebody else's, or nobody's
    number = phone_numbers.dialable(text) or caller_ids.read(text).telephone
    # Whoever calls through a telephone system has shown its number: nobody's data is found by it.
    return None if number and settings().is_house_number(number) else number


def _log(session: Session, asked: SubjectRequest, what: str) -> None:
    detail = f"request {asked.id}, {asked.kind}: {what}"
    access_log.append(
        session, actor(), AccessAction.SUBJECT_REQUEST, utc_now(), reason=asked.identity_check, detail=detail
    )


def _request(session: Session, request_id: int, *kinds: str, lock: bool = True) -> SubjectRequest:
    asked = session.get(SubjectRequest, request_id, with_for_update=lock) or abort(404)
    if asked.state != "opened" or (kinds and asked.kind not in kinds):
        abort(404)
    return asked


def _is_proven(asked: SubjectRequest) -> bool:
    """Whether the identity check counts: customer data have been compared by a second person as well."""
    if asked.identity_check == IdentityCheck.CUSTOMER_DATA:
        return asked.confirmed_by_id is not None
    return asked.identity_check in IDENTITY_CHECKS


class ExtentForm(forms.Form):
    """Whether tasks that only name the number are the person's, too (:mod:`ivr.privacy.keyed_numbers`)."""

    named_too: Tick = False


def _open(
    session: Session, request_id: int, *kinds: str, named_too: bool, lock: bool = True, proven: bool = True
) -> tuple[SubjectRequest, Subject]:
    asked = _request(session, request_id, *kinds, lock=lock)
    if proven and not _is_proven(asked):
        abort(403)
    return asked, keyed_numbers.subject_of(session, sealed_subjects.named_in(asked), named_too=named_too)


@subjects.get("/<int:request_id>")
def one(request_id: int) -> str | tuple[str, int]:
    """What is there, in numbers; and what is to be done."""
    try:
        with database.writing() as session:
            asked, every = _open(session, request_id, named_too=True, proven=False)
            named_only = keyed_numbers.only_named(session, every)
            found = keyed_numbers.without(session, every, named_only)
            _log(session, asked, f"looked up: {len(found.task_ids)} tasks, {len(found.call_ids)} calls")
    except CannotOpen as error:
        log.error("%s", error)
        with database.reading() as session:
            return render_template("subject_sealed.html", asked=_request(session, request_id, lock=False)), 503
    with database.reading() as session:
        tasks = session.scalars(select(CallbackTask).where(CallbackTask.id.in_(found.task_ids))).all()
        return render_template(
            "subject.html", asked=asked, extent=subject_access.extent(subject_access.collect(session, found)),
            recordings=subject_access.recordings_of(session, found), named_only=named_only,
            still_open=sum(task.state != "closed" for task in tasks),
            held=bool(legal_holds.held_among(session, found.task_ids)), offered=LANGUAGES,
            named=sealed_subjects.named_in(asked), proven=_is_proven(asked),
            second_look=asked.identity_check == IdentityCheck.CUSTOMER_DATA, me=me(),
            opened_by=session.get_one(User, asked.opened_by_id).name,
        )  # fmt: skip


@subjects.post("/<int:request_id>/identity")
def confirm_identity(request_id: int) -> AnyResponse:
    """A second person has compared the customer data with the file, too."""
    with database.writing() as session:
        asked = _request(session, request_id)
        if asked.identity_check != IdentityCheck.CUSTOMER_DATA:
            abort(404)
        if asked.opened_by_id == me().id:
            flash(gettext("Somebody else has to compare the data: two people must agree."), "warning")
        elif asked.confirmed_by_id is None:
            asked.confirmed_by_id, asked.confirmed_at = me().id, utc_now()
            _log(session, asked, "identity confirmed by a second person")
    return redirect(url_for("subjects.one", request_id=request_id))


@subjects.post("/<int:request_id>/data.zip")
def access(request_id: int) -> Response:
    """Everything, as PDF, JSON and audio."""
    form, now = forms.read(ExtentForm), utc_now()
    with database.reading() as session:
        asked, found = _open(session, request_id, "access", named_too=form.named_too, lock=False)
        data = subject_access.collect(session, found)
        periods = retention_periods.all_days(session)
    told = caller_information.sections(periods, OperatorFacts.of(settings()), gettext)
    made_on = minute(now, "dd.MM.yyyy HH:mm", "d MMM yyyy HH:mm")
    pdf = subject_access_pdf.as_pdf(data, made_on, chosen_language(), gettext, subject_labels.said, told)
    archive = subject_access.package(data, pdf, gettext("This recording cannot be read any more."))
    with database.writing() as session:
        asked = session.get_one(SubjectRequest, request_id, with_for_update=True)
        tasks = session.scalars(select(CallbackTask).where(CallbackTask.id.in_(found.task_ids))).all()
        named: list[CallbackTask | None] = [*tasks]
        for task in named or [None]:
            access_log.append(session, actor(), "download", now, task=task, reason=f"request {request_id}")
        _done(session, asked, f"{len(found.task_ids)} tasks, {len(found.call_ids)} calls handed out", keep=True)
    return saved_as(
        Response(archive, mimetype="application/zip"), gettext("Answer to a data subject"), request_id, ending="zip"
    )


def _done(session: Session, asked: SubjectRequest, result: str, *, keep: bool = False) -> None:
    """The request is done: whose it was is forgotten (after a download only when the request is closed)."""
    asked.result = result[:300]
    if not keep:
        asked.state, asked.done_at, asked.named = SubjectRequestState.DONE, utc_now(), ""
    _log(session, asked, result)


class RectificationForm(ExtentForm):
    """What is corrected; what is empty stays as it is."""

    name: Annotated[str, line_of(120)] = ""
    number: PhoneOfAnother | None = None
    language: Annotated[str, one_of(LANGUAGES)] = ""
    customer_number: Annotated[str, line_of(20)] = ""


@subjects.post("/<int:request_id>/rectify")
def rectify(request_id: int) -> AnyResponse:
    """Correct what is wrong."""
    form, now = forms.read(RectificationForm, url_for("subjects.one", request_id=request_id)), utc_now()
    if not (form.name or form.number or form.language or form.customer_number):
        flash(gettext("Please fill in what is to be corrected."), "warning")
        return redirect(url_for("subjects.one", request_id=request_id))
    with database.writing() as session:
        asked, found = _open(session, request_id, "rectification", named_too=form.named_too)
        tasks = session.scalars(select(CallbackTask).where(CallbackTask.id.in_(found.task_ids))).all()
        for task in tasks:
            task.caller_name = form.name or task.caller_name
            if form.number:
                task.callback_number = form.number
                if first := contacts.first_of(task):
                    code_changes.correct_number(session, first, form.number, now)
            task.language = form.language or task.language
            if form.customer_number and task.postal_order is not None:
                task.postal_order.customer_number = form.customer_number
            events.record(session, task.id, TaskEventKind.RECTIFIED, now, user_id=me().id)
            search_index.index(session, task)
        _done(session, asked, f"{len(tasks)} tasks corrected")
    flash(gettext("The data are corrected."), "success")
    return redirect(url_for("subjects.page"))


class ErasureForm(ExtentForm):
    """That everything is really to be erased."""

    sure: Tick = False


@subjects.post("/<int:request_id>/erase")
def erase(request_id: int) -> AnyResponse:
    """Destroy everything that is theirs."""
    form, now = forms.read(ErasureForm), utc_now()
    if not form.sure:
        flash(gettext("Please tick that everything is to be erased. It cannot be taken back."), "warning")
        return redirect(url_for("subjects.one", request_id=request_id))
    try:
        with database.writing() as session:
            asked, found = _open(session, request_id, "erasure", named_too=form.named_too)
            if erasure.is_shared(session, found):
                flash(gettext("Others have called about one of the tasks, too. Split it at the desk first."), "warning")
                return redirect(url_for("subjects.one", request_id=request_id))
            _close_others(session, asked, found)
            counts = erasure.erase(session, found, now)
            _done(session, asked, ", ".join(f"{count} {what}" for what, count in counts.items()))
            nightly_job.want_scrub(session, now)
            deletion_records.write_record(session, "erasure", sum(counts.values()), nightly_job.FOLLOWS, now)
        recording_deletion.destroy_audio()
    except erasure.Held:
        flash(gettext("A legal hold lies on one of the tasks: they are not erased (Art. 17 (3) e GDPR)."), "warning")
        return redirect(url_for("subjects.one", request_id=request_id))
    except erasure.StillTalking:
        flash(gettext("A call of this person is not over yet. Please try again in some minutes."), "warning")
        return redirect(url_for("subjects.one", request_id=request_id))
    except OSError:
        flash(gettext("The audio store does not answer. Nothing was lost; please try again."), "warning")
        return redirect(url_for("subjects.one", request_id=request_id))
    flash(gettext("Erased. What the carrier has goes as well, as soon as it answers."), "success")
    return redirect(url_for("subjects.page"))


def _close_others(session: Session, asked: SubjectRequest, found: Subject) -> None:
    """Other open requests about the same person would keep the number."""
    codes = select(Contact.receipt_code).where(Contact.task_id.in_(found.task_ids))
    theirs = {sealed_subjects.named_in(asked), *session.scalars(codes)}
    others = select(SubjectRequest).where(SubjectRequest.state == "opened", SubjectRequest.id != asked.id)
    for other in session.scalars(others).all():
        if sealed_subjects.named_in(other) in theirs:
            _done(session, other, f"erased with request {asked.id}")


class RestrictionForm(ExtentForm):
    """Whether a restriction is lifted."""

    lift: Tick = False


@subjects.post("/<int:request_id>/restrict")
def restrict(request_id: int) -> AnyResponse:
    """Keep it and do not use it, or use it again."""
    form, now = forms.read(RestrictionForm), utc_now()
    lift = form.lift
    with database.writing() as session:
        asked, found = _open(session, request_id, "restriction", named_too=form.named_too)
        tasks = session.scalars(select(CallbackTask).where(CallbackTask.id.in_(found.task_ids))).all()
        for task in tasks:
            (restriction.lift if lift else restriction.restrict)(session, task, me(), now)
        _done(session, asked, f"{len(tasks)} tasks {'unrestricted' if lift else 'restricted'}")
    flash(
        gettext("The restriction is lifted.") if lift else gettext("The data are restricted: they are kept, not used."),
        "success",
    )
    return redirect(url_for("subjects.page"))


class ClosingForm(forms.Form):
    """That a request is closed, or refused with a reason."""

    refuse: Tick = False
    reason: Annotated[str, line_of(200)] = ""


@subjects.post("/<int:request_id>/close")
def close(request_id: int) -> AnyResponse:
    """Nothing more is to be done; or it is refused, with a reason (Art. 12 (4) GDPR)."""
    form = forms.read(ClosingForm, url_for("subjects.one", request_id=request_id))
    with database.writing() as session:
        asked = _request(session, request_id)
        if form.refuse:
            if not form.reason:
                flash(gettext("Please state the reason."), "warning")
                return redirect(url_for("subjects.one", request_id=request_id))
            asked.state, asked.done_at, asked.named = SubjectRequestState.REFUSED, utc_now(), ""
            asked.result = form.reason
            _log(session, asked, "refused")
        else:
            _done(session, asked, asked.result or "closed")
    flash(gettext("The request is refused.") if form.refuse else gettext("The request is closed."), "success")
    return redirect(url_for("subjects.page"))
