"""Commands that back database and audio up and restore them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ivr.cli.errors import first_line, sentence_for
from ivr.cli.groups import HotlineCommand
from ivr.cli.parameters import OutputFile

if TYPE_CHECKING:
    from ivr.operations.backup import Summary


@click.command(cls=HotlineCommand)
@click.argument("target", type=OutputFile(directory=True))
@click.option("--without-audio", is_flag=True, help="The database alone, where the audio's bucket has its own backups.")
def backup(target: Path, without_audio: bool) -> None:
    """Write database and audio of this instant to TARGET.

    TARGET is a file, or a directory, in which the file is named by the time.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from ivr.domain.timestamps import utc_now
    from ivr.operations import backup as the_backup
    from ivr.telephony import call_intake

    now = utc_now()
    if target.is_dir():
        target = target / f"hotline-{now:%Y%m%dT%H%M%SZ}.tar"
    try:
        call_intake.replay_spool()  # what waits on this host's disk belongs to it
        summary = the_backup.back_up(target, now, audio=not without_audio)
    except (the_backup.BackupError, OSError, SQLAlchemyError) as error:
        raise click.ClickException(f"no backup was made: {sentence_for(error) or error}") from None
    _show(f"{target}: ", summary)
    if summary.missing:
        raise click.ClickException(f"the audio of {len(summary.missing)} recordings is not in the audio store")


@click.command(cls=HotlineCommand)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Throw away what the database holds.")
def restore(source: Path, replace: bool) -> None:
    """Bring database and audio back from the backup SOURCE.

    Stop web, worker and clock of every host first.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from ivr.domain.timestamps import utc_now
    from ivr.operations import backup as the_backup
    from ivr.operations import standstill
    from ivr.privacy import erasure, nightly_job

    try:
        with standstill.none_runs():
            summary = the_backup.restore(source, replace=replace)
    except standstill.Running as error:
        raise click.ClickException(
            f"not restored: running: {error}. Stop the processes of every host first (Ctrl-C where `make run` runs, "
            "or: systemctl stop hotline.target), then restore again."
        ) from None
    except (the_backup.BackupError, OSError, SQLAlchemyError) as error:
        raise click.ClickException(f"not restored: {sentence_for(error) or first_line(error)}") from None
    _show("restored: ", summary)
    try:
        again = nightly_job.after_restore(utc_now())
    except erasure.Unreadable as error:
        raise click.ClickException(
            f"restored, but what was erased since the backup could not all be erased again: {error}"
        ) from None
    click.echo("Legal holds since the backup are to be placed again before three o'clock: python -m ivr retention plan")
    click.echo(f"deleted again what was erased since the backup: {again['tasks']} tasks, {again['calls']} calls")
    if summary.is_of_another_secret:
        click.echo(
            "The backup was made with another SECRET_KEY. Put that into SECRET_KEY_PREVIOUS, then run: python -m ivr "
            "retention replay. Without it nothing finds recovery codes, languages of callers and what was erased since "
            "the backup, and the access log counts as signed by somebody else.",
            err=True,
        )
    if summary.missing:
        listed = ", ".join(summary.missing[:20])
        raise click.ClickException(f"the audio of {len(summary.missing)} recordings cannot be opened: {listed}")
    click.echo(
        "What has come since is taken in by the clock, or now: python -m ivr reconcile --since " + summary.made_at
    )


def _show(begin: str, summary: Summary) -> None:
    held = summary.rows
    click.echo(
        f"{begin}{held.get('calls', 0)} calls, {held.get('callback_tasks', 0)} tasks, {summary.recordings} recordings"
    )
