"""Sends an e-mail, or a notification of another kind that Apprise knows."""

from __future__ import annotations

from collections.abc import Sequence

import apprise

from ivr.config.settings import settings
from ivr.domain.alert_subscriptions import automatic, mail_address

#: Seconds a server may take to connect, and to answer.
TIMEOUT = 10.0


class NotDelivered(Exception):
    """The server did not accept the message."""


def send(to: str, subject: str, text: str, attachments: Sequence[str] = (), *, other: str = "") -> None:
    """Send an e-mail with files (paths), or, to `other`, a notification of any kind Apprise knows.

    Raises:
        NotDelivered: the server did not take it.
    """
    configured = settings()
    address = automatic(other) or mail_address(configured.smtp_url, configured.mail_from, to)
    # A server that accepts the connection and says nothing must not hold the thread for ever.
    joint = "&" if "?" in address else "?"
    notifier = apprise.Apprise()
    if not notifier.add(f"{address}{joint}cto={TIMEOUT:g}&rto={TIMEOUT:g}"):
        raise NotDelivered("the address is not understood")
    if not notifier.notify(body=text, title=subject, attach=list(attachments) or None):
        raise NotDelivered("the server did not take it")
