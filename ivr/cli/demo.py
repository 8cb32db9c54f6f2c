"""Commands that make data up, for trying."""

from __future__ import annotations

import click

from ivr.cli.groups import HotlineGroup


@click.group(cls=HotlineGroup)
def demo() -> None:
    """Made-up calls and tasks (local mode only)."""


@demo.command("seed")
@click.option("--days", type=click.IntRange(1, 400), default=90, show_default=True)
@click.option("--calls-per-day", type=click.IntRange(1, 5000), default=400, show_default=True)
@click.option("--seed", "number", type=int, default=1, show_default=True, help="Another number makes other people up.")
def seed(days: int, calls_per_day: int, number: int) -> None:
    """Make up calls, tasks in all states and spoken messages of the last days."""
    from ivr.domain.timestamps import utc_now
    from ivr.operations import demo_data
    from ivr.operations.migrate import migrate

    try:
        migrate()
        made = demo_data.seed(days, calls_per_day, utc_now(), number)
    except demo_data.NotInProduction:
        raise click.ClickException("the demo data makes people up: it is for local mode only (MODE=local)") from None
    click.echo(f"{made.calls} calls, {made.tasks} tasks, {made.messages} messages with audio")
