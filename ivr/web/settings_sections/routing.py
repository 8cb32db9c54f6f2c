"""Responsibilities: which team is responsible for a concern, by age group and office."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Annotated, Any

from flask_babel import gettext

from ivr.config.settings import Settings
from ivr.domain.enums import AgeGroup, Concern
from ivr.domain.routing import Route
from ivr.web import forms
from ivr.web.form_fields import line_of
from ivr.web.settings_sections.base import Change, Field, Group, Rows, Section, Sent
from ivr.web.words import TABLES

#: Empty rows for further exceptions.
_SPARE = 2


class RouteRow(forms.Form):
    """The team of a concern, and the one for people under 25 where it is another one."""

    team: Annotated[str, line_of(40)]
    younger: Annotated[str, line_of(40)] = ""


class ExceptionRow(forms.Form):
    """The team of a concern in one office."""

    for_concern: Annotated[str, line_of(40)]
    at_office: Annotated[str, line_of(40)]
    there: Annotated[str, line_of(40)]
    there_younger: Annotated[str, line_of(40)] = ""


class Responsibilities(Section):
    """Concern, age group and office lead to a team."""

    name = "routing"

    def groups(self, configured: Settings) -> Sequence[Group]:
        """Two choices for each concern, and a row for each exception of an office."""
        teams = tuple((key, team.name) for key, team in configured.teams.items())
        every_age = gettext("the same team")
        found = [
            Group(TABLES["concerns"][concern], (
                Field(f"team-{concern}", gettext("Team"), route.team, "select", teams),
                Field(f"younger-{concern}", gettext("Under 25"), route.under_25, "select", teams, every_age),
            ))
            for concern, route in _ordered(configured.routing)
        ]  # fmt: skip
        exceptions = [
            (concern, office, own)
            for concern, route in _ordered(configured.routing) for office, own in route.offices.items()
        ]  # fmt: skip
        rows = [*exceptions, *([("", "", Route())] * _SPARE)]
        return found + [_exception(number, row, configured, teams) for number, row in enumerate(rows)]

    def read(self, sent: Sent, configured: Settings) -> Any:
        """A route for each concern, with its exceptions."""
        rows = Rows(sent)
        found: dict[str, dict[str, Any]] = {}
        for concern, _now in _ordered(configured.routing):
            row = rows.one(RouteRow, f"-{concern}")
            found[concern] = {**_route(row.team, row.younger), "offices": {}} if row else {}
            if row is None and f"team-{concern}" not in rows.errors:
                rows.errors[f"team-{concern}"] = gettext("Please choose a team.")
        exceptions = sum(len(route.offices) for route in configured.routing.values())
        for number, exception in rows.all(ExceptionRow, "for_concern", known=exceptions):
            if exception.for_concern not in found or exception.at_office not in configured.offices:
                rows.errors[f"for_concern-{number}"] = gettext("Please choose one of the values offered.")
            elif exception.at_office in (offices := found[exception.for_concern].get("offices", {})):
                rows.errors[f"at_office-{number}"] = gettext(
                    "There is an exception for this concern and office already."
                )
            else:
                offices[exception.at_office] = _route(exception.there, exception.there_younger)
        rows.done()
        return found

    def changes(self, before: Settings, after: Settings) -> Sequence[Change]:
        """The combinations that lead to another team; those of all offices together in one line."""
        offices, found = [*after.offices, ""], []
        for concern in Concern:
            for age in (AgeGroup.UNDER_25, AgeGroup.FROM_25, ""):
                pairs = [(*(_team(one, concern, age, office) for one in (before, after)), office) for office in offices]
                different = sorted(pair for pair in pairs if pair[0] != pair[1])
                for (old, new), group in groupby(different, key=lambda pair: pair[:2]):
                    where = [office for _old, _new, office in group]
                    found.append(Change(_combination(after, concern, age, where, len(offices)), old, new))
        return found


def _route(team: str, younger: str) -> dict[str, Any]:
    return {"team": team, str(AgeGroup.UNDER_25): younger}


def _ordered(routing: Mapping[str, Route]) -> list[tuple[Concern, Route]]:
    return [(concern, routing[concern]) for concern in Concern if concern in routing]


def _exception(
    number: int, row: tuple[str, str, Route], configured: Settings, teams: tuple[tuple[str, str], ...]
) -> Group:
    concern, office, own = row
    none = gettext("none")
    concerns = tuple((key, TABLES["concerns"][key]) for key, _now in _ordered(configured.routing))
    offices = tuple((key, one.name) for key, one in configured.offices.items())
    fields = (
        Field(f"for_concern-{number}", gettext("Concern"), concern, "select", concerns, none),
        Field(f"at_office-{number}", gettext("Office"), office, "select", offices, none),
        Field(f"there-{number}", gettext("Team"), own.team, "select", teams, none),
        Field(f"there_younger-{number}", gettext("Under 25"), own.under_25, "select", teams, gettext("the same team")),
    )
    legend = gettext("Another team in one office") if concern else gettext("A further exception of one office")
    return Group(legend, fields)


def _team(configured: Settings, concern: str, age: str, office: str) -> str:
    key = configured.team_for(concern, age, office)
    return configured.teams[key].name if key in configured.teams else key


def _combination(configured: Settings, concern: str, age: str, offices: Sequence[str], of: int) -> str:
    parts = [TABLES["concerns"][concern], TABLES["age_groups"][age] if age else str(gettext("age not known"))]
    if len(offices) < of:
        names = (configured.offices[one].name if one else gettext("office not known") for one in offices)
        parts.append(", ".join(names))
    return " · ".join(parts)
