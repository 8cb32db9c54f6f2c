"""The settings: what they are and where each comes from; some are changed here, previewed, and put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.callbacks import changed_hours, changed_settings
from ivr.callbacks.changed_hours import Moved
from ivr.callbacks.changed_settings import Outdated
from ivr.config.sections import ConfigurationError
from ivr.config.settings import Settings, settings
from ivr.domain.timestamps import utc_now
from ivr.platform import database, settings_store
from ivr.platform.settings_store import SettingsVersion, Stored
from ivr.web import forms, template_helpers
from ivr.web.actions import act
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import fixed, integer, line_of
from ivr.web.forms import Typed
from ivr.web.isolated_names import isolated
from ivr.web.setting_words import in_words
from ivr.web.settings_sections import SECTIONS
from ivr.web.settings_sections.base import Change, Section, WrongFields

pages = Blueprint("settings", __name__, url_prefix="/administration/settings")

#: Fields of the form that are not of the setting.
_OWN = ("csrf_token", "step", "version", "reason")
_MOST_VERSIONS = 2_000_000_000


class SettingForm(forms.Form):
    """What is to be done with a setting, and the version that the page has shown."""

    step: Annotated[str, fixed(("preview", "correct", "save", "leave", "leave_save"))]
    version: Annotated[int, integer(0, _MOST_VERSIONS)]
    reason: Annotated[str, line_of(300)] = ""

    @property
    def leaves(self) -> bool:
        """Whether the setting is left to file and environment again."""
        return self.step.startswith("leave")


@pages.get("")
def page() -> str:
    """All settings, where each comes from, and the versions of what was changed here."""
    settings_store.look_now()
    with database.reading() as session:
        history = changed_settings.history(session)
        shown = [(name, in_words(settings(), name), settings.origin(name)) for name in Settings.model_fields]
        return render_template(
            "settings.html", shown=shown, sections=[(name, settings.origin(name)) for name in SECTIONS],
            history=history, version=settings.version, refused=settings_store.is_refused(),
        )  # fmt: skip


@pages.get("/<name>")
def section(name: str) -> str:
    """The form of a setting."""
    settings_store.look_now()
    return _form(_section(name), settings.version)


@pages.post("/<name>")
def change(name: str) -> str | AnyResponse:
    """Show what would be different, or use the setting from now on."""
    settings_store.look_now()
    found, form = _section(name), forms.read(SettingForm, url_for("settings.page"))
    sent = {key: value for key, value in forms.sent().items() if key not in _OWN}
    if form.step == "correct":
        return _form(found, form.version, Typed({**sent, "reason": form.reason}))
    try:
        raw = None if form.leaves else found.read(sent, settings())
        with database.reading() as session:
            values = changed_settings.with_one(settings_store.newest(session), name, raw)
        after = settings.over(values)
    except WrongFields as wrong:
        flash(gettext("Some fields need a correction."), "warning")
        return _form(found, form.version, Typed({**sent, "reason": form.reason}, wrong.errors))
    except ConfigurationError as error:
        flash(gettext("This cannot be used: %(why)s", why=_why(error)), "warning")
        return _form(found, form.version, Typed({**sent, "reason": form.reason}))
    if form.step in ("preview", "leave"):
        return _preview(found, form, sent, after)
    return _use(form.version, values, name=name, reason=form.reason)


@pages.get("/versions/<int:number>")
def version(number: int) -> str:
    """What would be different if an earlier version was put back."""
    settings_store.look_now()
    wanted, problem = _version(number), ""
    changes: Sequence[Change] = ()
    try:
        after = settings.over(wanted.settings)
        changes = [one for found in SECTIONS.values() for one in found.changes(settings(), after)]
    except ConfigurationError as error:
        problem = _why(error)
    return render_template(
        "settings_version.html", wanted=wanted, number=number, changes=changes, problem=problem,
        version=settings.version,
    )  # fmt: skip


class PutBackForm(forms.Form):
    """The version that the page has shown as the one that counts, and why another one is put back."""

    version: Annotated[int, integer(0, _MOST_VERSIONS)]
    reason: Annotated[str, line_of(300)] = ""


@pages.post("/versions/<int:number>")
def put_back(number: int) -> AnyResponse:
    """Put an earlier version back; 0: what file and environment say."""
    settings_store.look_now()
    form, wanted = forms.read(PutBackForm, url_for("settings.page")), _version(number)
    return _use(form.version, wanted.settings, put_back=number, reason=form.reason)


def _section(name: str) -> Section:
    return SECTIONS.get(name) or abort(404)


def _version(number: int) -> Stored:
    if number == 0:
        return Stored()
    with database.reading() as session:
        found = session.get(SettingsVersion, number) or abort(404)
        return Stored(found.id, found.settings)


def _form(found: Section, shown_version: int, typed: Typed | None = None) -> str:
    return render_template(
        "settings_section.html", name=found.name, groups=found.groups(settings()), typed=typed, version=shown_version,
        origin=settings.origin(found.name),
    )  # fmt: skip


def _preview(found: Section, form: SettingForm, sent: Mapping[str, str], after: Settings) -> str | AnyResponse:
    changes = found.changes(settings(), after)
    if not changes and not form.leaves:
        flash(gettext("Nothing is different from what counts now."), "info")
        return redirect(url_for("settings.section", name=found.name))
    return render_template(
        "settings_preview.html", name=found.name, changes=changes, sent=sent, form=form, moved=_moved(after)
    )


def _moved(after: Settings) -> Sequence[Moved]:
    """Deadlines that move with the opening hours."""
    with database.reading() as session:
        before, then = (changed_settings.hours_with_days(session, one) for one in (settings(), after))
        return changed_hours.preview(session, before, then, utc_now()) if before != then else ()


def _use(based_on: int, values: Mapping[str, Any], **how: Any) -> AnyResponse:
    def use(session: Session) -> None:
        changed_settings.change(session, based_on, values, me(), actor(), utc_now(), **how)

    refusals = {
        Outdated: _outdated,
        ConfigurationError: lambda error: gettext("This cannot be used: %(why)s", why=_why(error)),
    }
    answer = act(
        use, url_for("settings.page"), refusals=refusals,
        done=gettext("The change counts from now on, in all processes within ten seconds."),
    )  # fmt: skip
    settings_store.look_now()
    return answer


def _outdated(refused: Outdated) -> str:
    said: str = gettext(
        "Nothing was saved: %(who)s has changed the settings meanwhile (%(at)s). Please look at what counts now and "
        "make your change again.", who=isolated(refused.who), at=template_helpers.moment(refused.at),
    )  # fmt: skip
    return said


def _why(error: ConfigurationError) -> str:
    """The reasons that the settings themselves give, without their first line."""
    _first, *reasons = str(error).splitlines()
    return "; ".join(reason.strip() for reason in reasons) or str(error)
