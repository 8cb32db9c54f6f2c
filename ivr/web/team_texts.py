"""Text modules and macros: supervisors keep those of their teams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ivr.audit import access_log
from ivr.callbacks import macros, tags, text_modules
from ivr.callbacks.macros import Step
from ivr.callbacks.refused import Refused
from ivr.config.settings import settings
from ivr.domain.digits import is_digits
from ivr.domain.enums import AccessAction, MacroStep, SmsTemplate, TextModuleUse
from ivr.domain.languages import LANGUAGES
from ivr.domain.outcomes import ATTEMPT_OUTCOMES
from ivr.domain.timestamps import utc_now
from ivr.models.team_tools import Macro, TextModule
from ivr.platform import database
from ivr.web import forms, sent_once, template_helpers
from ivr.web.actions import act
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import Line, integer, line_of, one_of

team_texts = Blueprint("team_texts", __name__, url_prefix="/supervision/texts")

#: What a macro does last, where that needs nothing else.
_RELEASE = "release"


@team_texts.get("/")
def page() -> str:
    """The text modules and macros of one's teams, and forms for new ones."""
    with database.reading() as session:
        ids = me().scope_ids
        return render_template(
            "team_texts.html", modules=text_modules.of_teams(session, ids), own=macros.of_teams(session, ids),
            steps_of=macros.steps_of, tags=tags.of_teams(session, ids), **_choices(),
        )  # fmt: skip


@team_texts.get("/modules/<int:module_id>")
def module(module_id: int) -> str:
    """One text module, to change or delete it."""
    with database.reading() as session:
        found = _module(session, module_id)
        return render_template(
            "text_module.html", module_id=module_id, name=found.name, use=found.use, team=found.team.key,
            texts=found.texts, **_choices(),
        )  # fmt: skip


@team_texts.get("/modules/new")
def new_module() -> str:
    """A form for a new text module."""
    return render_template("text_module.html", module_id=None, name="", use="", team="", texts={}, **_choices())


@team_texts.get("/macros/<int:macro_id>")
def macro(macro_id: int) -> str:
    """One macro, to change or delete it."""
    with database.reading() as session:
        found = _macro(session, macro_id)
        ids = [found.team_id]
        chosen = {one.kind: one.value for one in macros.steps_of(found)}
        return render_template(
            "macro.html", macro=found, chosen=chosen, modules=text_modules.of_teams(session, ids), **_choices()
        )


def _choices() -> dict[str, object]:
    return {
        "own_teams": sorted(me().scope, key=lambda team: team.name),
        "all_teams": settings().teams,
        "attempts": [one for one in ATTEMPT_OUTCOMES if macros.offers(one)],
        "closings": macros.OUTCOMES,
        "written_in": LANGUAGES,
    }


def _module(session: Session, module_id: int) -> TextModule:
    found = session.get(TextModule, module_id)
    return found if found is not None and found.team_id in _own_teams() else abort(404)


def _macro(session: Session, macro_id: int) -> Macro:
    found = session.get(Macro, macro_id)
    return found if found is not None and found.team_id in _own_teams() else abort(404)


def _own_teams() -> set[int]:
    return set(me().scope_ids)


class ModuleForm(forms.Form):
    """The name of a text module, its team, and what it is for. Its texts have a field for each language."""

    team: Line = ""
    name: Line = ""
    use: Annotated[str, one_of(tuple(TextModuleUse))] = TextModuleUse.NOTE


def _texts() -> dict[str, str]:
    """The texts by language."""
    sent = forms.sent()
    return {language: sent.get(f"text_{language}", "") for language in LANGUAGES}


def _team_id(key: str) -> int:
    return next((team.id for team in me().scope if team.key == key), None) or abort(404)


@team_texts.post("/modules")
def add_module() -> Response | tuple[str, int]:
    """Add a text module."""
    form = forms.read(ModuleForm, url_for("team_texts.page"))
    team_id = _team_id(form.team)
    return _kept(None, form, lambda _: TextModule(team_id=team_id), gettext("The text module is added."))


@team_texts.post("/modules/<int:module_id>")
def save_module(module_id: int) -> Response | tuple[str, int]:
    """Change a text module."""
    form = forms.read(ModuleForm, url_for("team_texts.module", module_id=module_id))
    return _kept(module_id, form, lambda session: _module(session, module_id), gettext("The text module is changed."))


