"""Commands for members of staff and for programs that read the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from ivr.cli.groups import HotlineGroup
from ivr.cli.parameters import Team, Text
from ivr.domain.enums import AccessAction, AccountChange
from ivr.domain.roles import ROLES, SERVING

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_SHORTEST_PASSWORD = 12
#: Who has changed a log-in, as the person is told.
_OPERATOR = "command line"


def _checked(name: str, module: str = "users") -> Callable[..., str | None]:
    """A callback that refuses what cannot be a password, PIN or number before anything else is looked at."""

    def check(ctx: click.Context, param: click.Parameter, given: str | None) -> str | None:
        if given is not None:
            from importlib import import_module

            try:
                getattr(import_module(f"ivr.accounts.{module}"), name)(given)
            except ValueError as error:
                raise click.BadParameter(str(error), ctx, param) from None
        return given

    return check


@click.group(cls=HotlineGroup)
def tokens() -> None:
    """Bearer tokens of programs that read /api/v1."""


@tokens.command("add")
@click.argument("name", type=Text(80))
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["tasks", "callers", "changes", "notices", "directory"]),
    default=["tasks"],
    show_default=True,
    help="tasks: without the callers; callers: their numbers and words as well; changes: merge and split tasks, "
    "decide about changes by receipt code, book interpreters; notices: change what callers are told today; directory: "
    "read and change the directory (each of these two alone: no tasks). May be given several times.",
)
@click.option("--days", type=click.IntRange(1, 730), default=365, show_default=True, help="How long the token lasts.")
def add_token(name: str, scopes: tuple[str, ...], days: int) -> None:
    """Make a token called NAME and print it; it cannot be shown again."""
    from ivr.accounts.api_tokens import new_token
    from ivr.domain.timestamps import utc_now
    from ivr.operations.migrate import migrate
    from ivr.platform import database

    migrate()
    try:
        with database.writing() as session:
            token = new_token(
                session,
                name,
                utc_now(),
                scopes=scopes if set(scopes) <= {"notices", "directory"} else sorted({*scopes, "tasks"}),
                days=days,
            )
            _log(session, AccessAction.TOKEN_CHANGED, f"made {name}")
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    click.echo(token)


@tokens.command("revoke")
@click.argument("name")
def revoke_token(name: str) -> None:
    """Make the token called NAME worthless."""
    from ivr.accounts.api_tokens import revoke_token as revoke
    from ivr.accounts.api_tokens import tokens as all_tokens
    from ivr.domain.timestamps import utc_now
    from ivr.operations.migrate import migrate
    from ivr.platform import database

    migrate()
    with database.writing() as session:
        if revoke(session, name, utc_now()):
            _log(session, AccessAction.TOKEN_CHANGED, f"revoked {name}")
            return
        known = [token.name for token in all_tokens(session) if token.revoked_at is None]
    raise click.ClickException(f"there is no token {name!r}; the tokens are {', '.join(known) or 'none'}")


@click.group(cls=HotlineGroup)
def users() -> None:
    """Members of staff who log in."""


@users.command("pin")
@click.argument("username")
@click.option(
    "--number", required=True, callback=_checked("check_personal_digits"), help="Personal number, 3 to 8 digits."
)
@click.option("--pin", callback=_checked("check_pin"), help="4 to 8 digits. Asked for unless given.")
def set_pin(username: str, number: str, pin: str | None) -> None:
    """Let USERNAME report by telephone (`staff_number`) whether they take calls."""
    from ivr.accounts import users as accounts
    from ivr.operations.migrate import migrate
    from ivr.platform import database

    migrate()
    try:
        with database.reading() as session:
            accounts.check_personal_number(session, username, number)
        pin = pin if pin is not None else _asked("PIN", accounts.check_pin)
        with database.writing() as session:
            accounts.set_pin(session, username, number, pin, by=_OPERATOR)
            _log(session, AccessAction.USER_CHANGED, f"PIN of {username}")
    except ValueError as error:
        raise click.ClickException(str(error)) from None


@users.command("add")
@click.argument("username", type=Text(80))
@click.option("--name", required=True, type=Text(120), help="The person's name as colleagues see it.")
@click.option("--role", type=click.Choice(ROLES), default="member", show_default=True)
@click.option(
    "--team",
    "teams",
    multiple=True,
    type=Team(),
    help="Key of a team they work for, or supervise. May be given several times.",
)
@click.option(
    "--password",
    callback=_checked("check_password"),
    help=f"At least {_SHORTEST_PASSWORD} characters. Asked for unless given.",
)
def add_user(username: str, name: str, role: str, teams: tuple[str, ...], password: str | None) -> None:
    """Add somebody who logs in as USERNAME."""
    from ivr.accounts import users as accounts
    from ivr.operations.migrate import migrate
    from ivr.platform import database

    if teams and role not in SERVING:
        raise click.BadParameter(f"the role {role} has no teams: leave it out", param_hint="--team")
    migrate()
    try:
        with database.reading() as session:
            accounts.check_new(session, username, teams)
        password = password if password is not None else _asked("Password", accounts.check_password)
        with database.writing() as session:
            accounts.add(session, username, name, role, password, teams, by=_OPERATOR)
            _log(session, AccessAction.USER_CHANGED, f"made {username}, {role}")
    except ValueError as error:
        raise click.ClickException(str(error)) from None


@users.command("reset")
@click.argument("username")
@click.option("--second-factor", is_flag=True, help="Forget the app, the security keys and the recovery codes.")
@click.option(
    "--password",
    callback=_checked("check_password"),
    help=f"At least {_SHORTEST_PASSWORD} characters. Asked for unless given.",
)
@click.option("--reason", type=Text(200), help="Stands in the access log; why not in the page, by two.")
def reset(username: str, second_factor: bool, password: str | None, reason: str | None) -> None:
    """Give USERNAME a new password, for example the only administrator, who has forgotten theirs.

    In the page the second factor is removed by two administrators. This is for where there are not two.
    """
    from ivr.accounts import mfa, notices
    from ivr.accounts import users as accounts
    from ivr.domain.timestamps import utc_now
    from ivr.operations.migrate import migrate
    from ivr.platform import database

    migrate()
    try:
        with database.reading() as session:
            accounts.named(session, username)
        password = password if password is not None else _asked("Password", accounts.check_password)
        with database.writing() as session:
            user = accounts.named(session, username)
            now = utc_now()
            accounts.set_password(session, user, password, now, by=_OPERATOR)
            if second_factor:
                mfa.remove_all(session, user)
                notices.tell(session, user, AccountChange.SECOND_FACTOR_REMOVED, _OPERATOR, now)
            what = f"reset {username}{', second factor removed alone' if second_factor else ''}"
            _log(session, AccessAction.USER_CHANGED, f"{what}: {reason or 'no reason given'}")
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _asked(what: str, check: Callable[[str], None]) -> str:
    """A secret from the terminal, typed twice; asked for again while `check` refuses it."""

    def value_proc(text: str) -> str:
        try:
            check(text)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        return text

    answer: str = click.prompt(what, hide_input=True, confirmation_prompt=True, value_proc=value_proc)
    return answer


def _log(session: Session, event: str, detail: str) -> None:
    """Write a line of the access log for whoever has a shell on the machine."""
    from ivr.audit import access_log
    from ivr.domain.timestamps import utc_now

    access_log.append(session, access_log.OPERATOR, event, utc_now(), detail=detail)


@users.command("telephones")
def list_telephones() -> None:
    """List the telephones from which members log in with a PIN alone."""
    from ivr.accounts import staff_telephones
    from ivr.operations.migrate import migrate
    from ivr.platform import database

    migrate()
    with database.reading() as session:
        for one in staff_telephones.known(session):
            click.echo(f"{one.number}  {one.user.username if one.user else 'everybody'}  {one.place}".rstrip())


@users.command("add-telephone")
@click.argument("number", type=Text(60), callback=_checked("checked", "staff_telephones"))
@click.option("--user", "username", default="", help="Whose it is. Default: everybody's.")
@click.option("--place", default="", help="Where it stands.")
def add_telephone(number: str, username: str, place: str) -> None:
    """Let members log in from NUMBER (or a block such as +49421361*) with personal number and PIN alone."""
    from ivr.accounts import staff_telephones
    from ivr.domain.timestamps import utc_now
    from ivr.operations.migrate import migrate
    from ivr.platform import database

    migrate()
    try:
        with database.writing() as session:
            added = staff_telephones.add(session, number, username, place, utc_now())
            _log(session, AccessAction.USER_CHANGED, f"telephone {added.number} of {username or 'everybody'}: added")
    except ValueError as error:
        raise click.ClickException(str(error)) from None


@users.command("remove-telephone")
@click.argument("number", type=Text(60))
def remove_telephone(number: str) -> None:
    """Forget NUMBER, whosever it is."""
    from ivr.accounts import staff_telephones
    from ivr.operations.migrate import migrate
    from ivr.platform import database

    migrate()
    with database.writing() as session:
        known = staff_telephones.known(session)
        theirs = [one for one in known if one.number == number]
        for one in theirs:
            staff_telephones.remove(session, one.id)
            _log(session, AccessAction.USER_CHANGED, f"telephone {one.number}: removed")
        if theirs:
            return
        listed = ", ".join(one.number for one in known) or "none"
    raise click.ClickException(f"the telephone {number!r} is not known; known are {listed}")
