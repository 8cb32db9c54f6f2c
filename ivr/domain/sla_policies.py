"""SLA policies: what is promised for which kind of task, in wall-clock hours or in hours of opening time.

Source: "Ein Rückruf zur Klärung des Anliegens erfolgt in der Regel innerhalb von 24 Stunden." Two things are promised
and measured apart: that a task is *tried* (first real attempt) and that somebody is *reached* (spoken with, or the task
closed with a reason). Policies have a history: what was promised at the first contact is what counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

from pydantic import Field

from ivr.domain.enums import SlaMeasure, SlaTime, TaskKind, Urgency
from ivr.domain.opening_hours import Hours
from ivr.domain.setting_types import Strict

_ALWAYS = date(1970, 1, 1)


class SlaPolicy(Strict):
    """What is promised for tasks of a kind, an urgency and a team; empty fits all.

    Unset fields keep the value of less specific policies. Precedence: urgency, team, kind; of two equal ones the later.
    """

    kind: TaskKind | Literal[""] = Field("", description="Kind of task; empty: all.")
    urgency: Urgency | Literal[""] = Field("", description="Urgency; empty: all.")
    team: str = Field("", description="Key of a team; empty: all.")
    valid_from: date = Field(_ALWAYS, description="First contacts from this local day on.")
    clock: SlaTime | None = Field(
        None, description="`wall`: every hour counts; `service`: hours of opening time only, as the 115 promises."
    )
    tried_hours: float | None = Field(None, gt=0, le=2000, description="Hours to the first real attempt.")
    reached_hours: float | None = Field(
        None,
        ge=0,
        le=5000,
        description="Hours until the caller is spoken with, or the task closed with a reason. 0: none.",
    )
    at_risk: float | None = Field(None, gt=0, lt=1, description="Share of the time after which a promise is at risk.")

    def fits(self, kind: TaskKind, urgency: Urgency, team: str, day: date) -> bool:
        """Whether the policy applies to such a task, first contacted on a local day."""
        named = ((self.kind, kind), (self.urgency, urgency), (self.team, team))
        return self.valid_from <= day and all(mine in ("", given) for mine, given in named)

    @property
    def weight(self) -> int:
        """How specific the policy is. A larger number takes precedence."""
        return 4 * bool(self.urgency) + 2 * bool(self.team) + bool(self.kind)


#: Policies that always apply. An emergency counts opening time: a call at night is answered first in the morning.
DEFAULT_POLICIES = (
    SlaPolicy(clock=SlaTime.WALL, tried_hours=24, reached_hours=72, at_risk=0.75),
    SlaPolicy(kind=TaskKind.POSTAL_ORDER, tried_hours=48, reached_hours=96),
    SlaPolicy(kind=TaskKind.APPOINTMENT, tried_hours=48, reached_hours=96),
    SlaPolicy(urgency=Urgency.EMERGENCY, clock=SlaTime.SERVICE, tried_hours=2, reached_hours=10),
)


@dataclass(frozen=True)
class Promise:
    """What is promised for a task: hours by a clock, and the share of them after which it is at risk."""

    clock: SlaTime
    tried_hours: float
    reached_hours: float
    at_risk: float

    def hours(self, measure: SlaMeasure) -> float:
        """Hours promised for a measure; 0: none."""
        return self.tried_hours if measure == "tried" else self.reached_hours


def promised(policies: Sequence[SlaPolicy], kind: TaskKind, urgency: Urgency, team: str, day: date) -> Promise:
    """The promise for a first contact on a local day."""
    said: dict[str, object] = {}
    ours = [(policy, False) for policy in DEFAULT_POLICIES] + [(policy, True) for policy in policies]
    fitting = [(policy, own) for policy, own in ours if policy.fits(kind, urgency, team, day)]
    for policy, _ in sorted(fitting, key=lambda one: (one[0].weight, one[1], one[0].valid_from)):
        named = {name: getattr(policy, name) for name in ("clock", "tried_hours", "reached_hours", "at_risk")}
        said |= {name: value for name, value in named.items() if value is not None}
    return Promise(**said)  # type: ignore[arg-type]


def check(policies: Sequence[SlaPolicy], teams: Iterable[str], hours: Hours) -> None:
    """Every promise can be kept.

    Raises:
        ValueError: naming the policy that cannot.
    """
    known, night = set(teams), _longest_night(hours)
    for number, policy in enumerate(policies):
        if policy.team and policy.team not in known:
            raise ValueError(f"sla_policies.{number}: there is no team {policy.team!r}")
        days = {other.valid_from for other in policies if other.valid_from >= policy.valid_from}
        for day in days:
            for kind in TaskKind:
                for urgency in Urgency:
                    for team in known:
                        if policy.fits(kind, urgency, team, day):
                            _check_one(number, promised(policies, kind, urgency, team, day), night)


def _check_one(number: int, promise: Promise, night: timedelta) -> None:
    if promise.reached_hours and promise.reached_hours < promise.tried_hours:
        raise ValueError(
            f"sla_policies.{number}: reached_hours ({promise.reached_hours:g}) is less than tried_hours "
            f"({promise.tried_hours:g}): nobody is reached before they are tried"
        )
    if promise.clock == SlaTime.WALL and timedelta(hours=promise.tried_hours) <= night:
        raise ValueError(
            f"sla_policies.{number}: {promise.tried_hours:g} hours on the wall clock are over before the hotline opens "
            f'again for who calls at closing time ({night.total_seconds() / 3600:g} hours); say clock = "service", or '
            "more hours"
        )


def _longest_night(hours: Hours) -> timedelta:
    """The longest time between two opening days that follow each other, on the wall clock of an ordinary week."""
    longest = timedelta(0)
    for before, following in pairwise([hours.span_on(day) for day in (*range(7), 0)]):
        if before is not None and following is not None:
            closes = timedelta(hours=before.closes.hour, minutes=before.closes.minute) if before.closes else _DAY
            opens = _DAY + timedelta(hours=following.opens.hour, minutes=following.opens.minute)
            longest = max(longest, opens - closes)
    return longest


_DAY = timedelta(days=1)
