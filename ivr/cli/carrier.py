"""Commands about the carrier: what is set there for our number, and what we have missed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from ivr.cli.carrier_answers import plainly, require_twilio, show, show_checked
from ivr.cli.carrier_setup import setup
from ivr.cli.groups import HotlineCommand, HotlineGroup
from ivr.cli.parameters import PastInstant
from ivr.domain.enums import CarrierName

if TYPE_CHECKING:
    from ivr.carrier.finding import Finding


@click.group(cls=HotlineGroup)
def carrier() -> None:
    """The hotline's account and number at the carrier."""


carrier.add_command(setup)


@carrier.command("check")
def check() -> None:
    """Compare the account, number and sender at the carrier with what should be, and ask our addresses as it would.

    Fails where something is wrong. Nothing is changed, and no call is made. Of carriers other than Twilio less can be
    checked: what was, and what was not, is said.
    """
    from ivr.carrier import compatible_check
    from ivr.config.settings import settings

    carrier = settings().carrier
    is_compatible = settings().has_carrier and carrier in compatible_check.CHECKED
    if not is_compatible and not _has_exchanges():
        require_twilio()
    with plainly():
        found = _findings(carrier, is_compatible=is_compatible)
    for finding in found:
        show(finding)
    if is_compatible:
        show_checked(carrier)
    if wrong := sum(one.wrong for one in found):
        where = "at the carrier" if settings().has_carrier else "with the exchange"
        raise click.ClickException(f"{wrong} {'thing is' if wrong == 1 else 'things are'} wrong {where}")
    click.echo("what was checked is set as it should be" if is_compatible else "everything is set as it should be")


def _findings(carrier: CarrierName, *, is_compatible: bool) -> list[Finding]:
    """What is known of a carrier; of the exchange where there is none."""
    from ivr.carrier import account_check, compatible_check, exchange_check
    from ivr.operations import carrier_trial

    if is_compatible:
        return list(compatible_check.findings(carrier))
    checks = exchange_check if _has_exchanges() else account_check
    return [*checks.findings(), *carrier_trial.address()]


def _has_exchanges() -> bool:
    """Whether exchanges of our own stand in a carrier's place."""
    from ivr.config.settings import settings

    return bool(settings().exchanges) or settings().carrier == CarrierName.LOCAL


@carrier.command("configure")
@click.option("--yes", is_flag=True, help="Do not ask.")
def configure(yes: bool) -> None:
    """Set the numbers' URLs of calls, fallback, status and text messages, after showing what would change."""
    from ivr.carrier import number_setup

    if _asks_by_itself():
        return
    if not (differ := _differences()):
        click.echo("everything is set as it should be")
        return
    if not yes and not click.confirm("Set these?"):
        raise click.Abort
    for sid, webhooks in differ.items():
        with plainly():
            number_setup.set_webhooks(sid, webhooks)
    if _differences(quiet=True):
        raise click.ClickException("the carrier did not take all of it")
    click.echo("done, and checked")


def _asks_by_itself() -> bool:
    """Whether there is no carrier that has to be told of our addresses; says so."""
    from ivr.config.settings import settings

    if not settings().has_carrier:
        click.echo("there is no carrier (CARRIER=local): the exchange asks this hotline by itself")
    return not settings().has_carrier


def _differences(quiet: bool = False) -> dict[str, dict[str, str]]:
    """What the numbers need that are not set up, by their ids; shows what differs."""
    from ivr.carrier import number_setup

    differ = {}
    for number in number_setup.numbers_of_texts():
        with plainly():
            found = number_setup.number_of(number)
        changes = number_setup.differences(found)
        if changes and not quiet:
            click.echo(f"{number}:")
            for name, there, wanted in changes:
                click.secho(f"  - {name}: {there or '(nothing)'}", fg="red")
                click.secho(f"  + {name}: {wanted}", fg="green")
        if changes:
            differ[str(found.sid)] = number_setup.wanted_of(found)
    return differ


@carrier.command("spent")
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True, help="The last so many days.")
def spent(days: int) -> None:
    """What calls, texts and recordings have cost, by the carrier's own prices."""
    from datetime import timedelta

    from ivr.carrier import spending
    from ivr.config.settings import settings
    from ivr.domain.timestamps import utc_now

    if not settings().has_carrier:
        raise click.ClickException(
            "there is no carrier (CARRIER=local): see the bills of the provider behind your telephone system"
        )
    today = utc_now().date()
    with plainly():
        found = spending.between(today - timedelta(days=days - 1), today)
    for one in found:
        click.echo(f"{one.category:<16}{one.count:>8}  {one.price:>10.2f} {one.currency}".rstrip())


@click.command(cls=HotlineCommand)
@click.option("--since", type=PastInstant(), help="A date, an instant in ISO form, 36h or 3d. Default: the last run.")
def reconcile(since: datetime | None) -> None:
    """Take in what only the carrier or the audio store knows.

    Safe at any time: what the database has already stays as it is.
    """
    from ivr.platform import job_queue, outbox
    from ivr.workers import carrier_reconciliation

    outbox.hand_over = job_queue.hand_over
    with plainly():
        report = carrier_reconciliation.reconcile(since, audio=True)
    click.echo(str(report) if report else "nothing was missing")


@click.command("spool-retry", cls=HotlineCommand)
def spool_retry() -> None:
    """Try again what the spool could not write to the database.

    For this host, after the fault that stopped it was mended.
    """
    from ivr.platform import spool

    click.echo(f"{spool.retry_damaged()} entries wait to be replayed by the clock")
