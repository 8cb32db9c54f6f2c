"""Promises from a day on: what is promised for first contacts from that day. What counts already stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from flask_babel import format_date, format_decimal, gettext

from ivr.config.settings import Settings
from ivr.domain.enums import SlaTime, TaskKind, Urgency
from ivr.domain.sla_policies import Promise, SlaPolicy, promised
from ivr.domain.timestamps import utc_now
from ivr.web import forms
from ivr.web.form_fields import Day, integer, line_of
from ivr.web.settings_sections.base import Change, Field, Group, Rows, Section, Sent
from ivr.web.words import TABLES


class PolicyRow(forms.Form):
    """A promise; what is left empty stays as less specific promises say."""

    from_day: Day
    kind: Annotated[str, line_of(20)] = ""
    urgency: Annotated[str, line_of(20)] = ""
    team: Annotated[str, line_of(40)] = ""
    clock: Annotated[str, line_of(20)] = ""
    tried: Annotated[int, integer(1, 2000)] | None = None
    reached: Annotated[int, integer(0, 5000)] | None = None
    at_risk: Annotated[int, integer(1, 99)] | None = None


class PromisesFromADay(Section):
    """What is promised to callers, beside the usual promises."""

    name = "sla_policies"

    def groups(self, configured: Settings) -> Sequence[Group]:
        """A group for each promise that begins later, and one for a new one; those that count are named."""
        counts, later = _split(configured)
        rows: list[SlaPolicy | None] = [*later, None]
        note = "; ".join(_said(policy, configured) for policy in counts) or gettext("The usual ones alone.")
        head = Group(gettext("Promises that count already, and stay as they are"), (), note)
        return [head, *(_group(number, row, configured) for number, row in enumerate(rows))]

    def read(self, sent: Sent, configured: Settings) -> Any:
        """The promises that count already, and those of the form, which begin tomorrow or later."""
        rows, today = Rows(sent), _today(configured)
        counts, later = _split(configured)
        found = rows.all(PolicyRow, "from_day", known=len(later))
        for number, row in found:
            if row.from_day <= today:
                rows.errors[f"from_day-{number}"] = gettext(
                    "Promises are made from tomorrow on at the earliest: what was promised stays promised."
                )
        rows.done()
        return [policy.model_dump(mode="json") for policy in counts] + [_raw(row) for _, row in found]

    def changes(self, before: Settings, after: Settings) -> Sequence[Change]:
        """What is promised for each kind, urgency and team on the days on which promises begin."""
        days = sorted({policy.valid_from for one in (before, after) for policy in _split(one)[1]})
        found = []
        for day in days:
            for kind in TaskKind:
                for urgency in Urgency:
                    for team in after.teams:
                        old, new = (promised(one.sla_policies, kind, urgency, team, day) for one in (before, after))
                        if old != new:
                            what = (format_date(day, "short"), TABLES["task_kinds"][kind], TABLES["urgencies"][urgency],
                                    after.teams[team].name)  # fmt: skip
                            found.append(Change(" · ".join(what), _promise(old), _promise(new)))
        return found


def _today(configured: Settings) -> date:
    return utc_now().astimezone(configured.hours.zone).date()


def _split(configured: Settings) -> tuple[list[SlaPolicy], list[SlaPolicy]]:
    """The promises that count already, and those that begin later."""
    today = _today(configured)
    counts = [policy for policy in configured.sla_policies if policy.valid_from <= today]
    return counts, [policy for policy in configured.sla_policies if policy.valid_from > today]


def _raw(row: PolicyRow) -> dict[str, Any]:
    found: dict[str, Any] = {
        "valid_from": row.from_day.isoformat(), "kind": row.kind, "urgency": row.urgency, "team": row.team,
    }  # fmt: skip
    hours = {"clock": row.clock or None, "tried_hours": row.tried, "reached_hours": row.reached}
    found |= {name: value for name, value in hours.items() if value is not None}
    return found | ({"at_risk": row.at_risk / 100} if row.at_risk else {})


def _group(number: int, policy: SlaPolicy | None, configured: Settings) -> Group:
    row, every = policy or SlaPolicy(), gettext("all")
    teams = tuple((key, team.name) for key, team in configured.teams.items())
    kinds, urgencies = tuple(TABLES["task_kinds"].items()), tuple(TABLES["urgencies"].items())
    unset, clocks = gettext("as otherwise"), tuple(_clocks().items())
    until_reached = gettext("Hours until reached (0: not promised)")
    fields = (
        Field(f"from_day-{number}", gettext("From the day"), policy.valid_from.isoformat() if policy else "", "date"),
        Field(f"kind-{number}", gettext("Kind"), row.kind, "select", kinds, every),
        Field(f"urgency-{number}", gettext("Urgency"), row.urgency, "select", urgencies, every),
        Field(f"team-{number}", gettext("Team"), row.team, "select", teams, every),
        Field(f"clock-{number}", gettext("Which hours count"), row.clock or "", "select", clocks, unset),
        Field(f"tried-{number}", gettext("Hours to the first attempt"), _number(row.tried_hours), "number"),
        Field(f"reached-{number}", until_reached, _number(row.reached_hours), "number"),
        Field(f"at_risk-{number}", gettext("At risk after so many per cent"),
              _number(row.at_risk and row.at_risk * 100), "number"),
    )  # fmt: skip
    if policy is None:
        return Group(gettext("A new promise"), fields)
    day = format_date(policy.valid_from, "short")
    return Group(gettext("Promise from %(day)s on", day=day), fields, gettext("Empty the day to take it away."))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _clocks() -> dict[str, str]:
    return {
        SlaTime.WALL: str(gettext("every hour")),
        SlaTime.SERVICE: str(gettext("opening time only")),
    }


def _promise(promise: Promise) -> str:
    reached = format_decimal(promise.reached_hours) if promise.reached_hours else "–"
    said: str = gettext(
        "tried within %(tried)s h, reached within %(reached)s h, %(clock)s, at risk after %(share)s %%",
        tried=format_decimal(promise.tried_hours), reached=reached, clock=_clocks()[promise.clock],
        share=format_decimal(promise.at_risk * 100),
    )  # fmt: skip
    return said


def _said(policy: SlaPolicy, configured: Settings) -> str:
    whom = [
        TABLES["task_kinds"][policy.kind] if policy.kind else "",
        TABLES["urgencies"][policy.urgency] if policy.urgency else "",
        configured.teams[policy.team].name if policy.team in configured.teams else policy.team,
    ]
    hours = [
        gettext("tried within %(hours)s h", hours=format_decimal(policy.tried_hours)) if policy.tried_hours else "",
        gettext("reached within %(hours)s h", hours=format_decimal(policy.reached_hours))
        if policy.reached_hours
        else "",
    ]
    day = gettext("from %(day)s on", day=format_date(policy.valid_from, "short"))
    return ", ".join(part for part in (day, *whom, *hours) if part)
