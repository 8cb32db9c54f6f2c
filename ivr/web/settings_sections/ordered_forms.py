"""Forms that callers can order by telephone, in the order of their keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext

from ivr.config.sections import FORMS
from ivr.config.settings import Settings
from ivr.web.settings_sections.base import Change, Field, Group, Section, Sent, WrongFields
from ivr.web.template_helpers import form_name

#: Keys of the menu.
_MOST = 6


class OrderedForms(Section):
    """The forms by post, key by key."""

    name = "forms"

    def groups(self, configured: Settings) -> Sequence[Group]:
        """A choice for each key."""
        offered = tuple((form, form_name(form)) for form in dict.fromkeys([*FORMS, *configured.forms]))
        chosen = [*configured.forms, *([""] * _MOST)][:_MOST]
        fields = tuple(
            Field(f"form-{number}", gettext("Key %(key)s", key=number), form, "select", offered, gettext("none"))
            for number, form in enumerate(chosen, 1)
        )
        return [Group(gettext("Forms in the order of their keys"), fields)]

    def read(self, sent: Sent, configured: Settings) -> Any:
        """The chosen forms; keys in between that have none are left out."""
        known = {*FORMS, *configured.forms}
        chosen = [(f"form-{number}", sent.get(f"form-{number}", "").strip()) for number in range(1, _MOST + 1)]
        errors, found = {}, []
        for name, form in chosen:
            if form in found:
                errors[name] = gettext("This form has a key already.")
            elif form and form not in known:
                errors[name] = gettext("Please choose one of the values offered.")
            elif form:
                found.append(form)
        if not found:
            errors["form-1"] = gettext("At least one form can be ordered.")
        if errors:
            raise WrongFields(errors)
        return found

    def changes(self, before: Settings, after: Settings) -> Sequence[Change]:
        """Keys that order another form."""
        lists = [[*map(form_name, one.forms), *(["–"] * _MOST)][:_MOST] for one in (before, after)]
        pairs = enumerate(zip(*lists, strict=True), 1)
        return [Change(gettext("Key %(key)s", key=key), old, new) for key, (old, new) in pairs if old != new]
