"""Commands about the secret key and the master keys of stored audio."""

from __future__ import annotations

import click

from ivr.cli.errors import sentence_for
from ivr.cli.groups import HotlineGroup, WithoutSettings


@click.group(cls=HotlineGroup)
def keys() -> None:
    """Secret key and master keys: make one, seal anew."""


@keys.command("new", cls=WithoutSettings)
@click.argument("name")
def new(name: str) -> None:
    """Make a master key called NAME and print it as AUDIO_MASTER_KEYS takes it."""
    from ivr.domain import master_keys

    made = master_keys.new(name)
    try:
        master_keys.parse(made)
    except ValueError:
        raise click.ClickException("a name has up to 40 letters, digits, dots, hyphens or underscores") from None
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
