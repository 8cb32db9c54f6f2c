"""The operator's settings: `ivr.toml` beside the code, overridden by the environment.

A wrong or unknown key refuses to start: :class:`ConfigurationError` names it. Nothing here has effects;
secrets come from the environment or, in local mode, from files the launcher made under `var/`.
"""

from __future__ import annotations

import os
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Annotated, Any, Literal

import phonenumbers
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ivr.business_hours import Hours

#: What a caller can ring about (Anliegen). The keys are stored with every call and task.
CONCERNS = ("benefits", "work", "under_25", "emergency", "other")


class ConfigurationError(Exception):
    """The settings cannot be used; the message names each wrong key and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _e164(value: str) -> str:
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        raise ValueError(f"{value!r} is not a number in international form like +494211782666") from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError(f"{value!r} is not a possible telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


PhoneNumber = Annotated[str, BeforeValidator(_e164)]


class TeamSettings(_Strict):
    """A team that answers calls and works callback tasks."""

    name: str
    number: PhoneNumber


_TEAMS = {
    "benefits": TeamSettings(name="Leistungsbereich", number="+4942117826671"),
    "work": TeamSettings(name="Markt und Integration", number="+4942117826672"),
    "youth": TeamSettings(name="Jugendberufsagentur", number="+4942117826673"),
    "entrance": TeamSettings(name="Eingangszone", number="+4942117826674"),
}
_ROUTING = {
    "benefits": "benefits",
    "work": "work",
    "under_25": "youth",
    "emergency": "benefits",
    "other": "entrance",
}


class Settings(BaseSettings):
    """Everything configurable. Environment variables carry the same names, `HOURS__DAILY` for nested keys."""

    model_config = SettingsConfigDict(
        toml_file="ivr.toml",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    #: `local` rings through the local exchange; `production` through a carrier account.
    mode: Literal["local", "production"] = "local"
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    var_dir: Path = Path("var")
    database_url: str = ""
    redis_url: str = ""
    secret_key: str = ""

    public_base_url: str = ""
    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_region: str = ""
    twilio_edge: str = ""
    twilio_api_base_url: str = ""
    #: Seconds to wait for the carrier's REST interface (twilio's own default is to wait for ever).
    twilio_timeout: float = Field(10.0, gt=0, le=60)
    #: Local exchange: its own port, behind the web process.
    exchange_port: int = Field(8001, ge=1, le=65535)

    hotline_number: PhoneNumber = "+494211782666"
    #: The language menu, in this order; ko counts only where its model is installed.
    languages: tuple[str, ...] = Field((), max_length=9)
    hours: Hours = Hours()
    teams: dict[str, TeamSettings] = Field(_TEAMS, min_length=1)
    #: Concern (Anliegen) -> key of the team that is responsible.
    routing: dict[str, str] = _ROUTING
    #: Seconds a team's telephone rings before the caller is offered the voicebox.
    ring_seconds: int = Field(20, ge=5, le=120)
    #: Seconds a voicebox message may last.
    message_seconds: int = Field(180, ge=10, le=600)
    #: Hours from first contact to the first callback attempt. Source: "in der Regel innerhalb von 24 Stunden".
    callback_hours: float = Field(24.0, gt=0)

    vosk_model_dir: Path | None = None
    #: Where `models fetch` finds Vosk's models (its `model-list.json` and the archives it names).
    vosk_model_url: str = "https://alphacephei.com/vosk/models"
    #: Processes that decode speech; by default one per core.
    transcribers: int = Field(0, ge=0, le=64)
    #: Growth (MiB) of a decoding process, beyond the models, at which it drops its recognisers.
    recogniser_memory_mb: int = Field(600, ge=50)

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

    @field_validator("languages")
    @classmethod
    def _languages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from ivr.languages import LANGUAGES

        for language in value:
            if language not in LANGUAGES:
                raise ValueError(f"{language!r} is not one of {', '.join(LANGUAGES)}")
        if len(set(value)) != len(value):
            raise ValueError("a language is named twice")
        return value

    @field_validator("teams", mode="before")
    @classmethod
    def _with_the_usual_teams(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        usual = {key: team.model_dump() for key, team in _TEAMS.items()}
        given = {key: {**usual.get(key, {}), **team} if isinstance(team, dict) else team for key, team in value.items()}
        return {**usual, **given}

    @field_validator("routing")
    @classmethod
    def _concerns(cls, value: dict[str, str]) -> dict[str, str]:
        routing = {**_ROUTING, **value}
        for concern in routing:
            if concern not in CONCERNS:
                raise ValueError(f"{concern!r} is not one of {', '.join(CONCERNS)}")
        return routing

    @model_validator(mode="after")
    def _together(self) -> Settings:
        for concern, team in self.routing.items():
            if team not in self.teams:
                raise ValueError(f"routing.{concern}: there is no team {team!r} in [teams]")
        if self.mode == "local" and self.port == self.exchange_port:
            raise ValueError(f"exchange_port: {self.port} is the port of the web process already; choose another")
        if bool(self.twilio_region) != bool(self.twilio_edge):
            raise ValueError("twilio_region and twilio_edge must be set together")
        if self.mode == "production":
            for key in ("public_base_url", "twilio_account_sid", "twilio_auth_token", "secret_key"):
                if not getattr(self, key):
                    raise ValueError(f"{key} must be set in production mode")
        return self

    # -- derived values -------------------------------------------------------------------------

    @property
    def local(self) -> bool:
        """Whether calls come through the local exchange."""
        return self.mode == "local"

    @cached_property
    def database(self) -> str:
        """SQLAlchemy URL; SQLite under `var_dir` unless DATABASE_URL is set."""
        for plain in ("postgres://", "postgresql://"):  # as operators and services write it
            if self.database_url.startswith(plain):
                return "postgresql+psycopg://" + self.database_url.removeprefix(plain)
        return self.database_url or f"sqlite:///{self.var_dir.absolute() / 'hotline.sqlite3'}"

    @cached_property
    def redis(self) -> str:
        """Redis URL; the unix socket of the server that the launcher starts unless REDIS_URL is set."""
        if self.redis_url:
            return self.redis_url
        path = str(self.var_dir.absolute() / "redis.sock")
        if len(path) > 100:  # the kernel takes 107 characters
            path = f"{gettempdir()}/hotline-{sha256(path.encode()).hexdigest()[:16]}.sock"
        return f"unix://{path}"

    @cached_property
    def base_url(self) -> str:
        """The address under which the carrier reaches us, without a trailing slash."""
        return (self.public_base_url or f"http://{self.host}:{self.port}").rstrip("/")

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

    @cached_property
    def secret(self) -> str:
        """Secret from which sessions and call states are signed; shared by all hosts."""
        return self.secret_key or self._local_secret("secret_key")

    @cached_property
    def audio_dir(self) -> Path:
        """Directory of stored recordings."""
        return self.var_dir / "audio"

    @cached_property
    def model_dir(self) -> Path:
        """Directory with one Vosk model per language code."""
        return self.vosk_model_dir or self.var_dir / "models"

    @property
    def enabled_languages(self) -> tuple[str, ...]:
        """Languages of the menu. Korean is offered only where its model is installed and it is named
        (or, in local mode, nothing is named at all), because it is there to try the real recogniser."""
        chosen = self.languages or (("de", "en", "ko") if self.local else ("de", "en"))
        return tuple(code for code in chosen if code != "ko" or (self.model_dir / "ko").is_dir()) or ("de",)

    def team_for(self, concern: str) -> str:
        """Key of the team responsible for a concern; every concern reaches a team (checked at start)."""
        return self.routing.get(concern, self.routing["other"])

    def _local_secret(self, name: str) -> str:
        if not self.local:
            raise ConfigurationError(f"{name} must be set in production mode")
        from ivr.secrets import local_secret

        return local_secret(self.var_dir, name)


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
