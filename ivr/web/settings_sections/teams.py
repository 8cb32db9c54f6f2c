"""Teams: their names, and new ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from flask_babel import gettext

from ivr.config.settings import Settings
from ivr.web import forms
from ivr.web.form_fields import line_of
from ivr.web.settings_sections.base import Change, Field, Group, Rows, Section, Sent

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


class TeamRow(forms.Form):
    """The name of a team."""

    team_name: Annotated[str, line_of(120)] = ""


class NewTeamRow(forms.Form):
    """A new team, and the short name by which files and reports know it."""

    new_key: Annotated[str, line_of(40)]
    new_name: Annotated[str, line_of(120)]


class Teams(Section):
    """Who answers calls and works tasks."""

    name = "teams"

    def groups(self, configured: Settings) -> Sequence[Group]:
        """The name of each team, and a new one."""
        known = tuple(Field(f"team_name-{key}", key, team.name) for key, team in configured.teams.items())
        new = (Field("new_key-0", gettext("Short name")), Field("new_name-0", gettext("Name")))
        return [
            Group(gettext("Names as members and callers know them"), known),
            Group(
                gettext("A new team"), new,
                gettext("The short name (small letters, digits, _) stays for ever; files and reports use it. A team is "
                        "never taken away, because its tasks stay."),
            ),
        ]  # fmt: skip

    def read(self, sent: Sent, configured: Settings) -> Any:
        """All teams with their names."""
        rows, found = Rows(sent), {}
        for key in configured.teams:
            row = rows.one(TeamRow, f"-{key}")
            if row is None and f"team_name-{key}" not in rows.errors:
                rows.errors[f"team_name-{key}"] = gettext("Please fill this in.")
            found[key] = {"name": row.team_name if row else ""}
        new = rows.one(NewTeamRow, "-0")
        if new is not None:
            if not _KEY.fullmatch(new.new_key) or new.new_key in configured.teams:
                rows.errors["new_key-0"] = gettext("Please give a short name of small letters that is not taken.")
            found[new.new_key] = {"name": new.new_name}
        rows.done()
        return found

    def changes(self, before: Settings, after: Settings) -> Sequence[Change]:
        """Names that are different, new teams, and teams that get no new tasks any more."""
        keys = list(dict.fromkeys([*before.teams, *after.teams]))
        names = ((key, *(one.teams[key].name if key in one.teams else "–" for one in (before, after))) for key in keys)
        return [Change(gettext("Team %(key)s", key=key), old, new) for key, old, new in names if old != new]
