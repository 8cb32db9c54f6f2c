"""Settings of log-in: secret keys, second factor, single sign-on."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from ivr.config.installation import Installation
from ivr.config.sections import Role

#: A secret key that is shorter, or has fewer different characters, is refused in production.
_SECRET_LENGTH, _SECRET_VARIETY = 32, 8


class Access(Installation):
    """Who may log in, and the secret that all keys are derived from."""

    secret_key: str = Field(
        "",
        description="All keys of sessions, call states, sealed values and keyed hashes are derived from it. The same"
        " on every host; production needs 32 random characters (`openssl rand -hex 32`). Local mode "
        "makes one.",
    )
    secret_key_previous: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Former values of `secret_key`, a list or separated by commas; what they have sealed can still "
        "be opened.",
    )
    require_second_factor: tuple[Role, ...] | None = Field(
        None, description="Roles that need a second factor. Unset: all in production, none in local mode."
    )
    sso_issuer: str = Field(
        "",
        pattern=r"^(https://.+|http://(localhost|127\.0\.0\.1)(:\d+)?(/.*)?)?$",
        description="Issuer of single sign-on (OpenID Connect). Empty: none.",
    )
    sso_client_id: str = Field("", description="Client id at the provider of single sign-on.")
    sso_client_secret: str = Field("", description="Client secret at the provider of single sign-on.")
    sso_scope: str = Field("openid profile email", description="Scopes that are asked for at log-in.")
    sso_role_claim: str = Field("groups", description="Claim with roles or groups.")
    sso_roles: dict[str, Role] = Field(
        {}, description="Value of that claim -> role. The highest role counts; nobody without one gets in."
    )
    sso_team_claim: str = Field("groups", description="Claim with teams.")
    sso_teams: dict[str, tuple[str, ...]] = Field(
        {}, description="Value of that claim -> keys of teams. A value that is the key of a team needs no entry."
    )

    @field_validator("secret_key_previous", mode="before")
    @classmethod
    def _former_secrets(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        listed = json.loads(value) if value.lstrip().startswith("[") else value.split(",")
        return tuple(filter(None, (part.strip() if isinstance(part, str) else part for part in listed)))

    @property
    def second_factor_roles(self) -> tuple[str, ...]:
        """Roles that need a second factor."""
        if self.require_second_factor is not None:
            return self.require_second_factor
        return () if self.local else ("member", "supervisor", "administrator", "officer")

    @cached_property
    def secret(self) -> str:
        """The present secret key, shared by all hosts. Only ivr.platform.crypto makes keys of it."""
        return self.secret_key or self._local_secret("secret_key")

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """The present secret key and the former ones, each once."""
        return tuple(dict.fromkeys((self.secret, *self.secret_key_previous)))

    def check_secret_keys(self) -> None:
        """See that every secret key is strong.

        Raises:
            ValueError: naming the key.
        """
        former = [("secret_key_previous", one) for one in self.secret_key_previous]
        for key, secret in [("secret_key", self.secret_key), *former]:
            if len(secret) < _SECRET_LENGTH or len(set(secret)) < _SECRET_VARIETY:
                raise ValueError(f"{key}: too weak; it needs {_SECRET_LENGTH} random characters (openssl rand -hex 32)")

    def check_single_sign_on(self) -> None:
        """See that single sign-on is configured as a whole, or not at all.

        Raises:
            ValueError: it is not.
        """
        if bool(self.sso_issuer) != bool(self.sso_client_id and self.sso_client_secret and self.sso_roles):
            raise ValueError("sso_issuer needs sso_client_id, sso_client_secret and sso_roles, and these need it")
