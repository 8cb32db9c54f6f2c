"""The directory: supervisors and administrators keep the numbers that are fetched into conversations."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, abort, render_template, url_for
from flask_babel import gettext
from pydantic import AfterValidator
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.contact_centre import directory as service
from ivr.contact_centre.directory import Listed
from ivr.domain.enums import DirectoryKind
from ivr.domain.languages import DEFAULT_LANGUAGE, LANGUAGES, UNKNOWN_LANGUAGE
from ivr.domain.opening_hours import WEEKDAYS
from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.models.directory import DirectoryEntry
from ivr.notices import further_languages
from ivr.platform import database
from ivr.web import forms
from ivr.web.actions import act
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import HoursOfDay, Line, Rung, Tick, integer, line_of, one_of, problem

directory = Blueprint("directory", __name__, url_prefix="/directory")

#: Dearest interpreter, in cents a minute.
_MOST_CENTS = 5000


class DirectoryAddress(forms.Form):
    """The words that are looked for."""

    q: Line = ""


@directory.get("/")
def page() -> str:
    """The entries, or those with some words in their name, and a form to add one."""
    words, now = forms.query(DirectoryAddress).q, utc_now()
    with database.reading() as session:
        found = [(entry, service.reach(entry, now)) for entry in service.entries(session, words)]
        return render_template("directory.html", found=found, words_asked=words, entry=None, choices=_languages(None))


@directory.get("/<int:entry_id>")
def entry(entry_id: int) -> str:
    """One entry, to change or end it."""
    with database.reading() as session:
        shown = session.get(DirectoryEntry, entry_id) or abort(404)
        return render_template("directory_entry.html", entry=shown, choices=_languages(shown))


def _languages(shown: DirectoryEntry | None) -> list[str]:
    """What can be interpreted: languages of the menu and beyond it, those of an entry, and one that nobody knows."""
    offered = [code for code in LANGUAGES if code != DEFAULT_LANGUAGE]
    own = shown.languages if shown is not None else []
    return list(dict.fromkeys([*offered, *further_languages.codes(), *own, UNKNOWN_LANGUAGE]))


def _interpretable(code: str) -> str:
    if code not in (*LANGUAGES, UNKNOWN_LANGUAGE) and not further_languages.is_further(code):
        raise problem(_("Please choose one of the values offered."))
    return code


class EntryForm(forms.Form):
    """An entry: whose number it is, when somebody answers there, and what an interpreter speaks and costs."""

    kind: Annotated[DirectoryKind, one_of(tuple(DirectoryKind))]
    name: Annotated[str, line_of(120)]
    number: Rung
    hint: Annotated[str, line_of(200)] = ""
    monday: HoursOfDay = ""
    tuesday: HoursOfDay = ""
    wednesday: HoursOfDay = ""
    thursday: HoursOfDay = ""
    friday: HoursOfDay = ""
    saturday: HoursOfDay = ""
    sunday: HoursOfDay = ""
    closed_on_holidays: Tick = False
    language: tuple[Annotated[str, AfterValidator(_interpretable)], ...] = ()
    cents_per_minute: Annotated[int, integer(0, _MOST_CENTS)] = 0

    def listed(self) -> Listed:
        """What the form says."""
        weekdays = {str(day): getattr(self, day) for day in WEEKDAYS if getattr(self, day)}
        return Listed(
            DirectoryKind(self.kind), self.name, self.number, weekdays, languages=self.language,
            closed_on_holidays=self.closed_on_holidays, cents_per_minute=self.cents_per_minute, hint=self.hint,
        )  # fmt: skip


@directory.post("/")
def add() -> AnyResponse:
    """Add an entry."""
    back = url_for("directory.page")
    form = forms.read(EntryForm, back)

    def change(session: Session) -> None:
        service.add(session, form.listed(), me(), actor(), utc_now())

    return act(change, back, form=form, done=gettext("The entry is added."), alone=True)


@directory.post("/<int:entry_id>")
def save(entry_id: int) -> AnyResponse:
    """Change an entry."""
    back, after = url_for("directory.entry", entry_id=entry_id), url_for("directory.page")
    form = forms.read(EntryForm, back)

    def change(session: Session) -> None:
        service.change(session, entry_id, form.listed(), me(), actor(), utc_now())

    return act(change, back, form=form, done=gettext("The entry is changed."), after=after, alone=True)


@directory.post("/<int:entry_id>/end")
def end(entry_id: int) -> AnyResponse:
    """End an entry."""
    done = gettext("The entry is ended.")
    return act(
        lambda session: service.end(session, entry_id, actor(), utc_now()), url_for("directory.page"), done=done,
        alone=True,
    )  # fmt: skip
