"""Languages beyond the menu: supervisors write or record their names, which callers then hear with a key."""

from __future__ import annotations

from functools import cache
from typing import Annotated

from babel import Locale
from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.domain.timestamps import utc_now
from ivr.models.notices import FurtherLanguage
from ivr.notices import further_languages as service
from ivr.notices import texts
from ivr.notices.unusable import Unusable
from ivr.platform import database
from ivr.web import forms, uploads
from ivr.web.actions import act
from ivr.web.announcements import wave
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import line_of, text_of
from ivr.web.login import chosen_language
from ivr.web.template_helpers import notice_sentence

further = Blueprint("further", __name__, url_prefix="/further-languages")


class NameForm(forms.Form):
    """A language and its name, as the German voice reads it. A recording may come with it."""

    language: Annotated[str, line_of(8)] = ""
    text: Annotated[str, text_of(100)] = ""


@further.get("/")
def page() -> str:
    """The languages that are named, each with its key."""
    with database.reading() as session:
        return render_template(
            "further_languages.html", named=service.current(session), choices=_choices(chosen_language()),
            longest=service.LONGEST,
        )  # fmt: skip


@cache
def _choices(reader: str) -> list[tuple[str, str]]:
    """Every language that could be named, by its name. Regional forms are left out."""
    known = Locale(reader).languages.items()
    return sorted(
        ((code, name) for code, name in known if "_" not in code and service.is_further(code)),
        key=lambda one: one[1].casefold(),
    )


@further.post("/")
def add() -> AnyResponse:
    """Name a language from now on."""
    form, recording = _sent()

    def change(session: Session) -> None:
        service.add(session, form.language, form.text, me(), actor(), utc_now(), recording)

    done = gettext("Callers hear it from now on.")
    return act(change, url_for("further.page"), form=form, done=done, refusals={Unusable: notice_sentence})


@further.post("/preview")
def preview() -> AnyResponse:
    """What callers would hear: the audio alone. Nothing is kept."""
    form, recording = _sent()
    try:
        made = texts.made(form.text, DEFAULT_LANGUAGE, service.LONGEST, recording)
    except Unusable as unusable:
        flash(notice_sentence(unusable), "error")
        return redirect(url_for("further.page"))
    return wave(made.audio, made.text, DEFAULT_LANGUAGE)


def _sent() -> tuple[NameForm, bytes]:
    return forms.read(NameForm, url_for("further.page")), uploads.recording()


@further.post("/<int:number>/undo")
def undo(number: int) -> AnyResponse:
    """Take a name back."""

    def change(session: Session) -> None:
        service.undo(session, number, me(), actor(), utc_now())

    done = gettext("Taken back. What counted before counts again.")
    return act(change, url_for("further.page"), done=done, refusals={Unusable: notice_sentence})


@further.get("/<int:number>.wav")
def listen(number: int) -> Response:
    """What callers hear of a name."""
    query = select(FurtherLanguage.audio, FurtherLanguage.text).where(FurtherLanguage.id == number)
    with database.reading() as session:
        row = session.execute(query).first() or abort(404)
    return wave(row.audio, row.text, DEFAULT_LANGUAGE)
