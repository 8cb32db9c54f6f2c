"""Settings of the carrier and of the local carrier in its place."""

from __future__ import annotations

from base64 import b64encode
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field

from ivr.config.exchanges import Exchanges
from ivr.domain.enums import CarrierName
from ivr.domain.setting_types import PhoneNumber

#: Seconds for which it is tried to connect to the carrier: who can be reached answers in a tenth of one, and a packet
#: that was lost is sent again after one and three. Somebody may be waiting on the telephone meanwhile.
_TO_CONNECT = 4.0
#: Where each carrier's REST interface is; SignalWire gives every account a host.
_BASE_URLS = {
    CarrierName.TWILIO: "https://api.twilio.com",
    CarrierName.SIGNALWIRE: "",
    CarrierName.TELNYX: "https://api.telnyx.com",
    CarrierName.LOCAL: "",
}

#: The carrier's own tokens have 32 characters; a shorter one, or one of fewer different characters, is refused.
_TOKEN_LENGTH, _TOKEN_VARIETY = 16, 8


class Carrier(Exchanges):
    """The account at the carrier, and where its REST interface is."""

    carrier: CarrierName = Field(
        CarrierName.TWILIO,
        description="`twilio`, or one that understands the same documents: `signalwire`, `telnyx`. See "
        "docs/compatible-carriers.md for what differs and what was not tried. `local`: none, the process `exchange` "
        "takes calls over SIP (docs/sip.md).",
    )
    carrier_webhook_key: str = Field(
        "",
        description="What webhooks are checked with where it is not the token: SignalWire's signing key, or Telnyx's "
        "public key (base64). Local mode makes one.",
    )
    twilio_account_sid: str = Field(
        "",
        description="The carrier account (SignalWire: project; Telnyx: account). Local mode makes one up.",
    )
    twilio_auth_token: str = Field(
        "",
        description="Token of the account (SignalWire: API token; Telnyx: API key). Twilio signs webhooks with it. "
        "Local mode makes one.",
    )
    twilio_secondary_auth_token: str = Field(
        "",
        description="The account's other token, while one is exchanged: webhooks signed with either are accepted, and "
        "the REST interface is asked with the one that works. See docs/operators.md.",
    )
    twilio_us1_auth_token: str = Field(
        "",
        description="Token of the account in region `us1`, which tells in which region a number is processed. Only "
        "`carrier check` and `carrier setup` use it, and only where `twilio_region` is another one.",
    )
    twilio_api_key: str = Field(
        "",
        pattern=r"^(SK[0-9a-fA-F]{32})?$",
        description="Id of an API key of the account (`SK…`, of its region), which signs the access tokens of browsers "
        "that are members' telephones. Empty: members cannot choose their browser. The exchange needs none.",
    )
    twilio_api_secret: str = Field("", description="The secret of that API key.")
    twilio_region: str = Field("", description="Region of the carrier, such as `ie1`; together with `twilio_edge`.")
    twilio_edge: str = Field("", description="Edge of the carrier, such as `dublin`; together with `twilio_region`.")
    twilio_api_base_url: str = Field(
        "",
        description="Base of the carrier's REST interface and media, such as `https://example.signalwire.com`. Empty: "
        "the carrier's usual one, or the local carrier in local mode.",
    )
    sms_sender: str = Field(
        "",
        pattern=r"^(\+[1-9]\d{4,14}|MG[0-9a-fA-F]{32}|[A-Za-z][A-Za-z0-9 +&_-]{0,10})?$",
        description="Sender of text messages: a number in E.164, a name of up to 11 characters, or the id of a "
        "messaging service (`MG…`). Empty: `hotline_number`. German landline numbers usually cannot "
        "send text messages.",
    )
    fallback_base_url: str = Field(
        "",
        description="Address of another host at which the carrier asks `/voice/fallback` when a document fails. Empty: "
        "the same host, which does not help while that host is away.",
    )
    twilio_timeout: float = Field(
        10.0,
        gt=0,
        le=60,
        description="Seconds to wait for an answer of the carrier's REST interface; for a connection at most 4.",
    )
    synthetic_call_minutes: int = Field(
        0,
        ge=0,
        le=1440,
        description="Minutes between two synthetic calls: the hotline calls its own number and presses its way from "
        "the menu to a receipt code. 0: none. Each costs what a call of a minute costs, twice. See docs/operators.md.",
    )
    synthetic_call_from: PhoneNumber | None = Field(
        None,
        description="The number that synthetic calls show: another one of the account, or one that the carrier has "
        "verified. Not one of the hotline's.",
    )
    reconcile_seconds: int = Field(
        120, ge=5, le=86400, description="Seconds between two comparisons with what the carrier has."
    )

    @cached_property
    def manner(self) -> CarrierName:
        """The carrier in whose manner documents, webhooks and the REST interface are."""
        return CarrierName.TWILIO if self.carrier == CarrierName.LOCAL else self.carrier

    @cached_property
    def has_exchange(self) -> bool:
        """Whether the local carrier stands in a carrier's place."""
        return self.local or self.carrier == CarrierName.LOCAL

    @cached_property
    def has_carrier(self) -> bool:
        """Whether there is a carrier, which sends text messages and tells prices. Local mode pretends that there is."""
        return self.local or self.carrier != CarrierName.LOCAL

    @cached_property
    def carrier_base_url(self) -> str:
        """Base of the carrier's REST interface; the local exchange in local mode, else the carrier's usual one."""
        default = self.exchange_url if self.has_exchange else _BASE_URLS[self.carrier]
        return (self.twilio_api_base_url or default).rstrip("/")

    @cached_property
    def carrier_timeouts(self) -> tuple[float, float]:
        """Seconds for which a request to the carrier waits for a connection, and then for each part of the answer."""
        return min(_TO_CONNECT, self.twilio_timeout), self.twilio_timeout

    @cached_property
    def webhook_key(self) -> str:
        """What webhooks are checked with, for carriers that do not sign with the token."""
        if self.carrier_webhook_key or not self.local:
            return self.carrier_webhook_key
        secret = self.local_signing_key
        if self.carrier == CarrierName.TELNYX:
            public = Ed25519PrivateKey.from_private_bytes(secret.encode()).public_key()
            return b64encode(public.public_bytes_raw()).decode()
        return secret

    @cached_property
    def local_signing_key(self) -> str:
        """What the local carrier signs with in place of a carrier that does not sign with the token; 32 characters."""
        return self._local_secret("webhook_key")[:32]

    @cached_property
    def account_sid(self) -> str:
        """Carrier account; made up once per machine in local mode."""
        return self.twilio_account_sid or "AC" + self._local_secret("account_sid")[:32]

    @cached_property
    def auth_token(self) -> str:
        """Secret that signs the carrier's webhooks."""
        return self.twilio_auth_token or self._local_secret("auth_token")[:32]

    @cached_property
    def auth_tokens(self) -> tuple[str, ...]:
        """The tokens of the account that may be valid, the first one first."""
        return tuple(dict.fromkeys(filter(None, (self.auth_token, self.twilio_secondary_auth_token))))

    @cached_property
    def fallback_url(self) -> str:
        """The address of the host that answers when a document fails, without a trailing slash."""
        return (self.fallback_base_url or self.base_url).rstrip("/")

    def check_carrier(self) -> None:
        """See that region and edge are set together.

        Raises:
            ValueError: they are not.
        """
        several_spoken = self.has_exchange and self.manner == CarrierName.TWILIO
        self.check_exchanges(has_one=several_spoken, has_base_url=bool(self.twilio_api_base_url))
        if self.carrier != CarrierName.TWILIO and self.twilio_region:
            raise ValueError("twilio_region: only Twilio has regions")
        if bool(self.twilio_api_key) != bool(self.twilio_api_secret):
            raise ValueError("twilio_api_key and twilio_api_secret must be set together")
        if self.synthetic_call_minutes and not self.synthetic_call_from:
            raise ValueError("synthetic_call_from: name the number that synthetic calls show")
        if bool(self.twilio_region) != bool(self.twilio_edge):
            raise ValueError("twilio_region and twilio_edge must be set together")
        if self.has_exchange and self.port == self.exchange_port:
            raise ValueError(f"exchange_port: {self.port} is the port of the web process already; choose another")
        if self.calls_port in (self.port, self.exchange_port if self.has_exchange else self.port):
            raise ValueError(f"voice_port: {self.calls_port} is the port of another process already; choose another")

    def check_token(self) -> None:
        """See that the tokens could be the carrier's, and that the fallback is asked by HTTPS.

        Raises:
            ValueError: naming the setting.
        """
        for name in ("twilio_auth_token", "twilio_secondary_auth_token"):
            token = getattr(self, name).strip()
            if name == "twilio_secondary_auth_token" and not token:
                continue
            if len(token) < _TOKEN_LENGTH or len(set(token)) < _TOKEN_VARIETY:
                raise ValueError(f"{name}: this is no token of the carrier, whose webhooks it signs")
        if self.manner != CarrierName.TWILIO and not self.carrier_webhook_key:
            raise ValueError(f"carrier_webhook_key: {self.carrier} signs webhooks with a key that is not the token")
        if not self.carrier_base_url:
            raise ValueError(f"twilio_api_base_url: {self.carrier} has a host for each account; name yours")
        if self.fallback_base_url and not self.fallback_base_url.startswith("https://"):
            raise ValueError("fallback_base_url must begin with https:// in production mode")
