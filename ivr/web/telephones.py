"""The administrator's page of telephones from which members log in with a PIN alone."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import staff_telephones
from ivr.audit import access_log
from ivr.domain.enums import AccessAction
from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.models.accounts import User
from ivr.platform import database
from ivr.web import forms
from ivr.web.actions import act
from ivr.web.authorisation import actor
from ivr.web.form_fields import Line, WrittenNumber, line_of

telephones = Blueprint("telephones", __name__, url_prefix="/administration/telephones")


@telephones.get("/")
def index() -> str:
    """All telephones that are known, and a form to add one."""
    with database.reading() as session:
        members = session.scalars(
            select(User).where(User.active, User.personal_number.is_not(None)).order_by(User.name)
        )
        return render_template(
            "telephones.html",
            telephones=staff_telephones.known(session),
            people=[("", gettext("everybody")), *((user.username, user.name) for user in members)],
        )


class TelephoneForm(forms.Form):
    """A telephone: its number, whose it is (empty: everybody's), and where it stands."""

    problem = _("Please give a number that can be called and is not known already, or a block such as +49421361*.")
    number: WrittenNumber
    username: Line = ""
    place: Annotated[str, line_of(120)] = ""


@telephones.post("/")
def add() -> AnyResponse:
    """Add a telephone."""
    page = url_for("telephones.index")
    form, now = forms.read(TelephoneForm, page), utc_now()

    def change(session: Session) -> None:
        telephone = staff_telephones.add(session, form.number, form.username, form.place, now)
        detail = f"telephone {telephone.number} of {form.username or 'everybody'}: added"
        access_log.append(session, actor(), AccessAction.USER_CHANGED, now, detail=detail)

    refusals: dict[type[Exception], str] = {ValueError: gettext(TelephoneForm.problem)}
    return act(change, page, form=form, done=gettext("The telephone is added."), refusals=refusals)


@telephones.post("/<int:telephone_id>/remove")
def remove(telephone_id: int) -> AnyResponse:
    """Forget a telephone."""

    def change(session: Session) -> None:
        telephone = staff_telephones.remove(session, telephone_id) or abort(404)
        detail = (
            f"telephone {telephone.number} of {telephone.user.username if telephone.user else 'everybody'}: removed"
        )
        access_log.append(session, actor(), AccessAction.USER_CHANGED, utc_now(), detail=detail)

    return act(change, url_for("telephones.index"), done=gettext("The telephone is removed."))
