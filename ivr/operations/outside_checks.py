"""Looks at the hotline from outside: its public address, the certificate there, proxies; the carrier, mail, log-in."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import requests

from ivr.carrier import account_check, exchange_check
from ivr.config.settings import settings
from ivr.domain.enums import CarrierName
from ivr.domain.parts import Part
from ivr.domain.timestamps import utc_now

_SECONDS = 5.0
#: A certificate that ends sooner has not been renewed in time.
_RENEWED_BEFORE = timedelta(days=14)
_MAIL_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


def certificate() -> Iterator[Part]:
    """Whether the certificate of the public address is good, and for how long."""
    url = urlsplit(settings().base_url)
    if url.scheme != "https" or not url.hostname:
        return
    remedy = "Renew it at the proxy, and see that the renewal reloads the proxy."
    try:
        with socket.create_connection((url.hostname, url.port or 443), _SECONDS) as plain:
            context = ssl.create_default_context()
            with context.wrap_socket(plain, server_hostname=url.hostname) as secured:
                until = str((secured.getpeercert() or {}).get("notAfter", ""))
    except ssl.SSLCertVerificationError as error:
        yield Part("certificate", f"is not accepted: {error.verify_message}", remedy)
        return
    except OSError as error:
        yield _unreachable(error)
        return
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC)
    if ends - utc_now() < _RENEWED_BEFORE:
        yield Part("certificate", f"ends on {ends:%Y-%m-%d}", remedy)


def _unreachable(error: Exception) -> Part:
    remedy = "See PUBLIC_BASE_URL, the name's address and the proxy. Carriers that cannot reach it lose calls."
    return Part("public address", f"{settings().base_url} cannot be reached ({type(error).__name__})", remedy)


def proxies() -> Iterator[Part]:
    """Whether as many proxies are before the processes as the settings say."""
    configured = settings()
    if not configured.public_base_url:
        return
    try:
        answer = requests.get(f"{configured.base_url}/healthz", timeout=_SECONDS, allow_redirects=False)
        forwarded = answer.json()["forwarded"]
    except requests.JSONDecodeError:
        forwarded = None
    except requests.exceptions.SSLError:  # the certificate is a line of its own
        return
    except requests.RequestException as error:
        yield _unreachable(error)
        return
    except (KeyError, TypeError):
        forwarded = None
    if not isinstance(forwarded, int):
        yield Part("public address", f"{configured.base_url} is answered by something else ({answer.status_code})",
                   "See where the proxy sends /healthz.")  # fmt: skip
    elif forwarded != (configured.trusted_proxies or 0):
        remedy = f"Set TRUSTED_PROXIES={forwarded}, or see what stands between. Addresses of clients are wrong now."
        state = f"{forwarded} are before the processes, and TRUSTED_PROXIES is {configured.trusted_proxies or 0}"
        yield Part("proxies", state, remedy)


def carrier() -> Iterator[Part]:
    """What is wrong at the carrier, as `python -m ivr carrier check` says it."""
    if settings().has_exchange:  # it is here, and a part of its own
        return
    if settings().carrier != CarrierName.TWILIO:
        remedy = "Run `python -m ivr carrier check`, and see docs/compatible-carriers.md for what to look at yourself."
        yield Part("carrier", f"nothing is checked at {settings().carrier}", remedy, is_a_note=True)
        return
    try:
        for finding in account_check.findings():
            yield Part("carrier", finding.what.rstrip("."), finding.remedy, is_a_note=not finding.wrong)
    except requests.RequestException as error:
        yield Part("carrier", f"cannot be asked ({type(error).__name__})", "See the way out of this host's network.")


def exchanges() -> Iterator[Part]:
    """Whether exchanges of our own answer; in local mode only where there are several."""
    if not settings().has_exchange or (settings().local and not settings().exchanges):
        return
    for finding in exchange_check.findings():
        yield Part("exchanges", finding.what.rstrip("."), finding.remedy, is_a_note=not finding.wrong)


def mail() -> Iterator[Part]:
    """Whether the mail server takes connections."""
    if not settings().smtp_url:
        return
    url = urlsplit(settings().smtp_url)
    try:
        socket.create_connection((url.hostname or "", url.port or _MAIL_PORTS.get(url.scheme, 25)), _SECONDS).close()
    except OSError as error:
        yield Part("mail", f"{url.hostname} does not answer ({error.strerror or error})", "See SMTP_URL.")


def single_sign_on() -> Iterator[Part]:
    """Whether the provider of single sign-on describes itself."""
    issuer = settings().sso_issuer
    if not issuer:
        return
    try:
        answer = requests.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration", timeout=_SECONDS)
        described = answer.ok and "authorization_endpoint" in answer.json()
    except (requests.RequestException, ValueError):
        described = False
    if not described:
        yield Part("single sign-on", f"{issuer} does not describe itself", "See SSO_ISSUER. Nobody logs in by it now.")


#: What is looked at, with the name of its part.
CHECKS: tuple[tuple[str, Callable[[], Iterator[Part]]], ...] = (
    ("certificate", certificate), ("proxies", proxies), ("carrier", carrier), ("exchanges", exchanges),
    ("mail", mail),
    ("single sign-on", single_sign_on),
)  # fmt: skip
