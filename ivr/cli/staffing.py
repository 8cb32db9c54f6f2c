"""`python -m ivr simulate`: how many people must answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ivr.cli.groups import HotlineCommand
from ivr.cli.parameters import Amount, OutputFile, StaffRange, Team

if TYPE_CHECKING:
    from ivr.reporting.staffing import Answered


@click.command(cls=HotlineCommand)
@click.option("--staff", type=StaffRange(), help="People who answer: a number, or a range like 2-12.")
@click.option(
    "--calls", type=Amount(0, 100_000, min_open=True), help="Calls an hour. Default: those of the past weeks."
)
@click.option("--when", help='Hour of the week: "monday 9". Default: the second hour of the next opening day.')
@click.option("--team", type=Team(), help="Only conversations and patience of this team.")
@click.option("--talk-seconds", type=Amount(1, 36_000), help="Mean length of a conversation.")
@click.option("--wrap-up-seconds", type=Amount(0, 3600), default=60.0, show_default=True)
@click.option("--goal", type=Amount(0, 1), help="Share to be answered within 30 s. Default: the target.")
@click.option("--chart", type=OutputFile(), help="Draw it into this SVG file.")
def simulate(
    staff: list[int] | None,
    calls: float | None,
    when: str | None,
    team: str | None,
    talk_seconds: float | None,
    wrap_up_seconds: float,
    goal: float | None,
    chart: Path | None,
) -> None:
    """Simulate a call queue: how many people must answer?

    So many that enough callers (--goal) wait less than 30 seconds.
    """
    from ivr.config.settings import settings
    from ivr.domain.timestamps import utc_now
    from ivr.operations.migrate import migrate
    from ivr.platform import database
    from ivr.reporting import staffing

    now = utc_now()
    goal = settings().targets.answered_in_time if goal is None else goal
    try:
        weekday, hour = staffing.usual_hour(now) if when is None else staffing.parse_hour(when)
    except ValueError:
        raise click.BadParameter(f"{when!r} is no hour of the week like 'monday 9'", param_hint="--when") from None
    migrate()
    with database.reading() as session:
        known = staffing.history(session, weekday, hour, now, team=team or "")
    rate = known.calls_an_hour if calls is None else calls
    numbers = staff or _around(rate, known.talk, talk_seconds, wrap_up_seconds)
    if numbers[-1] > StaffRange.MOST:
        raise click.UsageError(
            f"so many and so long calls need more than {StaffRange.MOST} people: give fewer, or less"
        )
    try:
        found = staffing.plan(known, numbers, calls=calls, wrap_up=wrap_up_seconds, talk=talk_seconds)
    except staffing.TooLittle as error:
        raise click.ClickException(str(error)) from None
    title = f"{staffing.day_of(weekday)} {hour}:00, {rate:.1f} calls an hour"
    _print(found, goal, title, staffing.mean_patience(known))
    best = staffing.enough(found, goal)
    if best is None:
        click.echo(f"None of these reaches {goal:.0%} within 30 s: ask for more people with --staff.")
    else:
        click.echo(f"{best.staff} people answer {best.in_time:.0%} within 30 s (goal {goal:.0%}).")
    if chart is not None:
        chart.write_text(staffing.chart(found, goal, f"Answered within 30 s: {title}"), encoding="utf-8")
        click.echo(f"Drawn into {chart}.")


def _around(rate: float, talk: Sequence[float], talk_seconds: float | None, wrap_up: float) -> list[int]:
    lengths = [talk_seconds] if talk_seconds else talk
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    load = rate * (mean + wrap_up) / 3600
    least = max(1, math.floor(load) - 1)
    return list(range(least, least + 8))


def _print(found: Sequence[Answered], goal: float, title: str, patience: float) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, caption="patience: " + (f"{patience:.0f} s" if math.isfinite(patience) else "endless"))
    for heading in ("people", "within 30 s", "", "mean wait", "gave up", "Erlang C"):
        table.add_column(heading, justify="left" if not heading else "right")
    for one in found:
        bar = "█" * round(one.in_time * 20) + "·" * (20 - round(one.in_time * 20))
        wait = f"{one.mean_wait:.0f} s" if math.isfinite(one.mean_wait) else "–"
        mark = " ✓" if one.in_time >= goal else ""
        table.add_row(
            str(one.staff), f"{one.in_time:.0%}{mark}", bar, wait, f"{one.gave_up:.0%}", f"{one.erlang_c:.0%}"
        )
    Console().print(table)
