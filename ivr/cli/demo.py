"""Commands that make a house up, for trying."""

from __future__ import annotations

import click


@click.group()
def demo() -> None:
    """A house that is made up (local mode only)."""


@demo.command("seed")
@click.option("--days", type=click.IntRange(1, 400), default=90, show_default=True)
@click.option("--calls-per-day", type=click.IntRange(1, 5000), default=400, show_default=True)
@click.option("--seed", "number", type=int, default=1, show_default=True, help="Another number makes other people up.")
def seed(days: int, calls_per_day: int, number: int) -> None:
    """Fill the house with calls, tasks in all states and spoken messages of the last days."""
    from ivr.domain.timestamps import utc_now
    from ivr.operations import demo_data
    from ivr.operations.migrate import migrate

    try:
        migrate()
        made = demo_data.seed(days, calls_per_day, utc_now(), number)
    except demo_data.NotHere:
        raise click.ClickException("never in production mode: it makes people up") from None
    click.echo(f"{made.calls} calls, {made.tasks} tasks, {made.messages} messages with audio")
