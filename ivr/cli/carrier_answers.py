"""How commands show what was found at the carrier, and say that it refuses or does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from ivr.carrier.finding import Finding
    from ivr.domain.enums import CarrierName


#: What an operator has to look at where no check is known.
UNCHECKED = (
    "whether the account is active and paid, and the log-in is accepted",
    "whether the hotline's numbers are the account's, and take calls",
    "which webhooks the numbers ask, and the fallback URL (`carrier configure` sets them)",
    "in which region calls are processed and recorded",
    "which countries the account may call and text (CALLBACK_COUNTRIES, TEXT_COUNTRIES)",
    "whether SMS_SENDER can send text messages",
    "who is told of text messages that come in (…/voice/text/incoming)",
    "whether the hotline's number may be shown to those who are called",
    "whether recordings are protected by a log-in, encrypted for somebody else, or left behind",
)


def show(finding: Finding) -> None:
    """Print a finding: what is wrong in red."""
    click.secho(("✗ " if finding.wrong else "· ") + str(finding), fg="red" if finding.wrong else None)


def show_checked(carrier: CarrierName) -> None:
    """Print what a check has looked at, at a carrier other than Twilio, and what it has not."""
    from ivr.carrier.compatible_check import CHECKED, UNCHECKED

    for title, named in ((f"checked at {carrier}", CHECKED), ("not checked; look at it yourself", UNCHECKED)):
        click.echo(f"{title}:")
        for what in named[carrier]:
            click.echo(f"· {what}")


def require_twilio() -> None:
    """Refuse to look at an account of which no check is known.

    Raises:
        click.ClickException: another carrier is configured.
    """
    from ivr.config.settings import settings
    from ivr.domain.enums import CarrierName

    carrier = settings().carrier
    if carrier != CarrierName.TWILIO:
        click.echo(f"At {carrier} nothing of this is checked; look at each yourself:")
        for what in UNCHECKED:
            click.echo(f"· {what}")
        raise click.ClickException(f"this command knows Twilio only, not {carrier}: see docs/compatible-carriers.md")


class plainly:  # noqa: N801 - reads as a statement
    """Turns a refusal of the carrier into one message."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        import requests

        from ivr.carrier.client import Refused
        from ivr.carrier.exchanges import ExchangeAway
        from ivr.carrier.number_setup import NotOurNumber
        from ivr.config.settings import settings

        if isinstance(error, NotOurNumber):
            raise click.ClickException(
                f"the carrier's account has no number {error}: see HOTLINE_NUMBER, STAFF_NUMBER, SMS_SENDER and "
                "TWILIO_ACCOUNT_SID"
            ) from None
        if isinstance(error, Refused):
            raise click.ClickException(f"the carrier refused ({error.status}): {error.msg}") from None
        if isinstance(error, ExchangeAway):
            raise click.ClickException(f"{error} cannot be reached; what the others have was looked at") from None
        if isinstance(error, requests.RequestException):
            asked = urlsplit(str(getattr(error.request, "url", "") or ""))  # not all is asked of one host
            where = f"{asked.scheme}://{asked.netloc}" if asked.netloc else settings().carrier_base_url
            raise click.ClickException(
                f"{where} cannot be reached ({type(error).__name__}): see TWILIO_API_BASE_URL, "
                "TWILIO_REGION, TWILIO_EDGE and the network; in "
                "local mode `make run` must be running"
            ) from None
