"""Commands for people who work at the desk and for programs that read the interface."""

from __future__ import annotations

import click

from ivr.audit import access_log
from ivr.audit.access_log import Actor
from ivr.domain.roles import ROLES
from ivr.domain.timestamps import utc_now
from ivr.platform import database

#: Whoever has a shell on the machine.
_OPERATOR = Actor("command line", "operator")


@click.group()
def tokens() -> None:
    """Bearer tokens for /api/v1."""


@tokens.command("add")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["tasks", "callers"]),
    default=["tasks"],
    show_default=True,
    help="tasks: without the callers; callers: their numbers and words as well. May be given several times.",
)
@click.option("--days", default=365, show_default=True, help="How long it lasts.")
def add_token(name: str, scopes: tuple[str, ...], days: int) -> None:
    """Make a token called NAME and print it; it cannot be shown again."""
    from ivr.accounts.api_tokens import new_token
    from ivr.operations.migrate import migrate

    migrate()
    try:
        with database.writing() as session:
            token = new_token(session, name, utc_now(), scopes=sorted({*scopes, "tasks"}), days=days)
            access_log.append(session, _OPERATOR, "token_changed", utc_now(), detail=f"made {name}")
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    click.echo(token)


@tokens.command("revoke")
@click.argument("name")
def revoke_token(name: str) -> None:
    """Make the token called NAME worthless."""
    from ivr.accounts.api_tokens import revoke_token as revoke
    from ivr.operations.migrate import migrate

    migrate()
    with database.writing() as session:
        revoked = revoke(session, name, utc_now())
        if revoked:
            access_log.append(session, _OPERATOR, "token_changed", utc_now(), detail=f"revoked {name}")
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
    from ivr.accounts.users import set_pin
    from ivr.operations.migrate import migrate

    migrate()
    try:
        with database.writing() as session:
            set_pin(session, username, number, pin)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


@users.command("add")
@click.argument("username")
@click.option("--name", required=True, help="The person's name as colleagues see it.")
@click.option("--role", type=click.Choice(ROLES), default="member", show_default=True)
@click.option("--team", "teams", multiple=True, help="Key of a team they work for, or supervise; may be given often.")
@click.password_option()
def add_user(username: str, name: str, role: str, teams: tuple[str, ...], password: str) -> None:
    """Add somebody called USERNAME."""
    from ivr.accounts.users import add
    from ivr.operations.migrate import migrate

    migrate()
    try:
        with database.writing() as session:
            add(session, username, name, role, password, teams)
            access_log.append(session, _OPERATOR, "user_changed", utc_now(), detail=f"made {username}, {role}")
    except ValueError as error:
        raise click.ClickException(str(error)) from None


@users.command("reset")
@click.argument("username")
@click.option("--second-factor", is_flag=True, help="Forget app, security keys and recovery codes.")
@click.password_option()
def reset(username: str, second_factor: bool, password: str) -> None:
    """Give USERNAME a new password, for example the only administrator, who has forgotten theirs."""
    from sqlalchemy import select

    from ivr.accounts import mfa
    from ivr.accounts.users import set_password
    from ivr.models.accounts import User
    from ivr.operations.migrate import migrate

    migrate()
    with database.writing() as session:
        user = session.scalar(select(User).where(User.username == username))
        if user is None:
            raise click.ClickException(f"there is no user {username!r}")
        try:
            set_password(session, user, password, utc_now())
        except ValueError:
            raise click.ClickException("a password has at least 12 characters") from None
        if second_factor:
            mfa.remove_all(session, user)
        access_log.append(session, _OPERATOR, "user_changed", utc_now(), detail=f"reset {username}")
