"""Settings of teams, offices and routing, of live calls and callbacks."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ivr.config.sections import InterpreterSettings
from ivr.domain import opening_hours
from ivr.domain import routing as table
from ivr.domain.opening_hours import Hours
from ivr.domain.routing import CONCERNS, OFFICES, ROUTING, TEAMS, OfficeSettings, Route, TeamSettings
from ivr.domain.setting_types import Key, PhoneNumber


class ContactCentre(BaseModel):
    """Who answers, and how people are rung."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    teams: dict[Key, TeamSettings] = Field(
        TEAMS, min_length=1, description="Teams by key. Those of the settings are merged over the usual ones."
    )
    offices: dict[Key, OfficeSettings] = Field(
        OFFICES,
        min_length=1,
        description="Offices by key, with the postal codes each is responsible for. Merged over the eight "
        "placeholders.",
    )
    routing: dict[str, Route] = Field(
        ROUTING,
        description="Concern -> responsible team, if need be by age group and office. Every combination must reach a"
        " team.",
    )
    staff_number: PhoneNumber | None = Field(
        None, description="Number that members call to become available by telephone. Unset: in the page only."
    )
    interpreters: tuple[InterpreterSettings, ...] = Field(
        (),
        description="Interpreters on the telephone, beside those of the directory. The cheapest are rung first, those "
        "of the same price in this order.",
    )
    ring_seconds: int = Field(
        20,
        ge=5,
        le=120,
        description="Seconds the telephone of a member or interpreter rings before the next one is tried.",
    )
    # Former name, kept for existing settings: places in a call queue.
    line_places: int = Field(
        20,
        ge=1,
        le=1000,
        description="Callers who may wait in a team's call queue at once; further callers reach the voicebox.",
    )
    announce_seconds: int = Field(
        20, ge=2, le=120, description="Seconds between two announcements to a waiting caller."
    )
    callback_ring_seconds: int = Field(30, ge=5, le=120, description="Seconds the telephone of a called person rings.")
    callback_attempts: int = Field(
        4, ge=1, le=20, description="Attempts to reach a person before a letter is proposed."
    )
    callback_days: int = Field(3, ge=1, le=14, description="Days over which these attempts are spread.")
    calling_hours: Hours = Field(
        Hours(), description="When people are called back: within these hours, whatever the opening hours."
    )

    @field_validator("calling_hours")
    @classmethod
    def _calling_hours(cls, value: Hours) -> Hours:
        return opening_hours.checked(value)

    @field_validator("teams", mode="before")
    @classmethod
    def _with_the_usual_teams(cls, value: Any) -> Any:
        return table.merged(TEAMS, value)

    @field_validator("offices", mode="before")
    @classmethod
    def _with_the_usual_offices(cls, value: Any) -> Any:
        return table.merged(OFFICES, value)

    @field_validator("offices")
    @classmethod
    def _offices(cls, value: dict[Key, OfficeSettings]) -> dict[Key, OfficeSettings]:
        responsible: dict[str, str] = {}
        for key, office in value.items():
            for code in office.postal_codes:
                if (other := responsible.setdefault(code, key)) != key:
                    raise ValueError(f"postal code {code} belongs to {other} and to {key}")
        return value

    @field_validator("routing")
    @classmethod
    def _concerns(cls, value: dict[str, Route]) -> dict[str, Route]:
        routes = {**ROUTING, **value}
        for concern in routes:
            if concern not in CONCERNS:
                raise ValueError(f"{concern!r} is not one of {', '.join(CONCERNS)}")
        return routes

    def team_for(self, concern: str, age_group: str = "", office: str = "") -> str:
        """Key of the responsible team; every combination reaches one (checked at start)."""
        return table.team_for(self.routing, concern, age_group, office)

    def decides(self, question: str, concern: str, age_group: str = "", office: str = "") -> bool:
        """Whether the team for a concern depends on the `age_group` or on the `office`, which is not known."""
        return table.decides(self.routing, self.offices, question, concern, age_group, office)

    def office_of(self, postal_code: str) -> str | None:
        """Key of the office responsible for a postal code; None outside Bremen."""
        return next((key for key, office in self.offices.items() if postal_code in office.postal_codes), None)
