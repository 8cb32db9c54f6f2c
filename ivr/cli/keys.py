"""Commands about the master keys of stored audio."""

from __future__ import annotations

import click

from ivr.cli.groups import HotlineGroup


@click.group(cls=HotlineGroup)
def keys() -> None:
    """Master keys of stored audio (AUDIO_MASTER_KEYS)."""


@keys.command("new")
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
    """Wrap every recording's key with the first master key of AUDIO_MASTER_KEYS; safe at any time."""
    from ivr.accounts import mfa
    from ivr.platform import database, envelope_encryption
    from ivr.voicebox import audio_store

    done = kept = 0
    failed = []
    try:
        sids = list(audio_store.recordings())
    except OSError as error:
        raise click.ClickException(f"the audio store cannot be read: {error}") from None
    for sid in sids:
        try:
            if audio_store.rotate(sid):
                done += 1
            else:
                kept += 1
        except audio_store.Missing:
            continue  # deleted meanwhile
        except (audio_store.Unreadable, OSError) as error:
            failed.append(str(error))
    with database.writing() as session:
        mfa.rewrap(session)
    present = next(iter(envelope_encryption.masters()))
    click.echo(f"{done} keys are wrapped with {present!r} now, {kept} were already")
    for problem in failed:
        click.echo(problem, err=True)
    if failed:
        raise click.ClickException(f"{len(failed)} recordings cannot be opened with the keys given")
