"""Access tokens with which a browser registers at the carrier as the telephone of a member."""

from __future__ import annotations

from datetime import timedelta

from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from ivr.carrier import exchanges
from ivr.carrier.dialects import dialect
from ivr.config.settings import settings
from ivr.domain import client_passes
from ivr.domain.enums import Refusal
from ivr.domain.timestamps import utc_now

#: A browser asks for a new token a minute before the last one ends; who has logged out gets none.
LIFETIME = timedelta(minutes=10)


def why_not() -> Refusal | None:
    """Why no browser can be a telephone; None where it can. The exchange needs no key."""
    configured = settings()
    if not dialect().HAS_CLIENTS or exchanges.numbers():  # a browser is known to one exchange only
        return Refusal.NO_CLIENTS
    if not configured.has_exchange and not configured.twilio_api_key:
        return Refusal.NO_CLIENT_KEY
    return None


def of_identity(identity: str) -> str:
    """A token for one identity: it can be called, and calls nobody."""
    configured = settings()
    if configured.has_exchange:
        return client_passes.new(configured.auth_token, identity, utc_now() + LIFETIME)
    token = AccessToken(
        configured.account_sid,
        configured.twilio_api_key,
        configured.twilio_api_secret,
        identity=identity,
        ttl=int(LIFETIME.total_seconds()),
        region=configured.twilio_region or None,
    )
    token.add_grant(VoiceGrant(incoming_allow=True))
    return str(token.to_jwt())


def servers() -> tuple[str, ...]:
    """Where the carrier's library connects to from the browser, for the content security policy of its page."""
    configured = settings()
    if configured.has_exchange:  # browsers ask our own address
        return ()
    edge, region = configured.twilio_edge or "roaming", configured.twilio_region
    events = f"eventgw.{region}.twilio.com" if region else "eventgw.twilio.com"
    return f"wss://voice-js.{edge}.twilio.com", f"https://{events}"
