"""Values of the prompts' placeholders: from the call's state, and deadlines and hours, computed when they are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property

from ivr.callbacks.request import Request
from ivr.config.settings import settings
from ivr.domain import opening_hours, sla_policies
from ivr.domain.enums import TaskKind, Urgency
from ivr.domain.timestamps import iso
from ivr.flows.state import CallState, spoken_values


class PromptValues(Mapping[str, str]):
    """Instants in ISO form, counts and numbers as digits. Few prompts name a deadline, and it takes long to compute."""

    def __init__(self, state: CallState, now: datetime) -> None:
        """`now`: the present instant, or the one that is simulated."""
        self._state = state
        self._now = now
        self._computed: Mapping[str, Callable[[], str]] = {
            "due_at": self._due_at,
            "opening_at": self._opening_at,
            "hours": self._hours,
            "minutes": self._minutes,
        }

    @cached_property
    def _of_state(self) -> Mapping[str, str]:
        return spoken_values(self._state)

    def __getitem__(self, name: str) -> str:
        """The value of a name.

        Raises:
            KeyError: there is none.
        """
        if name in self._of_state:
            return self._of_state[name]
        return self._computed[name]()

    def __iter__(self) -> Iterator[str]:
        """All names."""
        return iter({**self._computed, **self._of_state})

    def __len__(self) -> int:
        """How many names there are."""
        return len({**self._computed, **self._of_state})

    def _due(self, urgency: Urgency) -> datetime:
        team = Request.of(self._state.request).team
        configured = settings()
        return sla_policies.due_at(
            self._now, TaskKind.CALLBACK, urgency, team, configured.sla_policies, configured.hours
        )

    def _due_at(self) -> str:
        return iso(self._due(Urgency.EMERGENCY)) or ""

    def _hours(self) -> str:
        hours = (self._due(Urgency.NORMAL) - self._now).total_seconds() / 3600
        return str(min(99, -int(-hours // 1)))

    def _opening_at(self) -> str:
        hours, now = settings().hours, self._now
        opening = opening_hours.next_opening(hours, now)
        if opening is not None and opening <= now:  # simulated to be closed within opening hours
            opening = opening_hours.next_opening_day(hours, now)
        return iso(opening or now) or ""

    @staticmethod
    def _minutes() -> str:
        return str(settings().message_seconds // 60 or 1)
