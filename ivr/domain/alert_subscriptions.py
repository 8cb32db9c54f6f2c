"""Alert recipients, their events and addresses: the `[[alerts]]` of the settings."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote, urlsplit

from pydantic import Field, field_validator

from ivr.domain import phone_numbers
from ivr.domain.enums import AlertEvent
from ivr.domain.setting_types import Strict

_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")


class AlertSettings(Strict):
    """An alert recipient."""

    name: str = Field(pattern=r"^[\w-]{1,60}$", description="Unique name, under which sent alerts are recorded.")
    to: str = Field(
        description="An e-mail address; `sms:+49…`; an `https://…` address that accepts signed webhooks; or an "
        "address of Apprise, such as `matrix://…`."
    )
    teams: tuple[str, ...] = Field((), description="Keys of the teams whose tasks are reported; empty: all.")
    events: tuple[AlertEvent, ...] = Field(
        (
            *(AlertEvent.DANGER, AlertEvent.EMERGENCY, AlertEvent.AT_RISK, AlertEvent.MISSED, AlertEvent.NOT_REACHED),
            *(AlertEvent.CARRIER_FAULT, AlertEvent.GUESSING, AlertEvent.TEXT_CAP, AlertEvent.CLOCK),
            *(AlertEvent.CALL_CAP, AlertEvent.CAP_NEAR, AlertEvent.SYNTHETIC_CALL, AlertEvent.CALL_WITHOUT_ID),
        ),
        min_length=1,
        description="Events that are sent. Who is told of emergencies is told of danger to life too.",
    )
    language: Literal["de", "en"] = Field("de", description="Language of the messages.")

    def tells(self, event: AlertEvent) -> bool:
        """Whether this recipient is told of an event."""
        danger = event == AlertEvent.DANGER and AlertEvent.EMERGENCY in self.events
        return danger or event in self.events

    @field_validator("to")
    @classmethod
    def _reachable(cls, value: str) -> str:
        kind, address = channel(value)
        if kind == "sms" and phone_numbers.dialable(address) is None:
            raise ValueError(f"{address} is no number that may be dialled")
        if kind == "webhook" and not urlsplit(value).hostname:
            raise ValueError(f"{value!r} names no host")
        if kind == "other":
            import apprise

            if apprise.Apprise.instantiate(value, suppress_exceptions=True) is None:
                raise ValueError(f"{urlsplit(value).scheme!r} is no address that can be notified")
        return value


def channel(to: str) -> tuple[Literal["email", "sms", "webhook", "other"], str]:
    """The channel and the address of a recipient.

    Raises:
        ValueError: it is no address.
    """
    if to.startswith("sms:"):
        return "sms", to.removeprefix("sms:")
    if to.startswith(("https://", "http://")):
        return "webhook", to
    if "://" in to:
        return "other", to
    if _ADDRESS.fullmatch(to):
        return "email", to
    raise ValueError(f"{to!r} is neither an e-mail address nor sms:+49… nor an https:// address")


def check(
    alerts: Sequence[AlertSettings], teams: Sequence[str], smtp_url: str, webhook_secret: str, *, texts: bool = True
) -> None:
    """What the subscriptions need is there. `texts`: there is a carrier that takes text messages.

    Raises:
        ValueError: naming what is missing.
    """
    names = [alert.name for alert in alerts]
    if len(set(names)) != len(names):
        raise ValueError("alerts: a name is used twice")
    for number, alert in enumerate(alerts):
        if unknown := set(alert.teams) - set(teams):
            raise ValueError(f"alerts.{number}: there is no team {sorted(unknown)[0]!r}")
        kind, _ = channel(alert.to)
        if kind == "email" and not smtp_url:
            raise ValueError(f"alerts.{number}: e-mail needs smtp_url")
        if kind == "sms" and not texts:
            raise ValueError(f"alerts.{number}: there is no carrier that sends text messages; name another address")
        if kind == "webhook" and not webhook_secret:
            raise ValueError(f"alerts.{number}: webhooks are signed; webhook_secret is needed")


def check_secret(value: str) -> None:
    """A secret webhooks can be signed with, or none.

    Raises:
        ValueError: it is neither.
    """
    try:
        secret = b64decode(value.removeprefix("whsec_"), validate=True)
    except ValueError:
        secret = b""
    if value and (len(secret) < 24 or len(set(secret)) < 12):
        raise ValueError("is not whsec_ and the base64 of at least 24 random bytes")


def mail_address(smtp_url: str, sender: str, to: str) -> str:
    """Apprise's address for an e-mail through an SMTP server (`smtp://`, `smtps://`, `user:password@host:port`)."""
    server = urlsplit(smtp_url)
    mode = {"smtps": "ssl", "smtp+starttls": "starttls"}.get(server.scheme, "starttls" if server.username else "")
    user = f"{server.netloc.rpartition('@')[0]}@" if server.username else ""
    port = f":{server.port}" if server.port else ""
    scheme = "mailtos" if mode else "mailto"
    options = f"smtp={server.hostname}&from={quote(sender, safe='')}&to={quote(to, safe='')}&format=text"
    return automatic(f"{scheme}://{user}{server.hostname}{port}/?{options}" + (f"&mode={mode}" if mode else ""))


def automatic(address: str) -> str:
    """Apprise's address; where it is one for e-mail, each mail says that a machine wrote it.

    No holiday notice answers such a mail (RFC 3834).
    """
    if not address.lower().startswith(("mailto://", "mailtos://")) or "auto-submitted" in address.lower():
        return address
    return address + ("&" if "?" in address else "?") + "+Auto-Submitted=auto-generated"
