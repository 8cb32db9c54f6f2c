"""Commands that run the processes of the product, one or all, and prepare their database."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ivr.cli.groups import HotlineCommand


def _mend_modes() -> None:
    """See that what is kept on this machine is readable for this user only, also where it was not before."""
    from ivr.config.settings import settings
    from ivr.platform import private_files

    private_files.mend(settings().var_dir, *settings().private_paths)


def _prepare() -> None:
    """What each process of the product sees to before it begins."""
    from ivr.accounts import demo_logins

    _mend_modes()
    demo_logins.check()


@click.command(cls=HotlineCommand)
def run() -> None:
    """Run everything on this machine until Ctrl-C."""
    from ivr.config.settings import settings
    from ivr.launcher.run import run as run_everything

    _mend_modes()
    settings()
    raise SystemExit(run_everything())


@click.command(cls=HotlineCommand)
def migrate() -> None:
    """Bring the database to the newest schema."""
    from ivr.operations.migrate import migrate as bring_up_to_date

    _mend_modes()
    bring_up_to_date()


@click.command("widen-ids", cls=HotlineCommand)
def widen_ids() -> None:
    """Widen the ids of a PostgreSQL database."""
    from ivr.operations import wide_ids
    from ivr.operations.table_copy import CannotCopy
    from ivr.platform.schema import StillMigrating

    try:
        wide_ids.widen(click.echo)
    except (CannotCopy, StillMigrating) as error:
        raise click.ClickException(str(error)) from None
    click.echo("All ids have 64 bits.")


@click.command(cls=HotlineCommand)
def worker() -> None:
    """Fetch recordings and transcribe them (Procfile: worker)."""
    from ivr.config.settings import settings
    from ivr.workers.worker_pool import Pool

    configured = settings()
    if configured.transcription_pools and not configured.transcription_pool:
        names = ", ".join(configured.transcription_pools)
        raise click.ClickException(f"transcription_pool must name the pool of this host: TRANSCRIPTION_POOL={names}")
    _prepare()
    Pool().run()


@click.command(cls=HotlineCommand)
def clock() -> None:
    """Watch deadlines, queue what was left (Procfile: clock)."""
    from ivr.config.settings import settings
    from ivr.domain.enums import DatabaseUser
    from ivr.platform import database
    from ivr.workers import scheduler

    settings()
    database.serve(DatabaseUser.SCHEDULER)
    _prepare()
    scheduler.run()


@click.command(cls=HotlineCommand)
def exchange() -> None:
    """Run the local carrier (Procfile: exchange).

    In local mode, or with `carrier = "local"`: it stands where the carrier would.
    """
    from ivr.config.settings import settings
    from ivr.launcher.run import check_port
    from ivr.platform import running

    configured = settings()
    if not configured.has_exchange:
        raise click.ClickException(
            "the local carrier runs in local mode only (MODE=local), or where there is no other (CARRIER=local)"
        )
    if not configured.sip_host:
        raise click.ClickException("sip_address: name the address of this host at which calls come over SIP")
    if configured.exchanges and configured.exchange_number not in configured.exchanges:
        raise click.ClickException(
            f"exchange_number: `exchanges` names no exchange {configured.exchange_number}, so nobody would ask this one"
        )
    check_port(configured.exchange_port, "EXCHANGE_PORT", "python -m ivr exchange", configured.exchange_address)
    _mend_modes()
    running.begin("exchange")
    from ivr.local_carrier.server import Exchange

    with _alone(configured.var_dir / configured.exchange_directory, configured.exchange_number):
        Exchange(configured).run()


@contextmanager
def _alone(directory: Path, number: int) -> Iterator[None]:
    """See that no other exchange writes into a directory: each needs a number of its own."""
    from ivr.platform import private_files

    private_files.make_directory(directory)
    private_files.make_file(directory / "running.lock")
    with (directory / "running.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(
                f"exchange {number} runs on this host already: give another one its own EXCHANGE_NUMBER and ports"
            ) from None
        yield
