"""Commands about the carrier: what is set there for our number, and what we have missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
import requests
from sqlalchemy.exc import SQLAlchemyError

from ivr.config.settings import settings
from ivr.domain.digits import is_digits
from ivr.domain.timestamps import utc_now


@click.group()
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
    from ivr.carrier import client as the_carrier

    differs = _differences()
    if not differs:
        click.echo("everything is set as it should be")
        return
    if not yes and not click.confirm("Set these?"):
        raise click.Abort
    for sid in differs:
        with _plainly():
            the_carrier.set_webhooks(sid, the_carrier.wanted_webhooks())
    if _differences(quiet=True):
        raise click.ClickException("the carrier did not take all of it")
    click.echo("done, and checked")


def _differences(quiet: bool = False) -> list[str]:
    """Ids of the numbers that are not set up; shows what differs."""
    from ivr.carrier import client as the_carrier

    configured, differs = settings(), []
    numbers = [configured.hotline_number, configured.staff_number, *configured.dialled_languages]
    for number in dict.fromkeys(filter(None, numbers)):
        with _plainly():
            sid, there = the_carrier.webhooks_of(number)
        changes = {
            name: value for name, value in the_carrier.wanted_webhooks().items() if there[name].lower() != value.lower()
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
    """Problems with the carrier are one sentence."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        from ivr.carrier.client import NotOurNumber, Refused

        if isinstance(error, NotOurNumber):
            raise click.ClickException(f"the carrier's account has no number {error}") from None
        if isinstance(error, Refused):
            raise click.ClickException(f"the carrier refused ({error.status}): {error.msg}") from None
        if isinstance(error, requests.RequestException):
            where = settings().carrier_base_url
            raise click.ClickException(f"{where} cannot be reached ({type(error).__name__})") from None


def _instant(_context: object, _parameter: object, text: str | None) -> datetime | None:
    if text is None:
        return None
    if text[-1:] in "hd" and is_digits(text[:-1]):
        return utc_now() - timedelta(**{{"h": "hours", "d": "days"}[text[-1]]: int(text[:-1])})
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("expected a date, an instant in ISO form, or 36h or 3d") from None
    return (given if given.tzinfo else given.replace(tzinfo=settings().hours.zone)).astimezone(UTC)


@click.command()
@click.option("--since", callback=_instant, help="A date, an instant in ISO form, or 36h or 3d. Default: the last run.")
def reconcile(since: datetime | None) -> None:
    """Take in what the carrier has (or the audio store) and the database does not know; safe at any time."""
    from ivr.platform import job_queue, outbox
    from ivr.workers import carrier_reconciliation

    outbox.hand_over = job_queue.hand_over
    try:
        with _plainly():
            report = carrier_reconciliation.reconcile(since, audio=True)
    except (SQLAlchemyError, OSError) as error:
        raise click.ClickException(f"not all of it could be done: {type(error).__name__}: {error}") from None
    click.echo(str(report) if report else "nothing was missing")


@click.command("spool-retry")
def spool_retry() -> None:
    """Try once more what this host's spool could not write down (after a fault of ours was mended)."""
    from ivr.platform import spool

    click.echo(f"{spool.retry_damaged()} entries wait to be replayed by the clock")
