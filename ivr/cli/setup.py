"""`ivr setup`: the first start, asked for in the terminal or given as options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ivr.cli.groups import WithoutSettings
from ivr.operations.setup_questions import QUESTIONS, Question, of_teams

if TYPE_CHECKING:
    from ivr.operations.setup_files import SetupFiles


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for question in reversed(QUESTIONS):
        name = question.name.replace(".", "__")
        variable = question.name.upper() if question.secret else None  # the list of processes shows arguments
        command = click.option(question.option, name, envvar=variable, help=f"{question.text}.")(command)
    return command


@click.command("setup", cls=WithoutSettings)
@click.option(
    "--directory",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=Path(),
    help="Where ivr.toml and environment are written. Default: here.",
)
@click.option(
    "--unattended", is_flag=True, help="Ask nothing: options count, then earlier answers, then what is usual."
)
@click.option("--untried", is_flag=True, help="Do not try database, Redis, storage and carrier.")
@click.option("--again", is_flag=True, help="Ask again what was answered before.")
@click.option("--administrator", help="Log-in of the first administrator.")
@click.option("--administrator-name", help="Their name.")
@click.option("--team", "teams", multiple=True, metavar="KEY=NAME", help="Name of a team. May be given several times.")
@_options
def setup(
    directory: Path, unattended: bool, untried: bool, again: bool, administrator: str | None,
    administrator_name: str | None, teams: tuple[str, ...], **given: str | None,
) -> None:  # fmt: skip
    """Set a new installation up by questions; write its settings.

    Each answer is kept as soon as it was tried. Ctrl-C ends it; run the command again and it goes on there.
    """
    from ivr.config.sections import ConfigurationError
    from ivr.operations.setup_files import NotOurs, SetupFiles

    try:
        files = SetupFiles(directory.absolute())
    except (NotOurs, ValueError) as error:
        raise click.ClickException(str(error)) from None
    _make_secrets(files)
    questions = [*QUESTIONS, *of_teams()]
    values = {name.replace("__", "."): value for name, value in given.items()} | _names_of(teams)
    for question in questions:
        asked = [one for one in questions if one.carrier in ("", files.answers.get("carrier", "twilio"))]
        if question not in asked:
            continue
        number = asked.index(question) + 1
        value = values.get(question.name)
        if value is None and question.name in files.answers and not again:
            click.echo(f"{number}/{len(asked)} {question.text}: kept")
            continue
        _answer(files, question, f"{number}/{len(asked)}", value, unattended, untried)
        if question.name == "carrier":
            _make_account(files)
    files.use()
    try:
        _first_administrator(administrator, administrator_name, unattended)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    _say_what_to_start(files)


def _names_of(teams: tuple[str, ...]) -> dict[str, str | None]:
    known = {question.name for question in of_teams()}
    found: dict[str, str | None] = {}
    for team in teams:
        key, _, name = team.partition("=")
        if f"teams.{key}.name" in found:
            raise click.BadParameter(f"{key} is named more than once", param_hint="--team")
        if f"teams.{key}.name" not in known or not name:
            keys = ", ".join(one.split(".")[1] for one in sorted(known))
            raise click.BadParameter(f"{team!r} is no KEY=NAME; the keys are {keys}", param_hint="--team")
        found[f"teams.{key}.name"] = name
    return found


def _make_secrets(files: SetupFiles) -> None:
    import secrets

    from ivr.domain import master_keys
    from ivr.domain.timestamps import utc_now

    made = {
        "mode": "production",
        "secret_key": secrets.token_hex(32),
        "audio_master_keys": master_keys.new(f"{utc_now():%Y}"),
        "metrics_token": secrets.token_urlsafe(24),
    }
    missing = {name: value for name, value in made.items() if name not in files.answers}
    files.keep(**missing)
    if "audio_master_keys" in missing:
        click.echo(f"Secrets are made: keep a copy of {files.environment} apart from the backups.")


def _make_account(files: SetupFiles) -> None:
    """Without a carrier: what exchange and hotline sign for each other, and calls through the telephone system."""
    import secrets

    if files.answers["carrier"] != "local":
        return
    made = {
        "twilio_account_sid": "AC" + secrets.token_hex(16),
        "twilio_auth_token": secrets.token_hex(16),
        "sip_peers.pbx.calls_out": True,
    }
    files.keep(**{name: value for name, value in made.items() if name not in files.answers})


def _answer(
    files: SetupFiles, question: Question, number: str, value: str | None, unattended: bool, untried: bool
) -> None:
    """Ask until the answer is one that works. What was given as an option, or is usual, fails at once.

    Status 2: the option is wrong or missing. Status 1: what it names does not answer.
    """
    shut = question.secret or question.holds_password
    while True:
        asked = value is None and not unattended
        if asked:
            usual = files.answers.get(question.name, question.usual)
            usual = ",".join(usual) if isinstance(usual, list) else str(usual)
            text = click.prompt(f"{number} {question.text}", default=usual, hide_input=question.secret,
                                show_default=bool(usual) and not (shut and question.name in files.answers))  # fmt: skip
        else:
            text = question.usual if value is None else value
        text = text.strip()
        mistake = _mistake(files, question, text)
        if mistake and not asked:
            raise click.BadParameter(mistake, param_hint=question.option)
        if not (problem := mistake or _failure(files, question, text, untried)):
            if not asked:
                click.echo(f"{number} {question.text}: {'kept' if shut and text else text or 'none'}")
            return
        if not asked:
            raise click.ClickException(f"{question.option}: {problem}")
        click.secho(f"  {problem}", fg="red")


def _mistake(files: SetupFiles, question: Question, text: str) -> str:
    """Why the settings do not take an answer; "" if they do."""
    needed = ("public_base_url", "twilio_account_sid", "twilio_auth_token", "hotline_number", "sip_address",
              "sip_peers.pbx.address")  # fmt: skip
    if not text and question.name in needed:
        return "this cannot be left empty"
    try:
        answer: Any = question.read(text)
    except ValueError:
        return f"{text!r} is no number"
    return files.wrong(**{question.name: answer})


def _failure(files: SetupFiles, question: Question, text: str, untried: bool) -> str:
    """Keep an answer and try it; why it does not work, and then it is taken back."""
    before = dict(files.answers)
    files.keep(**{question.name: question.read(text)})
    if not question.trial or untried:
        return ""
    files.use()
    from ivr.operations import setup_trials

    problem: str = getattr(setup_trials, question.trial)(text)
    if problem:
        files.answers = before
        files.keep()
    return problem


def _first_administrator(username: str | None, name: str | None, unattended: bool) -> None:
    import secrets

    from sqlalchemy import select

    from ivr.accounts import password_links, users
    from ivr.audit import access_log
    from ivr.config.settings import settings
    from ivr.domain.enums import AccessAction
    from ivr.domain.timestamps import utc_now
    from ivr.models.accounts import User
    from ivr.operations.migrate import migrate
    from ivr.platform import database

    settings()
    click.echo("The database is brought to the newest schema.")
    migrate()
    administers = select(User.id).where(User.role == "administrator", User.active, User.demo.is_(False)).limit(1)
    with database.reading() as session:
        if session.scalar(administers) is not None:
            click.echo("There is an administrator.")
            return
    if unattended and not username:
        click.echo("There is no administrator: --administrator NAME makes one.")
        return
    username = username or click.prompt("Log-in of the first administrator")
    name = name or (username if unattended else click.prompt("Their name", default=username))
    by, now = "command line", utc_now()
    try:
        with database.writing() as session:
            user = users.add(session, username, name, "administrator", secrets.token_urlsafe(32), (), by=by)
            token = password_links.invite(session, user, by, now, by_mail=False)
            detail = f"made {username}, administrator, with a link"
            access_log.append(session, access_log.OPERATOR, AccessAction.USER_CHANGED, now, detail=detail)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{name} chooses a password here, once, within seven days:\n  {settings().base_url}/login/link/{token}")


def _say_what_to_start(files: SetupFiles) -> None:
    is_local = files.answers["carrier"] == "local"
    click.secho("The installation is set up.", fg="green")
    click.echo(
        f"  settings: {files.toml}, secrets: {files.environment} (0600)\n"
        "Next:\n"
        f"  set -a; . {files.environment}; set +a; export IVR_CONFIG={files.toml}\n"
        "  ivr prompts render     # on each host\n"
        "  ivr doctor             # what is still wrong, with remedies\n"
        f"  ivr carrier setup      # {'lines' if is_local else 'webhooks, countries'}, a trial call\n"
        f"then start the processes web, voice, worker{', clock and exchange' if is_local else ' and clock'} (systemd: "
        "systemctl enable --now hotline.target), and the proxy (docs/operators.md)."
    )
