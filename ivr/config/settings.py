"""The operator's settings: `ivr.toml`, overridden by files of secrets, the environment, and what the page has set.

What administrators have set in the page is kept in the database (:mod:`ivr.platform.settings_store`) and adopted here.
A wrong or unknown key refuses to start: :class:`ConfigurationError` names it. Nothing here has effects. Secrets come
from the environment, from files of their own or, in local mode, from files under `var/`. docs/configuration.md lists
every key.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ivr.config import explained, secret_files
from ivr.config.access import Access
from ivr.config.audio import Audio
from ivr.config.callers import Callers
from ivr.config.contact_centre import ContactCentre
from ivr.config.promises import Promises
from ivr.config.reach import Reach
from ivr.config.sections import ConfigurationError
from ivr.config.sip import Sip
from ivr.domain import alert_subscriptions, master_keys, routing, sla_policies

_NEEDED_IN_PRODUCTION = (
    "public_base_url", "twilio_account_sid", "twilio_auth_token", "secret_key", "audio_master_keys", "trusted_proxies",
)  # fmt: skip


class Settings(Callers, Reach, ContactCentre, Promises, Sip, Access, Audio, BaseSettings):
    """Everything configurable. Environment variables carry the same names, `HOURS__DAILY` for nested keys."""

    model_config = SettingsConfigDict(
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
        defer_build=True,
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
        """Precedence: code, environment, files of secrets, the file named by IVR_CONFIG (`ivr.toml`)."""
        known = _known.get() or (_environment(), _file(settings_cls)())
        return init_settings, *(InitSettingsSource(settings_cls, dict(one)) for one in known)

    @model_validator(mode="after")
    def _together(self) -> Settings:
        routing.check(self.routing, self.teams, self.offices)
        sla_policies.check(self.sla_policies, self.teams, self.hours)
        self.check_mail()
        alert_subscriptions.check(
            self.alerts, tuple(self.teams), self.smtp_url, self.webhook_secret, texts=self.has_carrier
        )
        self.check_dialled_languages()
        self.check_carrier()
        self.check_sip()
        self._check_own_numbers()
        self.check_pools()
        self.check_promise_list()
        if not self.local:
            self._check_production()
        self.check_single_sign_on()
        return self

    def _check_own_numbers(self) -> None:
        """See that every number of the hotline's has one meaning, and that it rings none of them.

        Raises:
            ValueError: naming the setting.
        """
        if self.staff_number in (self.hotline_number, *self.dialled_languages):
            raise ValueError(
                "staff_number: callers ring this number too, and would be asked for a PIN; name another one"
            )
        rung = {"synthetic_call_from": self.synthetic_call_from}
        rung |= {f"interpreters.{place}.number": one.number for place, one in enumerate(self.interpreters)}
        for name, number in rung.items():
            if number in self.own_numbers:
                raise ValueError(f"{name}: this is a number of the hotline itself; name another one")

    @cached_property
    def own_numbers(self) -> frozenset[str]:
        """The numbers under which the hotline is called."""
        own = {self.hotline_number, *self.dialled_languages}
        return frozenset(own | {self.staff_number} if self.staff_number else own)

    @cached_property
    def sends_texts(self) -> bool:
        """Whether text messages are sent to callers: by a carrier, to some country, and more than none."""
        most = min(self.text_messages_a_number, self.text_messages_an_hour, self.text_messages_a_day)
        return self.has_carrier and bool(self.text_countries) and most > 0

    def is_rung(self, number: str) -> bool:
        """Whether a number (E.164) is one that the hotline rings: in a country that is called, and none of its own."""
        return self.may_be_called(number) and number not in self.own_numbers

    def is_house_number(self, number: str) -> bool:
        """Whether a number (E.164) is one of the hotline's, or one that a telephone system shows for everybody."""
        if number in self.own_numbers or number in self.trunk_numbers:
            return True
        return any(number.startswith(block[:-1]) for block in self.trunk_numbers if block.endswith("*"))

    def _check_production(self) -> None:
        """See that production has what it needs.

        Raises:
            ValueError: naming everything that is missing or too weak, a line each.
        """
        problems = []
        missing = [key for key in _NEEDED_IN_PRODUCTION if getattr(self, key) in ("", None)]
        if missing:
            first, *others = missing
            so_must = f", and so must {', '.join(others)}" if others else ""
            problems.append(f"{first} must be set in production mode{so_must}")
        if self.public_base_url and not self.public_base_url.startswith("https://"):
            problems.append("public_base_url must begin with https:// in production mode")
        for needed, check in self._checks_of_secrets():
            if needed not in missing:
                try:
                    check()
                except ValueError as error:
                    problems.append(str(error))
        if problems:
            raise ValueError("\n  ".join(problems))

    def _checks_of_secrets(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What is checked of secrets, each with the setting without which there is nothing to check."""
        yield "secret_key", self.check_secret_keys
        yield "twilio_auth_token", self.check_token
        yield "audio_master_keys", lambda: master_keys.check_strength(self.master_keys)


def load(**overrides: Any) -> Settings:
    """Read the settings.

    Raises:
        ConfigurationError: naming every wrong key.
    """
    environment, file = _known.get() or _read()
    try:
        with _instead_of_reading(environment, file):
            return Settings(**overrides)
    except ValidationError as error:
        missing = _still_missing({**file, **environment, **overrides})
        raise ConfigurationError(explained.wrong(error, Settings.model_fields, missing)) from None
    except ValueError as error:
        raise ConfigurationError(f"The configuration cannot be read: {error}") from None


def _read() -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What the environment says, and what the file says.

    Raises:
        ConfigurationError: there is no such file, its TOML or the JSON of a variable cannot be parsed.
    """
    named = os.environ.get("IVR_CONFIG")
    if named and not Path(named).is_file():
        raise ConfigurationError(f"IVR_CONFIG: there is no file {named!r}")
    try:
        return _environment(), _file(Settings)()
    except (ValueError, RecursionError, OSError) as error:
        raise ConfigurationError(explained.unread(error)) from None


def _still_missing(given: Mapping[str, Any]) -> list[str]:
    """What production needs and nobody has given. Where a value is wrong, the model itself has not looked for it."""
    if given.get("mode") != "production":
        return []
    return [key for key in _NEEDED_IN_PRODUCTION if given.get(key) in ("", None)]


#: Where a setting comes from: the page, an environment variable, the file, or nowhere (its usual value).
Origin = Literal["page", "environment", "file", "usual"]
#: What environment and file have said, where they are not to be read again.
_known: ContextVar[tuple[Mapping[str, Any], Mapping[str, Any]] | None] = ContextVar(
    "what environment and file say", default=None
)


def _file(settings_cls: type[BaseSettings]) -> TomlConfigSettingsSource:
    return TomlConfigSettingsSource(settings_cls, toml_file=explained.file_named())


def _environment() -> Mapping[str, Any]:
    """What the environment says, and the files that it names."""
    return {**secret_files.read(Settings), **EnvSettingsSource(Settings)()}


@contextmanager
def _instead_of_reading(environment: Mapping[str, Any], file: Mapping[str, Any]) -> Iterator[None]:
    token = _known.set((environment, file))
    try:
        yield
    finally:
        _known.reset(token)


class Kept:
    """The settings of this process. File and environment are read once, what the page has set is adopted over them."""

    def __init__(self) -> None:
        """Nothing is read before somebody asks."""
        self._reading = threading.RLock()
        self.cache_clear()

    def cache_clear(self) -> None:
        """Read file and environment again when somebody asks; nothing is adopted."""
        with self._reading:  # who is reading at this moment must not put back what it has read before
            self._value: Settings | None = None
            self._file: Mapping[str, Any] = {}
            self._environment: Mapping[str, Any] = {}
            self._stored: Mapping[str, Any] = {}
            #: The version of what is adopted; 0: nothing.
            self.version = 0

    def __call__(self) -> Settings:
        """The settings."""
        value = self._value
        if value is None:
            with self._reading:  # all threads get one and the same settings, which keep what they have read
                if (value := self._value) is None:
                    environment, file = _read()
                    with _instead_of_reading(environment, file):
                        value = load()
                    self._environment, self._file, self._value = environment, file, value
        return value

    def read_again(self) -> None:
        """Read file and environment again; nothing is adopted any more.

        Raises:
            ConfigurationError: what was read before goes on to count.
        """
        environment, file = _read()
        with _instead_of_reading(environment, file):
            value = load()
        with self._reading:
            self.cache_clear()
            self._environment, self._file, self._value = environment, file, value

    def over(self, stored: Mapping[str, Any]) -> Settings:
        """The settings as they would be with these values, by name, over file and environment.

        Raises:
            ConfigurationError: naming every wrong key.
        """
        self()
        environment = {key: value for key, value in self._environment.items() if key not in stored}
        file = {key: value for key, value in self._file.items() if key not in stored}
        with _instead_of_reading(environment, file):
            return load(**stored)

    def adopt(self, stored: Mapping[str, Any], version: int) -> None:
        """Use these values over file and environment from now on.

        Raises:
            ConfigurationError: they do not fit; what was used before goes on to count.
        """
        after = self.over(stored)
        # Secrets that local mode has read from the disk once are not read again: it may be away by now.
        vars(after).update({name: value for name, value in vars(self()).items() if name in _SECRETS})
        self._value, self._stored, self.version = after, stored, version

    def origin(self, name: str) -> Origin:
        """Where a setting comes from."""
        self()
        if name in self._stored:
            return "page"
        if name in self._environment:
            return "environment"
        return "file" if name in self._file else "usual"


#: What no page sets, and what is made of it.
_SECRETS = ("secret", "secrets", "master_keys", "local_signing_key", "account_sid", "auth_token", "auth_tokens")
#: Settings that hold secrets, or passwords in an address.
SECRET_FIELDS = (
    "secret_key", "secret_key_previous", "audio_master_keys", "twilio_auth_token", "twilio_secondary_auth_token",
    "twilio_us1_auth_token", "twilio_api_secret", "carrier_webhook_key", "sso_client_secret", "webhook_secret",
    "smtp_url", "database_url", "redis_url", "metrics_token", "promise_list_password",
)  # fmt: skip

settings = Kept()
