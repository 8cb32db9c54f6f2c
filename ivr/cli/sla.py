"""`python -m ivr sla`: what is promised, now and from when on something else."""

from __future__ import annotations

from datetime import date

import click

from ivr.cli.groups import HotlineCommand
from ivr.cli.parameters import Day


@click.command(cls=HotlineCommand)
@click.option("--on", "day", type=Day(), help="The day (YYYY-MM-DD). Default: today.")
def sla(day: date | None) -> None:
    """Show the callback promises of a day.

    For each kind of request, urgency and team: hours to the first attempt, and until somebody is reached.
    """
    from rich.console import Console
    from rich.table import Table

    from ivr.config.settings import settings
    from ivr.domain.enums import TaskKind, Urgency
    from ivr.domain.sla_policies import Promise, promised
    from ivr.domain.timestamps import utc_now

    configured = settings()
    wanted = day or utc_now().astimezone(configured.hours.zone).date()
    table = Table(title=f"Promises made on {wanted:%d.%m.%Y}")
    for heading in ("kind", "urgency", "teams", "clock", "tried within", "reached within", "at risk after"):
        table.add_column(heading)
    for kind in TaskKind:
        for urgency in Urgency:
            alike: dict[Promise, list[str]] = {}
            for team in configured.teams:
                alike.setdefault(promised(configured.sla_policies, kind, urgency, team, wanted), []).append(team)
            for promise, teams in alike.items():
                reached = f"{promise.reached_hours:g} h" if promise.reached_hours else "not promised"
                names = "all" if len(alike) == 1 else ", ".join(teams)
                hours, risk = f"{promise.tried_hours:g} h", f"{promise.at_risk:.0%}"
                table.add_row(kind, urgency, names, promise.clock, hours, reached, risk)
    Console(width=120).print(table)
    for later in sorted({policy.valid_from for policy in configured.sla_policies if policy.valid_from > wanted}):
        click.echo(f"From {later:%d.%m.%Y} on something else is promised: --on {later}")
