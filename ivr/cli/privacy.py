"""Commands for data protection: the access log, the retention periods, and the data-protection documents."""

from __future__ import annotations

from pathlib import Path

import click

from ivr.cli.groups import HotlineCommand, HotlineGroup
from ivr.cli.parameters import OutputDirectory, OutputFile
from ivr.domain.enums import AccessAction
from ivr.domain.timestamps import iso, utc_now


@click.group(cls=HotlineGroup)
def audit() -> None:
    """The access log (Zugriffsprotokoll); damaged audio."""


@audit.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path), required=False)
@click.option("--alone", is_flag=True, help="FILE by itself: without the secret and the database of this installation.")
def verify(file: Path | None, alone: bool) -> None:
    """Say whether the log is whole: in the database, or in an exported FILE."""
    from ivr.audit import anchors, verification

    if file is None and alone:
        raise click.UsageError("--alone is for an exported file: name it")
    if file is None:
        count, faults = verification.faults_of_database()
    else:
        count, faults = verification.faults_of_file(file, alone=alone)
        if not faults and not alone:
            newer = verification.missing_since(file)
            if newer < 0:
                faults.append("the log of this installation is another one")
            else:
                click.echo(f"the log of this installation has got {newer} lines since")
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        raise click.ClickException(f"the log is not whole ({len(faults)} faults in {count} lines)")
    if file is not None and alone:
        click.echo(f"signed with the key {verification.key_of_file(file)}: compare it with the one you were given")
    elif file is not None:
        click.echo(f"{verification.signature_of_file(file).value}: {verification.key_of_file(file)}")
    else:
        for (signature, key), anchored in anchors.signers().items():
            click.echo(f"{anchored} anchors were {signature.value}: {key}")
    click.echo(f"{count} lines, whole")


@audit.command()
def audio() -> None:
    """Open every stored recording and compare it with its checksum: a single changed bit is found."""
    from ivr.operations.backup import unreadable_audio

    damaged = unreadable_audio()
    for sid in damaged:
        click.echo(sid, err=True)
    if damaged:
        raise click.ClickException(f"{len(damaged)} recordings are missing or damaged; restore them from a backup")
    click.echo("every stored recording is whole")


@audit.command("export")
@click.argument("file", type=OutputFile(dash=True))
def export_log(file: Path) -> None:
    """Write the whole log to FILE, a line of JSON each; `-` for standard output."""
    from ivr.audit import access_log, verification
    from ivr.platform import database

    with database.writing() as session:
        by = access_log.OPERATOR
        access_log.append(session, by, AccessAction.EXPORT_LOG, utc_now())
    with click.open_file(file, "w", encoding="utf-8", atomic=True) as opened:
        for line in verification.export(utc_now()):
            opened.write(line)


@audit.command()
def head() -> None:
    """Print the newest line's number and hash, and the key that signs exports, to be kept by somebody else."""
    from ivr.audit import access_log, anchors
    from ivr.platform import database

    with database.reading() as session:
        number, newest = access_log.newest(session)
    click.echo(f"{iso(utc_now())} {number} {newest} key {anchors.public_key()}")


@click.group(cls=HotlineGroup)
def retention() -> None:
    """The periods for which data is kept (Löschkonzept)."""


@retention.command()
def plan() -> None:
    """Show what would be deleted now, and touch nothing."""
    from ivr.platform import database
    from ivr.privacy import deletion

    with database.reading() as session:
        dues = deletion.plan(session, utc_now())
    click.echo(f"{'kind':<22}{'days':>6}  {'older than':<20}{'would go':>9}{'held':>6}")
    for due in dues:
        click.echo(f"{due.kind:<22}{due.days:>6}  {due.cutoff_at:%Y-%m-%d %H:%M:%S} {due.count:>9}{due.held:>6}")


@retention.command("run")
def run_now() -> None:
    """Delete now what has been kept for long enough, without waiting for the night."""
    from ivr.platform import clock_watch
    from ivr.privacy import nightly_job

    if not (found := clock_watch.look(utc_now())).is_right:
        raise click.ClickException(clock_watch.sentence(found))
    records = nightly_job.run(utc_now())
    for record in records:
        seen = "seen to be gone" if record.verified else f"NOT complete: {record.remains}"
        click.echo(f"{record.kind:<22}{record.deleted:>8} deleted, {record.held} held, {seen}")
    if not all(record.verified for record in records):
        raise click.ClickException("not everything is gone; it is tried again every night")


@retention.command("confirm-clock")
def confirm_clock() -> None:
    """Say that the clock of this machine is right, after it has leapt or everything has stood still for days."""
    from ivr.audit import access_log
    from ivr.callbacks import early_records
    from ivr.platform import database

    now = utc_now()
    with database.writing() as session:
        names = early_records.confirm_clock(session, now)
        actor = access_log.OPERATOR
        access_log.append(session, actor, AccessAction.PERIOD_DECIDED, now, detail="the clock is right")
    click.echo(f"It is {iso(now)}. Deletion goes on; set back from the future: {', '.join(names) or 'nothing'}")


@retention.command()
def replay() -> None:
    """Erase again what was erased at people's wish, after the database was restored by other tools than ours."""
    from ivr.privacy import erasure, nightly_job

    try:
        again = nightly_job.after_restore(utc_now())
    except erasure.Unreadable as error:
        raise click.ClickException(f"not all could be erased again: {error}") from None
    except OSError as error:
        raise click.ClickException(f"the audio store does not answer: {error}") from None
    click.echo(", ".join(f"{count} {what}" for what, count in again.items()) + " erased again")


@click.command(cls=HotlineCommand)
@click.argument("directory", type=OutputDirectory(), default=Path("docs/compliance"))
def papers(directory: Path) -> None:
    """Write the data protection documents into DIRECTORY.

    From the code's own tables, in German (DIRECTORY/de) and in English: the record of Art. 30 GDPR, measures,
    Löschkonzept and others.
    """
    from ivr.config.settings import settings
    from ivr.privacy.compliance import OperatorFacts, write

    facts = OperatorFacts.of(settings())
    for path in write(directory, facts):
        click.echo(str(path))
    if facts.missing:
        click.echo(f"The papers are incomplete, until these settings are stated: {', '.join(facts.missing)}", err=True)
