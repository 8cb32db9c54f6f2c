"""Which team is responsible for a call: concern × age group × office → team, a table of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, model_validator

from ivr.domain.enums import AgeGroup, Concern, RoutingQuestion
from ivr.domain.setting_types import Name, Strict

#: What a call can be about (Anliegen). The keys are stored with every call and task.
CONCERNS = tuple(Concern)
#: Age groups (Altersgruppe) a team may depend on.
AGE_GROUPS = tuple(AgeGroup)


class TeamSettings(Strict):
    """A team that answers calls and works callback tasks."""

    name: Name = Field(description="Name as members and callers know it.")


class OfficeSettings(Strict):
    """An office (Geschäftsstelle) and the postal codes it is responsible for.

    Source: eight offices ("acht Geschäftsstellen"), which it does not name; the administrator does.
    """

    name: Name = Field(description="Name as callers know it.")
    postal_codes: tuple[Annotated[str, Field(pattern=r"^\d{5}$")], ...] = Field(
        (), description="Postal codes it is responsible for."
    )


class Route(Strict):
    """Which team is responsible for a concern; finer by age group and office where it is named."""

    team: str = Field("", description="Key of the team.")
    under_25: str = Field("", description="Key of the team for people under 25.")
    offices: dict[str, Route] = Field({}, description="Office -> its own route, which goes first.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"team": value} if isinstance(value, str) else value

    def team_for(self, age_group: str, office: str) -> str:
        """Key of the team; empty where this route leads nowhere. An office's own route goes first."""
        finer = self.offices[office].team_for(age_group, "") if office in self.offices else ""
        return finer or (self.under_25 if age_group == AgeGroup.UNDER_25 else "") or self.team


#: The usual teams, offices and routes; the settings change or extend them.
TEAMS = {
    "benefits": TeamSettings(name="Leistungsbereich"),
    "work": TeamSettings(name="Markt und Integration"),
    "youth": TeamSettings(name="Jugendberufsagentur"),
    "entrance": TeamSettings(name="Eingangszone"),
    "rehab": TeamSettings(name="Reha und Teilhabe"),
}
OFFICES = {
    f"office_{number}": OfficeSettings(name=f"Geschäftsstelle {number}", postal_codes=tuple(codes.split()))
    for number, codes in enumerate(
        (
            "28195 28203 28205 28209 28211 28213",
            "28197 28199 28201 28259 28277 28279",
            "28215 28217 28219 28237",
            "28239 28717 28719",
            "28755 28757 28759 28777 28779",
            "28307 28309 28325",
            "28327 28329 28355",
            "28207 28357 28359",
        ),
        start=1,
    )
}
#: The usual team of each concern. A concern without a route of its own goes where "other" goes.
ROUTING: dict[str, Route] = {
    Concern.BENEFITS: Route(team="benefits"),
    Concern.WORK: Route(team="work"),
    Concern.UNDER_25: Route(team="youth"),
    Concern.REHAB: Route(team="rehab"),
    Concern.EMERGENCY: Route(team="benefits"),
    Concern.FORMS: Route(team="entrance"),
    Concern.APPOINTMENT: Route(team="entrance"),
    Concern.OTHER: Route(team="entrance"),
}


def merged(usual: Mapping[str, BaseModel], value: Any) -> Any:
    """Given entries over the usual ones, field by field."""
    if not isinstance(value, dict):
        return value
    known = {key: entry.model_dump() for key, entry in usual.items()}
    given = {key: {**known.get(key, {}), **entry} if isinstance(entry, dict) else entry for key, entry in value.items()}
    return {**known, **given}


Routing = Mapping[str, Route]


def team_for(routing: Routing, concern: str, age_group: str = "", office: str = "") -> str:
    """Key of the responsible team; what is not known is empty."""
    return routing.get(concern, routing[Concern.OTHER]).team_for(age_group, office)


def decides(routing: Routing, offices: Mapping[str, Any], question: str, concern: str, age: str, office: str) -> bool:
    """Whether the team for a concern depends on a question (`age_group` or `office`) that is not answered yet.

    Whatever the answer to the other question will be.
    """
    ages = (age,) if age else (*AGE_GROUPS, "")
    places = (office,) if office else (*offices, "")
    if question == RoutingQuestion.AGE_GROUP:
        return any(len({team_for(routing, concern, a, place) for a in ages}) > 1 for place in places)
    return any(len({team_for(routing, concern, a, place) for place in places}) > 1 for a in ages)


def check(routing: Routing, teams: Mapping[str, Any], offices: Mapping[str, Any]) -> None:
    """Every combination of concern, age group and office reaches a team.

    Raises:
        ValueError: naming the route that does not.
    """
    for concern, route in routing.items():
        if unknown := set(route.offices) - set(offices):
            raise ValueError(f"routing.{concern}: there is no office {sorted(unknown)[0]!r} in [offices]")
        for age_group in (*AGE_GROUPS, ""):
            for office in (*offices, ""):
                team = route.team_for(age_group, office)
                if team and team not in teams:
                    raise ValueError(f"routing.{concern}: there is no team {team!r} in [teams]")
                if not team:
                    which = f"{age_group or 'age not known'}, {office or 'office not known'}"
                    raise ValueError(f"routing.{concern}: {which} reaches no team")