def _kept(
    module_id: int | None, form: ModuleForm, which: Callable[[Session], TextModule], done: str
) -> Response | tuple[str, int]:
    """Keep a text module; what cannot be kept is shown again, with all that was typed."""
    name = " ".join(form.name.split())[:60]
    try:
        with database.writing() as session:
            sent_once.require_first(session, url_for("team_texts.page"))
            found = which(session)
            before = found.name
            text_modules.keep(session, found, name, TextModuleUse(form.use), _texts(), me(), utc_now())
            _note(session, f"text module {name}: changed, before {before}" if before else f"text module {name}: added")
    except Refused as refused:
        flash(template_helpers.refusal(refused), "warning")
        page = render_template(
            "text_module.html", module_id=module_id, name=form.name, use=form.use, team=form.team, texts=_texts(),
            **_choices(),
        )  # fmt: skip
        return page, 422
    flash(done, "success")
    return redirect(url_for("team_texts.page"))


@team_texts.post("/modules/<int:module_id>/delete")
def delete_module(module_id: int) -> Response:
    """Delete a text module. A macro that uses it says so when it is applied."""

    def change(session: Session) -> None:
        found = _module(session, module_id)
        _note(session, f"text module {found.name}: deleted")
        session.delete(found)

    return act(change, url_for("team_texts.page"), done=gettext("The text module is deleted."))


class MacroForm(forms.Form):
    """The steps of a macro, in their order; what is left empty is no step."""

    team: Line = ""
    name: Annotated[str, line_of(60)] = ""
    attempt: Annotated[str, one_of(tuple(one for one in ATTEMPT_OUTCOMES if macros.offers(one)))] = ""
    send: Line = ""
    note: Line = ""
    days: Annotated[int, integer(1, 60)] | None = None
    at_end: Line = ""

    def steps(self) -> list[Step]:
        """The steps that were chosen."""
        then, _, value = self.at_end.partition(":")
        last = {
            "close": (MacroStep.CLOSE, value in macros.OUTCOMES),
            _RELEASE: (MacroStep.RELEASE, not value),
            "team": (MacroStep.HAND_OVER, value in settings().teams),
        }.get(then)
        given = [
            (MacroStep.ATTEMPT, self.attempt),
            (MacroStep.TEXT, self.send if self.send == SmsTemplate.MISSED or is_digits(self.send) else ""),
            (MacroStep.NOTE, self.note if is_digits(self.note) else ""),
            (MacroStep.PUT_OFF, str(self.days or "")),
        ]
        found = [Step(kind, chosen) for kind, chosen in given if chosen]
        return [*found, Step(last[0], value)] if last is not None and last[1] else found


@team_texts.post("/macros")
def add_macro() -> Response:
    """Add a macro."""
    back = url_for("team_texts.page")
    form = forms.read(MacroForm, back)
    added = Macro(team_id=_team_id(form.team))

    def change(session: Session) -> None:
        macros.keep(session, added, form.name, form.steps(), me(), utc_now())
        _note(session, f"macro {form.name}: added")

    return act(change, back, form=form, done=gettext("The macro is added."))


@team_texts.post("/macros/<int:macro_id>")
def save_macro(macro_id: int) -> Response:
    """Change a macro."""
    back = url_for("team_texts.macro", macro_id=macro_id)
    form = forms.read(MacroForm, back)

    def change(session: Session) -> None:
        found = _macro(session, macro_id)
        before = found.name
        macros.keep(session, found, form.name, form.steps(), me(), utc_now())
        _note(session, f"macro {form.name}: changed, before {before}")

    return act(change, back, form=form, done=gettext("The macro is changed."), after=url_for("team_texts.page"))


@team_texts.post("/macros/<int:macro_id>/delete")
def delete_macro(macro_id: int) -> Response:
    """Delete a macro."""

    def change(session: Session) -> None:
        found = _macro(session, macro_id)
        _note(session, f"macro {found.name}: deleted")
        session.delete(found)

    return act(change, url_for("team_texts.page"), done=gettext("The macro is deleted."))


def _note(session: Session, detail: str) -> None:
    session.flush()
    access_log.append(session, actor(), AccessAction.TEAM_TEXTS_CHANGED, utc_now(), detail=detail)
