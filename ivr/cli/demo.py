"""Commands that make data up, for trying."""

from __future__ import annotations

import click

from ivr.cli.groups import HotlineGroup


@click.group(cls=HotlineGroup)
def demo() -> None:
    """Made-up calls and tasks (local mode only)."""


@demo.command("remove")
def remove() -> None:
    """Remove the log-ins and tokens that local mode has made for trying (in production).

    Also the files with their passwords and with local mode's own secrets. Invented calls and tasks stay: begin with an
    empty database where they should not.
    """
    from ivr.accounts import demo_logins
    from ivr.audit import access_log
    from ivr.config.settings import settings
    from ivr.contact_centre import offboarding
    from ivr.domain.enums import AccessAction
    from ivr.domain.timestamps import utc_now
    from ivr.operations.demo_data import remove_local_files
    from ivr.operations.migrate import migrate
    from ivr.platform import database

    if settings().local:
        raise click.ClickException("in local mode they would be made again: set MODE=production first")
    migrate()
    now = utc_now()
    with database.writing() as session:
        for user in demo_logins.left(session):
            offboarding.leave(session, user, now)
        removed = demo_logins.remove(session, now)
        detail = f"removed {len(removed)} log-ins for trying"
        access_log.append(session, access_log.OPERATOR, AccessAction.USER_CHANGED, now, detail=detail)
    files = remove_local_files(settings().var_dir)
    click.echo("\n".join([*removed, *map(str, files)]) or "nothing to remove")


@demo.command("seed")
@click.option("--days", type=click.IntRange(1, 400), default=90, show_default=True)
@click.option("--calls-per-day", type=click.IntRange(1, 5000), default=400, show_default=True)
@click.option("--seed", "number", type=int, default=1, show_default=True, help="Another number makes other people up.")
def seed(days: int, calls_per_day: int, number: int) -> None:
    """Make up calls, tasks in all states and spoken messages of the last days."""
    from ivr.domain.timestamps import utc_now
    from ivr.operations import demo_data
    from ivr.operations.migrate import migrate
    from ivr.platform.one_at_a_time import TooLong

    try:
        migrate()
        made = demo_data.seed(days, calls_per_day, utc_now(), number)
    except demo_data.NotInProduction:
        raise click.ClickException("the demo data makes people up: it is for local mode only (MODE=local)") from None
    except TooLong as waited:
        raise click.ClickException(f"another `demo seed` has been running for {waited} seconds: try later") from None
    if made.mended:
        click.echo("an earlier run was interrupted: what it had written is counted now")
    click.echo(f"{made.calls} calls, {made.tasks} tasks, {made.messages} messages with audio")
