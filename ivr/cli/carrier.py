"""Commands about the carrier: what is set there for our number, and what we have missed."""

from __future__ import annotations

from datetime import datetime

import click

from ivr.cli.groups import HotlineCommand, HotlineGroup
from ivr.cli.parameters import PastInstant


@click.group(cls=HotlineGroup)
def carrier() -> None:
    """The hotline's number at the carrier."""


@carrier.command("check")
def check() -> None:
    """Compare what is set at the carrier with what should be; fails where they differ."""
    differs = _differences()
    if differs:
        raise click.ClickException("the number is not set up as it should be: python -m ivr carrier configure")
    click.echo("everything is set as it should be")


@carrier.command("configure")
@click.option("--yes", is_flag=True, help="Do not ask.")
def configure(yes: bool) -> None:
    """Set the number's voice, fallback and status URLs, after showing what would change."""
    from ivr.carrier import number_setup

    differs = _differences()
    if not differs:
        click.echo("everything is set as it should be")
        return
    if not yes and not click.confirm("Set these?"):
        raise click.Abort
    for sid in differs:
        with _plainly():
            number_setup.set_webhooks(sid, number_setup.wanted_webhooks())
    if _differences(quiet=True):
        raise click.ClickException("the carrier did not take all of it")
    click.echo("done, and checked")


def _differences(quiet: bool = False) -> list[str]:
    """Ids of the numbers that are not set up; shows what differs."""
    from ivr.carrier import number_setup
    from ivr.config.settings import settings

    configured, differs = settings(), []
    numbers = [configured.hotline_number, configured.staff_number, *configured.dialled_languages]
    for number in dict.fromkeys(filter(None, numbers)):
        with _plainly():
            sid, there = number_setup.webhooks_of(number)
        changes = {
            name: value
            for name, value in number_setup.wanted_webhooks().items()
            if there[name].lower() != value.lower()
        }
        if changes and not quiet:
            click.echo(f"{number}:")
        for name, value in changes.items():
            if not quiet:
                click.secho(f"  - {name}: {there[name] or '(nothing)'}", fg="red")
                click.secho(f"  + {name}: {value}", fg="green")
        if changes:
            differs.append(sid)
    return differs


class _plainly:  # noqa: N801 - reads as a statement
    """Turns a refusal of the carrier into one message."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        import requests

        from ivr.carrier.client import Refused
        from ivr.carrier.number_setup import NotOurNumber
        from ivr.config.settings import settings

        if isinstance(error, NotOurNumber):
            raise click.ClickException(
                f"the carrier's account has no number {error}: see HOTLINE_NUMBER, STAFF_NUMBER and TWILIO_ACCOUNT_SID"
            ) from None
        if isinstance(error, Refused):
            raise click.ClickException(f"the carrier refused ({error.status}): {error.msg}") from None
        if isinstance(error, requests.RequestException):
            where = settings().carrier_base_url
            raise click.ClickException(
                f"{where} cannot be reached ({type(error).__name__}): see TWILIO_API_BASE_URL and the network; in "
                "local mode `make run` must be running"
            ) from None


@click.command(cls=HotlineCommand)
@click.option("--since", type=PastInstant(), help="A date, an instant in ISO form, 36h or 3d. Default: the last run.")
def reconcile(since: datetime | None) -> None:
    """Take in what only the carrier or the audio store knows.

    Safe at any time: what the database has already stays as it is.
    """
    from ivr.platform import job_queue, outbox
    from ivr.workers import carrier_reconciliation

    outbox.hand_over = job_queue.hand_over
    with _plainly():
        report = carrier_reconciliation.reconcile(since, audio=True)
    click.echo(str(report) if report else "nothing was missing")


@click.command("spool-retry", cls=HotlineCommand)
def spool_retry() -> None:
    """Try again what the spool could not write to the database.

    For this host, after the fault that stopped it was mended.
    """
    from ivr.platform import spool

    click.echo(f"{spool.retry_damaged()} entries wait to be replayed by the clock")
