"""E-mails that the hotline sends say that a machine wrote them, by whichever address they go."""

from __future__ import annotations

import pytest

from ivr.config.settings import settings
from ivr.domain.alert_subscriptions import automatic
from ivr.platform import mail
from tests.support.mailbox import Mailbox


def test_no_holiday_notice_answers_a_mail_of_the_house_or_of_an_address_of_apprise(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_URL", mailbox.url)
    settings.cache_clear()
    mail.send("lena@example.org", "Versäumt", "Ein Auftrag.")
    own = f"mailto://127.0.0.1:{mailbox.controller.port}/?smtp=127.0.0.1&from=haus@example.org&to=team@example.org"
    mail.send("", "Versäumt", "Ein Auftrag.", other=own)
    assert [one["To"] for one in mailbox.mails] == ["lena@example.org", "team@example.org"]
    assert [one["Auto-Submitted"] for one in mailbox.mails] == ["auto-generated"] * 2


def test_what_is_no_mail_or_says_it_already_stays_as_it_is() -> None:
    for address in ("", "ntfy://host/topic", "mailtos://a:b@host/?+auto-submitted=auto-replied"):
        assert automatic(address) == address
