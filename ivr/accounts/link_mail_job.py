"""Job: sends the link with which somebody chooses a password. The scheduler runs it, as it does alerts."""

from __future__ import annotations

from babel.dates import format_datetime

from ivr.accounts import password_links
from ivr.config.settings import settings
from ivr.domain.enums import LinkPurpose
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import AccountLink
from ivr.platform import database, mail
from ivr.platform.translations import catalogue

#: In which languages the message is written, one below the other: nobody is logged in who has chosen one.
_LANGUAGES = ("de", "en")


def send(link_id: int) -> None:
    """Send a link. A repetition sends another token, and the one before is worth nothing.

    Raises:
        mail.NotDelivered: the mail server did not accept it; the job is repeated.
    """
    with database.writing() as session:
        link = session.get(AccountLink, link_id)
        if link is None or link.user is None or not link.user.email or link.expires_at <= utc_now():
            return
        token, to, name = password_links.give_token(link), link.user.email, link.user.name
    address = f"{settings().base_url}/login/link/{token}"
    mail.send(to, _subject(_LANGUAGES[0]), "\n\n".join(_text(link, name, address, one) for one in _LANGUAGES))


def _subject(language: str) -> str:
    _ = catalogue(language).gettext
    return str(_("Password for the hotline’s callback desk"))


def _text(link: AccountLink, name: str, address: str, language: str) -> str:
    _ = catalogue(language).gettext
    until = format_datetime(link.expires_at, "short", settings().hours.zone, locale=language)
    if link.purpose == LinkPurpose.INVITATION:
        said = _(
            "Hello %(name)s,\n\nyou have got a log-in for the hotline’s callback desk. Please choose a password here:\n"
            "%(address)s\n\nThe link can be used once, until %(until)s."
        )
    else:
        said = _(
            "Hello %(name)s,\n\nyou can choose a new password here:\n%(address)s\n\nThe link can be used once, until "
            "%(until)s. If you did not ask for it, you need not do anything: your password stays as it is."
        )
    return str(said % {"name": name, "address": address, "until": until})
