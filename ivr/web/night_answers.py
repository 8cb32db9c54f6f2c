"""Answers for the night, and where there is help at once: supervisors write or record them, in each language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.config.settings import settings
from ivr.domain.enums import AnsweredQuestion
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.flows.own_texts import REPLACED
from ivr.models.notices import NightAnswer
from ivr.notices import emergency_number, texts
from ivr.notices import night_answers as service
from ivr.notices.unusable import Unusable
from ivr.platform import database
from ivr.prompts.catalogue import catalogue
from ivr.web import forms, uploads
from ivr.web.actions import act
from ivr.web.announcements import wave
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import text_of
from ivr.web.template_helpers import notice_sentence

night = Blueprint("night", __name__, url_prefix="/night-answers")


class AnswerForm(forms.Form):
    """The text of an answer. A recording may come with it."""

    text: Annotated[str, text_of(2000)] = ""


@night.get("/")
def page() -> str:
    """Which question has an answer in which language."""
    with database.reading() as session:
        return render_template(
            "night_answers.html", answers=service.current(session), questions=list(AnsweredQuestion),
            codes=settings().enabled_languages, built_in=REPLACED.values(),
        )  # fmt: skip


@night.get("/<language>")
def answers(language: str) -> str:
    """The answers of one language, and forms for others."""
    known = LANGUAGES.get(language) or abort(404)
    with database.reading() as session:
        found = service.current(session)
        return render_template(
            "night_answers_language.html", language=known, questions=list(AnsweredQuestion), answers=found,
            longest=service.LONGEST, built_in=_built_in(language), lacks_112=_lacks_112(found, language),
        )  # fmt: skip


def _built_in(language: str) -> dict[AnsweredQuestion, str]:
    """What callers hear where there is no answer."""
    spoken = catalogue(language).texts
    return {question: spoken[prompt] for prompt, question in REPLACED.items() if prompt in spoken}


def _lacks_112(found: Mapping[tuple[AnsweredQuestion, str], NightAnswer], language: str) -> set[AnsweredQuestion]:
    """The texts for emergencies that do not name 112."""
    own = ((question, found.get((question, language))) for question in REPLACED.values())
    return {question for question, one in own if one and not emergency_number.is_named(one.text, language)}


def _sent(language: str, question: str) -> tuple[AnswerForm, bytes, str]:
    """The form, its recording, and the page it was sent from; not found where there is no such answer."""
    if language not in LANGUAGES or question not in list(AnsweredQuestion):
        abort(404)
    back = url_for("night.answers", language=language)
    return forms.read(AnswerForm, back), uploads.recording(), back


@night.post("/<language>/<question>")
def add(language: str, question: str) -> AnyResponse:
    """Answer a question in a language from now on."""
    form, recording, back = _sent(language, question)

    def change(session: Session) -> None:
        asked = AnsweredQuestion(question)
        service.add(session, asked, language, form.text, me(), actor(), utc_now(), recording)

    done = gettext("Callers hear it from now on.")
    return act(change, back, form=form, done=done, refusals={Unusable: notice_sentence})


@night.post("/<language>/<question>/preview")
def preview(language: str, question: str) -> AnyResponse:
    """What callers would hear: the audio alone. Nothing is kept."""
    form, recording, back = _sent(language, question)
    try:
        made = texts.made(form.text, language, service.LONGEST, recording)
    except Unusable as unusable:
        flash(notice_sentence(unusable), "error")
        return redirect(back)
    return wave(made.audio, made.text, language)


@night.post("/<int:number>/undo")
def undo(number: int) -> AnyResponse:
    """Take an answer back."""
    with database.reading() as session:
        answer = session.get(NightAnswer, number) or abort(404)

    def change(session: Session) -> None:
        service.undo(session, number, me(), actor(), utc_now())

    done = gettext("Taken back. What counted before counts again.")
    back = url_for("night.answers", language=answer.language)
    return act(change, back, done=done, refusals={Unusable: notice_sentence})


@night.get("/<int:number>.wav")
def listen(number: int) -> Response:
    """What callers hear of an answer."""
    query = select(NightAnswer.audio, NightAnswer.text, NightAnswer.language).where(NightAnswer.id == number)
    with database.reading() as session:
        row = session.execute(query).first() or abort(404)
    return wave(row.audio, row.text, row.language)
