"""Values of the prompts' placeholders: from the call's state, and deadlines and hours, computed when they are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property

from ivr.callbacks.request import Request
from ivr.calls import retention
from ivr.config.settings import settings
from ivr.domain import opening_hours, sla_deadlines, working_hours
from ivr.domain.enums import Concern, TaskKind, Urgency
from ivr.domain.timestamps import iso
from ivr.flows.state import CallState, spoken_values
from ivr.notices import present


class PromptValues(Mapping[str, str]):
    """Instants in ISO form, counts and numbers as digits. Few prompts name a deadline, and it takes long to compute."""

    def __init__(self, state: CallState, now: datetime, began_at: datetime | None = None) -> None:
        """`now`: the present instant, or the one that is simulated; `began_at`: that of the first contact."""
        self._state = state
        self._now = now
        self._began_at = began_at or now
        self._computed: Mapping[str, Callable[[], str]] = {
            "today": self._today,
            "due_at": self._due_at,
            "opening_at": self._opening_at,
            "hours": self._hours,
            "days": self._days,
            "announcement_id": self._announcement_id,
        }

    @cached_property
    def _of_state(self) -> Mapping[str, str]:
        return spoken_values(self._state)

    def __getitem__(self, name: str) -> str:
        """The value of a name.

        Raises:
            KeyError: there is none.
        """
        if name in self._of_state and name != "due_at":
            return self._of_state[name]
        return self._computed[name]()

    def __iter__(self) -> Iterator[str]:
        """All names."""
        return iter({**self._computed, **self._of_state})

    def __len__(self) -> int:
        """How many names there are."""
        return len({**self._computed, **self._of_state})

    def _today(self) -> str:
        """The local day on which the prompt is spoken: "tomorrow" is said of an instant after midnight no more."""
        return self._now.astimezone(settings().hours.zone).date().isoformat()

    def _due(self, urgency: Urgency, since: datetime) -> datetime:
        team = Request.of(self._state.request).team
        configured = settings()
        return sla_deadlines.due_at(since, TaskKind.CALLBACK, urgency, team, configured.sla_policies, present.hours())

    def _due_at(self) -> str:
        """The deadline of the request that was looked up, or of that of this call; an instant of work."""
        urgent = self._state.request.concern == Concern.EMERGENCY
        urgency = Urgency.EMERGENCY if urgent else Urgency.NORMAL
        due_at = self._state.request.due_at or self._due(urgency, self._began_at)
        told = working_hours.next_deadline(present.hours(), settings().calling_hours, due_at, self._now)
        return iso(told) or ""

    def usual_deadline(self) -> datetime | None:
        """The instant (UTC) of work by which callers are usually called back; None where nobody works in time."""
        due_at = self._due(Urgency.NORMAL, self._now)
        return working_hours.deadline(present.hours(), settings().calling_hours, due_at, self._now)

    def _hours(self) -> str:
        """Hours within which callers are usually called back."""
        hours = (self._due(Urgency.NORMAL, self._now) - self._now).total_seconds() / 3600
        return str(-int(-hours // 1))

    def _days(self) -> str:
        return str(retention.audio_days())

    def _opening_at(self) -> str:
        hours, now = present.hours(), self._now
        opening = opening_hours.next_opening(hours, now)
        if opening is not None and opening <= now:  # simulated to be closed within opening hours
            opening = opening_hours.next_opening_day(hours, now)
        return iso(opening or now) or ""

    def _announcement_id(self) -> str:
        running = present.announcement(self._now)
        return str(running.announcement_id) if running else ""
