"""The operator's settings: `ivr.toml` beside the code, overridden by the environment.

A wrong or unknown key refuses to start: :class:`ConfigurationError` names it. Nothing here has effects. Secrets come
from the environment or, in local mode, from files under `var/`. docs/configuration.md lists every key.
"""

from __future__ import annotations

import os
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ivr.config.access import Access
from ivr.config.audio import Audio
from ivr.config.callers import Callers
from ivr.config.carrier import Carrier
from ivr.config.contact_centre import ContactCentre
from ivr.config.promises import Promises
from ivr.config.reach import Reach
from ivr.config.sections import ConfigurationError
from ivr.domain import alert_subscriptions, master_keys, routing, sla_policies

_NEEDED_IN_PRODUCTION = (
    "public_base_url", "twilio_account_sid", "twilio_auth_token", "secret_key", "audio_master_keys",
)  # fmt: skip


class Settings(Callers, Reach, ContactCentre, Promises, Carrier, Access, Audio, BaseSettings):
    """Everything configurable. Environment variables carry the same names, `HOURS__DAILY` for nested keys."""

    model_config = SettingsConfigDict(
        toml_file="ivr.toml",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
        defer_build=False,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Precedence: code, then environment, then the file named by IVR_CONFIG (`ivr.toml`)."""
        toml = Path(os.environ.get("IVR_CONFIG", "ivr.toml"))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=toml)

    @model_validator(mode="after")
    def _together(self) -> Settings:
        routing.check(self.routing, self.teams, self.offices)
        sla_policies.check(self.sla_policies, self.teams, self.hours)
        self.check_mail()
        alert_subscriptions.check(self.alerts, tuple(self.teams), self.smtp_url, self.webhook_secret)
        self.check_dialled_languages()
        self.check_carrier()
        self.check_pools()
        if not self.local:
            self._check_production()
        self.check_single_sign_on()
        return self

    @cached_property
    def own_numbers(self) -> frozenset[str]:
        """The numbers under which the hotline is called."""
        own = {self.hotline_number, *self.dialled_languages}
        return frozenset(own | {self.staff_number} if self.staff_number else own)

    def is_house_number(self, number: str) -> bool:
        """Whether a number (E.164) is one of the hotline's, or one that a telephone system shows for everybody."""
        if number in self.own_numbers or number in self.trunk_numbers:
            return True
        return any(number.startswith(block[:-1]) for block in self.trunk_numbers if block.endswith("*"))

    def _check_production(self) -> None:
        if missing := [key for key in _NEEDED_IN_PRODUCTION if not getattr(self, key)]:
            first, *others = missing
            so_must = f", and so must {', '.join(others)}" if others else ""
            raise ValueError(f"{first} must be set in production mode{so_must}")
        self.check_secret_keys()
        self.check_token()
        if not self.public_base_url.startswith("https://"):
            raise ValueError("public_base_url must begin with https:// in production mode")
        if self.trusted_proxies is None:
            raise ValueError("trusted_proxies must be set in production mode: how many proxies are before us (0…5)")
        master_keys.check_strength(self.master_keys)


def load(**overrides: Any) -> Settings:
    """Read the settings.

    Raises:
        ConfigurationError: naming every wrong key.
    """
    named = os.environ.get("IVR_CONFIG")
    if named and not Path(named).is_file():
        raise ConfigurationError(f"IVR_CONFIG: there is no file {named!r}")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigurationError(_explain(error)) from None
    except ValueError as error:  # TOML that cannot be parsed, or JSON in an environment variable
        raise ConfigurationError(f"The configuration cannot be read: {error}") from None


def _explain(error: ValidationError) -> str:
    lines = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"]) or "configuration"
        reason = "there is no such key" if item["type"] == "extra_forbidden" else item["msg"]
        lines.append(f"{key}: {reason.removeprefix('Value error, ')}")
    return "The configuration is wrong (ivr.toml or environment):\n" + "\n".join(f"  {line}" for line in lines)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return load()
