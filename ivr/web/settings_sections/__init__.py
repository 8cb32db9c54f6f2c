"""The settings that administrators change in the page: for each one its form, and what a change means in words."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.web.settings_sections.alerts import Alerts
from ivr.web.settings_sections.base import Section
from ivr.web.settings_sections.hours import AlertHours, CallingHours, OpeningHours
from ivr.web.settings_sections.interpreters import Interpreters
from ivr.web.settings_sections.offices import Offices
from ivr.web.settings_sections.ordered_forms import OrderedForms
from ivr.web.settings_sections.promises import PromisesFromADay
from ivr.web.settings_sections.routing import Responsibilities
from ivr.web.settings_sections.teams import Teams
from ivr.web.settings_sections.voices import Voices

#: By the name of the setting, in the order in which the page lists them.
SECTIONS: Mapping[str, Section] = {
    section.name: section
    for section in (
        OpeningHours(), CallingHours(), Teams(), Offices(), Responsibilities(), OrderedForms(), Interpreters(),
        Voices(), PromisesFromADay(), Alerts(), AlertHours(),
    )
}  # fmt: skip
