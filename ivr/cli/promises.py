"""Commands about the printable list of open promises, for when everything is down."""

from __future__ import annotations

from pathlib import Path

import click

from ivr.cli.groups import HotlineGroup, WithoutSettings
from ivr.cli.parameters import OutputFile, require_another_file


@click.group(cls=HotlineGroup)
def promises() -> None:
    """A printable list of open promises for an outage."""


@promises.command("list")
def write() -> None:
    """Write the encrypted list of this instant into PROMISE_LIST_DIR."""
    from ivr.config.settings import settings
    from ivr.domain.timestamps import utc_now
    from ivr.reporting import promise_list_files

    if not settings().promise_list_dir:
        raise click.ClickException("set PROMISE_LIST_DIR and PROMISE_LIST_PASSWORD first (docs/operators.md)")
    click.echo(promise_list_files.write(utc_now()))


@promises.command("open", cls=WithoutSettings)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=OutputFile())
@click.option("--password", prompt="Passphrase", hide_input=True, help="The passphrase. Asked for if not given.")
def open_(source: Path, target: Path, password: str) -> None:
    """Take the encryption of the list SOURCE away and write it to TARGET.

    Needs neither settings, database nor network. Any PDF viewer opens SOURCE as well.
    """
    from ivr.platform import private_files
    from ivr.reporting import promise_list_files

    require_another_file(source, target)
    try:
        document = promise_list_files.opened(source, password)
    except promise_list_files.CannotOpen as error:
        raise click.ClickException(f"{source}: {error}") from None
    private_files.make_file(target)
    target.write_bytes(document)
    click.echo(f"{target} (readable by everybody who has the file: destroy it afterwards)")
