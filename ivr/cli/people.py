"""Commands for people who work at the desk and for programs that read the interface."""

from __future__ import annotations

import click

from ivr import database
from ivr.instants import utc_now


@click.group()
def tokens() -> None:
    """Bearer tokens for /api/v1."""


@tokens.command("add")
@click.argument("name")
def add_token(name: str) -> None:
    """Make a token called NAME and print it; it cannot be shown again."""
    from ivr.migrate import migrate
    from ivr.users import new_token

    migrate()
    try:
        with database.writing() as session:
            token = new_token(session, name, utc_now())
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    click.echo(token)


@tokens.command("revoke")
@click.argument("name")
def revoke_token(name: str) -> None:
    """Make the token called NAME worthless."""
    from ivr.migrate import migrate
    from ivr.users import revoke_token as revoke

    migrate()
    with database.writing() as session:
        revoked = revoke(session, name, utc_now())
    if not revoked:
        raise click.ClickException(f"there is no token {name!r}")


@click.group()
def users() -> None:
    """People who work at the desk."""


@users.command("pin")
@click.argument("username")
@click.option("--number", required=True, help="Personal number, 3 to 8 digits.")
@click.option("--pin", prompt=True, hide_input=True, confirmation_prompt=True, help="4 to 8 digits.")
def set_pin(username: str, number: str, pin: str) -> None:
    """Let USERNAME say by telephone (`staff_number`) whether they answer calls."""
    from ivr.migrate import migrate
    from ivr.users import set_pin

    migrate()
    try:
        with database.writing() as session:
            set_pin(session, username, number, pin)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


@users.command("add")
@click.argument("username")
@click.option("--name", required=True, help="The person's name as colleagues see it.")
@click.option("--role", type=click.Choice(["member", "supervisor"]), default="member", show_default=True)
@click.option("--team", "teams", multiple=True, help="Key of a team; may be given several times.")
@click.password_option()
def add_user(username: str, name: str, role: str, teams: tuple[str, ...], password: str) -> None:
    """Add somebody called USERNAME."""
    from ivr.migrate import migrate
    from ivr.users import add

    migrate()
    try:
        with database.writing() as session:
            add(session, username, name, role, password, teams)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
