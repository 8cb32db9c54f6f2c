"""Macros and text modules on a task's page: what is offered there, and applying a macro."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ivr.callbacks import macros as service
from ivr.callbacks import sms, text_modules
from ivr.callbacks.macros import Done
from ivr.callbacks.refused import Refused
from ivr.config.settings import settings
from ivr.domain import words
from ivr.domain.digits import whole_number
from ivr.domain.enums import MacroStep, Refusal, SmsTemplate, TextModuleUse
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.models.accounts import User
from ivr.models.callbacks import CallbackTask
from ivr.web import template_helpers
from ivr.web.actions import EndForm, act_on_task, task_form, uncovered

macros = Blueprint("macros", __name__, url_prefix="/desk")

#: What the address of a task begins with that shows a text module as a text message.
_MODULE = "module-"


def name_of(macro: service.Named) -> str:
    """What a macro is called; the shipped one in the language of the reader."""
    return macro.name or str(
        gettext("Not reached + text message") if settings().sends_texts else gettext("Not reached")
    )


@macros.post("/tasks/<int:task_id>/macro/<key>")
def apply(task_id: int, key: str) -> Response:
    """Apply a macro to a task: all of its steps, or none."""
    form, told = task_form(EndForm, task_id), list[str]()

    def change(session: Session, found: CallbackTask, user: User, now: datetime) -> None:
        named = {one.key: name_of(one) for one in service.of_team(session, found.team_id)}
        done = service.apply(session, found, key, user, now)
        told[:] = [f"{named[key]}:", *(_said(one) for one in done)]

    def done(found: CallbackTask) -> str:
        if found.next_attempt_at is not None:
            told.append(str(gettext("Next one: %(time)s.", time=template_helpers.soon(found.next_attempt_at))))
        elif found.letter_proposed_at is not None:
            told.append(str(gettext("No further attempt is planned: please write a letter.")))
        return " ".join(told)

    return act_on_task(task_id, uncovered(change), done=done, ends=form)


def _said(done: Done) -> str:
    if done.left and not settings().sends_texts:
        return words.REFUSALS.of(Refusal.NO_TEXTS, gettext)
    if done.left:
        return str(gettext("No text message: the caller has not agreed to any at this number."))
    said = words.MACRO_STEPS.of(done.step.kind, gettext)
    if done.step.kind in (MacroStep.ATTEMPT, MacroStep.CLOSE):
        return f"{said.rstrip('.')}: {words.OUTCOMES.of(done.step.value, gettext)}."
    return said


def on_page(session: Session, found: CallbackTask, *, is_mine: bool, uncovered: bool, wanted: str) -> dict[str, Any]:
    """What a task's page offers of its team's macros and text modules; `wanted`: what its address asks to be shown."""
    modules = text_modules.of_team(session, found.team_id) if uncovered else ()
    return {
        "macros": [(one.key, name_of(one)) for one in service.of_team(session, found.team_id)] if is_mine else [],
        "note_modules": _for_notes([one for one in modules if one.use == TextModuleUse.NOTE], found),
        "text_choices": [
            *((str(one), words.SMS_TEMPLATES.of(one, gettext)) for one in sms.templates(found)),
            *((f"{_MODULE}{one.id}", one.name) for one in modules if one.use == TextModuleUse.TEXT_MESSAGE),
        ],
        **_shown(session, found, wanted),
    }


def _for_notes(modules: Sequence[Any], found: CallbackTask) -> list[tuple[str, str]]:
    """The names of text modules for notes, with their texts; those that do not fit the task are left out."""
    said = []
    for one in modules:
        try:
            said.append((one.name, text_modules.text(one, found, DEFAULT_LANGUAGE)))
        except Refused:
            continue
    return said


def _shown(session: Session, found: CallbackTask, wanted: str) -> dict[str, Any]:
    """The text message that an address asks for: its template, what it says, and the German of it; or why not."""
    nothing = {"chosen_text": "", "template": "", "text_shown": "", "text_german": "", "text_problem": ""}
    if wanted in sms.templates(found):
        said = sms.draft(found, wanted, found.language)
        german = sms.draft(found, wanted, DEFAULT_LANGUAGE)
        return {**nothing, "chosen_text": wanted, "template": wanted, "text_shown": said, "text_german": german}
    number = wanted.removeprefix(_MODULE)
    asked = whole_number(number) if number != wanted else None
    if asked is None:
        return nothing
    module = text_modules.one(session, asked, found, TextModuleUse.TEXT_MESSAGE)
    if module is None:
        return nothing
    try:
        said = text_modules.text(module, found, found.language)
        german = text_modules.text(module, found, DEFAULT_LANGUAGE)
    except Refused as refused:
        return {**nothing, "chosen_text": wanted, "text_problem": template_helpers.refusal(refused)}
    return {
        **nothing, "chosen_text": wanted, "template": SmsTemplate.MODULE, "text_shown": said, "text_german": german,
    }  # fmt: skip
