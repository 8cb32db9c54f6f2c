"""Announcements to callers: supervisors draft, look and listen, publish and take back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.audio.synthesis import speak
from ivr.audio.wav import write_wav
from ivr.audit import access_log
from ivr.config.settings import settings
from ivr.domain.enums import AccessAction
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.models.notices import Announcement, AnnouncementText
from ivr.notices import announcements as service
from ivr.notices.unusable import Unusable
from ivr.platform import database
from ivr.web import forms, uploads
from ivr.web.actions import Sentence, act
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import LocalInstant
from ivr.web.template_helpers import notice_sentence

announcing = Blueprint("announcing", __name__, url_prefix="/announcements")

#: The field of the text in a language begins so.
_TEXT = "text-"
_REFUSALS: dict[type[Exception], Sentence] = {Unusable: notice_sentence}


class AnnouncementForm(forms.Form):
    """From when until when an announcement runs (local time); its texts are fields `text-<language>`."""

    begins: LocalInstant
    ends: LocalInstant


def _texts() -> dict[str, str]:
    """The texts of a form by language; languages that the form does not have are left out."""
    sent = forms.sent()
    return {code: sent[_TEXT + code][:2000] for code in LANGUAGES if _TEXT + code in sent}


@announcing.get("/")
def page() -> str:
    """Announcements that run, are to come, or are drafts; and those that are over, with who made them."""
    return _overview({})


@announcing.post("/")
def draft() -> AnyResponse | str:
    """Make a draft, and lead to its preview."""
    made: list[int] = []

    def make(session: Session, form: AnnouncementForm, now: datetime) -> None:
        announcement = service.draft(session, form.begins, form.ends, _texts(), me(), now)
        made.append(announcement.id)
        _log(session, f"announcement {announcement.id}: drafted", now)

    return redirect(url_for("announcing.preview", number=made[0])) if _is_done(make) else _overview(forms.sent())


@announcing.get("/<int:number>")
def preview(number: int) -> str:
    """What callers hear in each language, and which languages lack a text."""
    return _preview(number, {})


@announcing.post("/<int:number>")
def change(number: int) -> AnyResponse | str:
    """Change the times and texts of a draft."""

    def make(session: Session, form: AnnouncementForm, now: datetime) -> None:
        service.change(session, number, form.begins, form.ends, _texts(), now)
        _log(session, f"announcement {number}: changed", now)

    return redirect(url_for("announcing.preview", number=number)) if _is_done(make) else _preview(number, forms.sent())


def _is_done(make: Callable[[Session, AnnouncementForm, datetime], None]) -> bool:
    """Read the form and use it; otherwise say what is wrong, and the page shows once more what was typed."""
    try:
        form = forms.read(AnnouncementForm, url_for("announcing.page"))
        with database.writing() as session:
            make(session, form, utc_now())
    except forms.Invalid as invalid:
        flash(invalid.message, "warning")
    except Unusable as unusable:
        flash(notice_sentence(unusable), "warning")
    else:
        return True
    return False


def _overview(typed: Mapping[str, str]) -> str:
    now = utc_now()
    with database.reading() as session:
        return render_template(
            "announcements.html", coming=service.coming(session, now), past=service.past(session, now), now=now,
            languages_offered=settings().enabled_languages, values=typed, texts=_texts(),
        )  # fmt: skip


def _preview(number: int, typed: Mapping[str, str]) -> str:
    with database.reading() as session:
        announcement = service.one(session, number) or abort(404)
        return render_template(
            "announcement.html", one=announcement, lacking=service.lacking(announcement), now=utc_now(), values=typed,
            texts=_texts() or {one.language: one.text for one in announcement.texts},
            languages_offered=settings().enabled_languages,
        )  # fmt: skip


@announcing.post("/<int:number>/<language>/recording")
def record(number: int, language: str) -> AnyResponse:
    """Play a recording in one language of a draft."""
    data = uploads.recording() or b"-"  # the form is there for the file alone

    def changes(session: Session) -> None:
        service.record(session, number, language, data)
        _log(session, f"announcement {number}: recorded in {language}", utc_now())

    done = gettext("This recording is played.")
    return act(changes, url_for("announcing.preview", number=number), done=done, refusals=_REFUSALS)


@announcing.post("/<int:number>/publish")
def publish(number: int) -> AnyResponse:
    """Let callers hear a draft."""

    def changes(session: Session) -> None:
        service.publish(session, number, actor(), utc_now())

    done = gettext("Callers hear it from its beginning until its end.")
    return act(changes, url_for("announcing.preview", number=number), done=done, refusals=_REFUSALS)


@announcing.post("/<int:number>/undo")
def undo(number: int) -> AnyResponse:
    """Take an announcement back, or discard a draft."""

    def changes(session: Session) -> None:
        service.undo(session, number, me(), actor(), utc_now())

    done = gettext("Taken back. Callers do not hear it any more.")
    return act(changes, url_for("announcing.page"), done=done, refusals=_REFUSALS)


@announcing.get("/<int:number>/<language>.wav")
def listen(number: int, language: str) -> Response:
    """What callers hear in a language; our synthesiser stands in for the carrier's voice."""
    query = select(AnnouncementText.text, AnnouncementText.audio).join(Announcement)
    with database.reading() as session:
        row = session.execute(query.where(Announcement.id == number, AnnouncementText.language == language)).first()
    return wave(row.audio, row.text, language) if row else abort(404)


def wave(audio: bytes | None, text: str, language: str) -> Response:
    """Audio for a page: what is stored, or what our synthesiser makes of the text."""
    response = Response(audio or write_wav(speak(text, language)), mimetype="audio/wav")
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _log(session: Session, detail: str, now: datetime) -> None:
    access_log.append(session, actor(), AccessAction.NOTICE_CHANGED, now, detail=detail)
