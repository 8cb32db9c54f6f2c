"""Settings of the carrier and of the local carrier in its place."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field

from ivr.config.installation import Installation

#: The carrier's own tokens have 32 characters; a shorter one, or one of fewer different characters, is refused.
_TOKEN_LENGTH, _TOKEN_VARIETY = 16, 8


class Carrier(Installation):
    """The account at the carrier, and where its REST interface is."""

    twilio_account_sid: str = Field("", description="The carrier account. Local mode makes one up.")
    twilio_auth_token: str = Field("", description="Token that signs the carrier's webhooks. Local mode makes one.")
    twilio_region: str = Field("", description="Region of the carrier, such as `ie1`; together with `twilio_edge`.")
    twilio_edge: str = Field("", description="Edge of the carrier, such as `dublin`; together with `twilio_region`.")
    twilio_api_base_url: str = Field(
        "",
        description="Base of the carrier's REST interface and media. Empty: Twilio, or the local carrier in local "
        "mode.",
    )
    twilio_timeout: float = Field(10.0, gt=0, le=60, description="Seconds to wait for the carrier's REST interface.")
    exchange_port: int = Field(8001, ge=1, le=65535, description="Port of the local carrier (process `exchange`).")
    reconcile_seconds: int = Field(
        120, ge=5, le=86400, description="Seconds between two comparisons with what the carrier has."
    )

    @cached_property
    def exchange_url(self) -> str:
        """The local exchange's own address."""
        return f"http://127.0.0.1:{self.exchange_port}"

    @cached_property
    def carrier_base_url(self) -> str:
        """Base of the carrier's REST interface; the local exchange in local mode, else Twilio."""
        default = self.exchange_url if self.local else "https://api.twilio.com"
        return (self.twilio_api_base_url or default).rstrip("/")

    @cached_property
    def account_sid(self) -> str:
        """Carrier account; made up once per machine in local mode."""
        return self.twilio_account_sid or "AC" + self._local_secret("account_sid")[:32]

    @cached_property
    def auth_token(self) -> str:
        """Secret that signs the carrier's webhooks."""
        return self.twilio_auth_token or self._local_secret("auth_token")[:32]

    def check_carrier(self) -> None:
        """See that region and edge are set together.

        Raises:
            ValueError: they are not.
        """
        if bool(self.twilio_region) != bool(self.twilio_edge):
            raise ValueError("twilio_region and twilio_edge must be set together")
        if self.local and self.port == self.exchange_port:
            raise ValueError(f"exchange_port: {self.port} is the port of the web process already; choose another")
        if self.calls_port in (self.port, self.exchange_port if self.local else self.port):
            raise ValueError(f"voice_port: {self.calls_port} is the port of another process already; choose another")

    def check_token(self) -> None:
        """See that the token could be one of the carrier's.

        Raises:
            ValueError: it could not.
        """
        token = self.twilio_auth_token.strip()
        if len(token) < _TOKEN_LENGTH or len(set(token)) < _TOKEN_VARIETY:
            raise ValueError("twilio_auth_token: this is no token of the carrier, whose webhooks it signs")
