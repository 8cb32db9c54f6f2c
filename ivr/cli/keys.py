"""Commands about the secret key and the master keys of stored audio."""

from __future__ import annotations

from pathlib import Path

import click

from ivr.cli.errors import sentence_for
from ivr.cli.groups import HotlineGroup, WithoutSettings
from ivr.cli.parameters import OutputFile, Text, require_another_file


@click.group(cls=HotlineGroup)
def keys() -> None:
    """Secret key and master keys: make one, seal anew, escrow."""


@keys.command("new", cls=WithoutSettings)
@click.argument("name")
def new(name: str) -> None:
    """Make a master key called NAME and print it as AUDIO_MASTER_KEYS takes it."""
    from ivr.domain import master_keys

    made = master_keys.new(name)
    try:
        master_keys.parse(made)
    except ValueError:
        raise click.BadParameter(
            "a name has up to 40 letters from a to z, digits, dots, hyphens or underscores", param_hint="NAME"
        ) from None
    click.echo(made)


@keys.command("rotate")
def rotate() -> None:
    """Seal everything again with the present SECRET_KEY and the first of AUDIO_MASTER_KEYS.

    It is safe at any time, and can be run again. Each host with a spool has to run it. After it, SECRET_KEY_PREVIOUS
    can be taken away when the last call and log-in that began before are over (see docs/keys.md).
    """
    from sqlalchemy.exc import SQLAlchemyError

    from ivr.domain.timestamps import utc_now
    from ivr.operations import key_rotation
    from ivr.platform import envelope_encryption

    try:
        counts = key_rotation.rotate(utc_now())
    except OSError as error:
        raise click.ClickException(f"not done: the audio store or the disk cannot be used: {error}") from None
    except SQLAlchemyError as error:
        raise click.ClickException(f"not done: {sentence_for(error)}") from None
    click.echo(f"{'kind':<34}{'sealed again':>14}{'were already':>14}{'cannot be opened':>18}")
    for count in counts:
        click.echo(f"{count.kind:<34}{count.done:>14}{count.kept:>14}{len(count.failures):>18}")
    recordings, present = counts[-1], next(iter(envelope_encryption.masters()))
    click.echo(f"{recordings.done} keys are wrapped with {present!r} now, {recordings.kept} were already")
    for problem in (problem for count in counts for problem in count.failures):
        click.echo(problem, err=True)
    if failed := [f"{len(count.failures)} {count.kind}" for count in counts if count.failures]:
        raise click.ClickException(f"{', '.join(failed)} cannot be opened with the keys given")


@keys.command("escrow")
@click.argument("target", type=OutputFile())
@click.option("--for", "people", multiple=True, required=True, type=Text(80), help="A person, by name. Twice or more.")
def escrow(target: Path, people: tuple[str, ...]) -> None:
    """Seal the keys of the settings into TARGET, for people of whom any two together can open it.

    Each is shown a code, to be written on paper; it is kept nowhere. See docs/keys.md.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from ivr.config.settings import settings
    from ivr.domain.timestamps import utc_now
    from ivr.operations import key_escrow
    from ivr.platform import database, private_files

    found = key_escrow.keys_of(settings())
    if "AUDIO_MASTER_KEYS" not in found:
        raise click.ClickException("there are no keys to keep: AUDIO_MASTER_KEYS is not set (local mode makes its own)")
    try:
        sealed, codes = key_escrow.seal(found, people)
    except ValueError as error:
        raise click.UsageError(f"--for: {error}") from None
    for name, code in codes.items():
        click.pause(f"{name}, alone at the screen, presses a key")
        click.echo(f"{name}: {code}")
        click.pause("On paper? A key clears the screen")
        click.clear()
    private_files.replace(target, sealed)  # now: broken off before, what was there is still opened by its own codes
    try:
        with database.writing() as session:
            key_escrow.note(session, found, utc_now())
    except SQLAlchemyError as error:
        click.echo(f"not noted, so that doctor goes on asking for it: {sentence_for(error)}", err=True)
    click.echo(f"{target}: {', '.join(found)}, for any two of {', '.join(people)}. Keep it beside the backups.")


@keys.command("recover", cls=WithoutSettings)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=OutputFile())
@click.option("--first", prompt="Code of the one", hide_input=True, help="A code. Asked for if not given.")
@click.option("--second", prompt="Code of the other", hide_input=True, help="Another one. Asked for if not given.")
def recover(source: Path, target: Path, first: str, second: str) -> None:
    """Open SOURCE with the codes of two people, and write the keys to TARGET as environment variables.

    Needs neither settings, database nor network.
    """
    from ivr.operations import key_escrow
    from ivr.platform import private_files

    require_another_file(source, target)
    try:
        found = key_escrow.recover(source.read_bytes(), first, second)
    except key_escrow.NotOpened as error:
        raise click.ClickException(f"{source}: {error}") from None
    private_files.replace(target, "".join(f"{name}={value}\n" for name, value in found.items()).encode())
    click.echo(f"{target}: {', '.join(found)} (whoever reads it has the keys: destroy it afterwards)")
