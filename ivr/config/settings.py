"""The operator's settings: `ivr.toml` beside the code, overridden by the environment.

A wrong or unknown key refuses to start: :class:`ConfigurationError` names it. Nothing here has effects;
secrets come from the environment or, in local mode, from files the launcher made under `var/`.
"""

from __future__ import annotations

import json
import os
from datetime import time
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ivr.config.sections import FORMS, ConfigurationError, InterpreterSettings, ReportMail, Role, Targets, VoiceSettings
from ivr.domain import alert_subscriptions, master_keys
from ivr.domain import routing as table
from ivr.domain import sla_policies as policies
from ivr.domain.alert_subscriptions import AlertSettings
from ivr.domain.languages import LANGUAGES
from ivr.domain.opening_hours import Hours, Span
from ivr.domain.routing import CONCERNS, OFFICES, ROUTING, TEAMS, OfficeSettings, Route, TeamSettings
from ivr.domain.setting_types import PhoneNumber
from ivr.domain.sla_policies import SlaPolicy

#: A secret that is shorter, or has fewer different characters, is none.
_SECRET_LENGTH, _SECRET_VARIETY = 32, 8
#: The carrier's own have 32.
_TOKEN_LENGTH = 16


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
    #: Absolute, wherever the process was started: whose working directory counts is nobody's guess.
    var_dir: Path = Field(default=Path("var"), validate_default=True)
    database_url: str = Field("", pattern=r"^((postgres|postgresql|postgresql\+psycopg|sqlite)://.*)?$")
    redis_url: str = Field("", pattern=r"^((redis|rediss|unix)://.+)?$")
    #: All keys of sessions, call states, sealed values and keyed hashes are derived from it (see docs/keys.md).
    secret_key: str = ""
    #: Former values of `secret_key`, a list or separated by commas: what they have sealed can still be opened.
    secret_key_previous: Annotated[tuple[str, ...], NoDecode] = ()
    #: Roles that need a second factor; in production all, unless said otherwise.
    require_second_factor: tuple[Role, ...] | None = None
    #: Proxies before the web process that add to X-Forwarded-For and -Proto; production has to say how many (0: none).
    trusted_proxies: int | None = Field(None, ge=0, le=5)
    #: How the software's own logs are written: lines to be read, or JSON for a log service.
    log_format: Literal["text", "json"] = "text"
    #: Single sign-on (OpenID Connect): the provider, who we are there, and what its claims mean here.
    sso_issuer: str = Field("", pattern=r"^(https://.+|http://(localhost|127\.0\.0\.1)(:\d+)?(/.*)?)?$")
    sso_client_id: str = ""
    sso_client_secret: str = ""
    sso_scope: str = "openid profile email"
    #: The claim with roles or groups, and which of its values is which role.
    sso_role_claim: str = "groups"
    sso_roles: dict[str, Role] = {}
    #: The claim with teams; its values are keys of teams, or are named here.
    sso_team_claim: str = "groups"
    sso_teams: dict[str, tuple[str, ...]] = {}

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
    #: The language menu, in this order, nine to a page; ko counts only where its model is installed.
    languages: tuple[str, ...] = Field((), max_length=18)
    #: Number that was dialled -> language its callers are greeted in.
    dialled_languages: dict[PhoneNumber, str] = {}
    #: Days for which a caller's language is remembered (under a keyed hash of the number); 0: not at all.
    remember_language_days: int = Field(180, ge=0, le=3650)
    #: Carrier's voices other than the usual ones, by language code.
    voices: dict[str, VoiceSettings] = {}
    hours: Hours = Hours()
    teams: dict[str, TeamSettings] = Field(TEAMS, min_length=1)
    offices: dict[str, OfficeSettings] = Field(OFFICES, min_length=1)
    #: Concern (Anliegen) -> the team that is responsible, if need be by age group and office.
    routing: dict[str, Route] = ROUTING
    #: Forms that can be ordered by telephone: of FORMS, or of your own with `form_<name>` in the prompts.
    forms: tuple[str, ...] = Field(FORMS, min_length=1, max_length=6)
    #: What who asks for the link to the online services gets as a text message.
    online_services_url: str = "https://www.jobcenter.digital"
    #: Seconds a team member's (or an interpreter's) telephone rings before the next one is tried.
    ring_seconds: int = Field(20, ge=5, le=120)
    #: Seconds a called person's telephone rings.
    callback_ring_seconds: int = Field(30, ge=5, le=120)
    #: Callers who may wait in a team's line at once; more are taken to the voicebox.
    line_places: int = Field(20, ge=1, le=1000)
    #: Seconds between two announcements to who waits.
    announce_seconds: int = Field(20, ge=2, le=120)
    #: Attempts to reach a person, and days over which they are spread, before a letter is proposed.
    callback_attempts: int = Field(4, ge=1, le=20)
    callback_days: int = Field(3, ge=1, le=14)
    #: When people are called back: within these hours and opening time.
    calling_hours: Hours = Hours()
    #: Calls a minute from one number after which it is asked to wait, and for how many minutes.
    calls_a_minute: int = Field(10, ge=3, le=1000)
    #: Calls a minute of all who withhold their number; of more only what they ask for is written down.
    withheld_calls_a_minute: int = Field(600, ge=10)
    hold_off_minutes: int = Field(5, ge=1, le=10)
    #: People who interpret on the telephone, tried in this order.
    interpreters: tuple[InterpreterSettings, ...] = ()
    #: The number team members ring to say by telephone where they sit; none: at the desk only.
    staff_number: PhoneNumber | None = None
    #: Seconds a voicebox message may last.
    message_seconds: int = Field(180, ge=10, le=600)
    #: What is promised, beside what is usual (see ivr/domain/sla_policies.py), with its history.
    sla_policies: tuple[SlaPolicy, ...] = ()
    #: Who is told of emergencies and of promises in danger.
    alerts: tuple[AlertSettings, ...] = ()
    #: When anything but an emergency may be told.
    alert_hours: Hours = Hours(daily=Span(opens=time(7), closes=time(20)))
    #: Seconds over which alerts are collected into one message, and minutes between two messages to the same address.
    alert_collect_seconds: float = Field(60.0, ge=0, le=3600)
    alert_pause_minutes: float = Field(15.0, ge=0, le=1440)
    #: Hours after a miss at which a promise that is still open is escalated.
    escalation_hours: float = Field(4.0, ge=0, le=720)
    targets: Targets = Targets()
    #: Rooms in which a third person can take part, and consultations possible in each a day; 0: not known. Source,
    #: question 5: "in den 22 Servicebüros".
    service_rooms: int = Field(0, ge=0, le=1000)
    consultations_per_room: int = Field(0, ge=0, le=100)
    #: Reports that are sent by e-mail once a month.
    report_mails: tuple[ReportMail, ...] = ()
    #: Where e-mail goes out: `smtp://`, `smtps://` or `smtp+starttls://`, with user:password@host:port.
    smtp_url: str = Field("", pattern=r"^(smtp|smtps|smtp\+starttls)://[^/?#]+$|^$")
    mail_from: str = "hotline@localhost"
    #: Signs webhooks, as https://www.standardwebhooks.com has it: `whsec_` and base64.
    webhook_secret: str = ""
    #: Wrong receipt codes an hour, from one number and in all, after which none is looked up.
    code_tries: int = Field(5, ge=1)
    code_tries_overall: int = Field(100, ge=1)

    #: Where recordings are kept: `s3://bucket/prefix` (then `audio_s3_endpoint`, where it is not Amazon's), or nothing
    #: for a directory under `var_dir`.
    audio_store: str = Field("", pattern=r"^(s3://[a-z0-9.-]+(/.*)?)?$")
    audio_s3_endpoint: str = Field("", pattern=r"^(https?://.+)?$")
    #: Master keys, `name:base64` separated by commas, the present one first (python -m ivr keys new makes one).
    audio_master_keys: str = ""

    #: Seconds between two comparisons with what the carrier has.
    reconcile_seconds: int = Field(120, ge=5, le=86400)

    #: Piper voices for rendered prompts, `<language>.onnx`; used where the command `piper` is installed.
    piper_voice_dir: Path = Path("var/voices")
    vosk_model_dir: Path | None = None
    #: Where `models fetch` finds Vosk's models (its `model-list.json` and the archives it names).
    vosk_model_url: str = "https://alphacephei.com/vosk/models"
    #: Processes that decode speech; by default one per core.
    transcribers: int = Field(0, ge=0, le=64)
    #: Pools of hosts that transcribe, by name, and the languages of each; and the pool this host belongs to. Without
    #: pools every host transcribes every language it has a model of.
    transcription_pools: dict[str, tuple[str, ...]] = {}
    transcription_pool: str = ""
    #: Memory (MiB) for speech models; by default 70 % of what is available when the worker starts.
    model_memory_mb: int = Field(0, ge=0)
    #: Mean confidence of a transcript below which somebody is asked to listen.
    low_confidence: float = Field(0.5, ge=0, le=1)
    #: Whisper, for languages without a Vosk model: the directory of its model (CTranslate2), and the languages.
    whisper_model: Path | None = None
    whisper_languages: tuple[str, ...] = ()
    #: Words that make a task urgent, by language, in place of those in ivr/transcription/urgency_words.toml.
    urgency_words: dict[str, tuple[str, ...]] = {}
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

    @field_validator("var_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.absolute()

    @field_validator("secret_key_previous", mode="before")
    @classmethod
    def _former_secrets(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        listed = json.loads(value) if value.lstrip().startswith("[") else value.split(",")
        return tuple(filter(None, (part.strip() if isinstance(part, str) else part for part in listed)))

    @field_validator("languages")
    @classmethod
    def _languages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for language in value:
            if language not in LANGUAGES:
                raise ValueError(f"{language!r} is not one of {', '.join(LANGUAGES)}")
        if len(set(value)) != len(value):
            raise ValueError("a language is named twice")
        return value

    @field_validator("teams", mode="before")
    @classmethod
    def _with_the_usual_teams(cls, value: Any) -> Any:
        return table.merged(TEAMS, value)

    @field_validator("offices", mode="before")
    @classmethod
    def _with_the_usual_offices(cls, value: Any) -> Any:
        return table.merged(OFFICES, value)

    @field_validator("audio_master_keys")
    @classmethod
    def _master_keys(cls, value: str) -> str:
        master_keys.parse(value)
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _webhook_secret(cls, value: str) -> str:
        alert_subscriptions.check_secret(value)
        return value

    @field_validator("urgency_words")
    @classmethod
    def _urgency_words(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for language, phrases in value.items():
            for phrase in phrases:
                if not all(word.rstrip("*") for word in phrase.split()) or not phrase.split():
                    raise ValueError(f"{language}: {phrase!r} has no word to look for")
        return value

    @field_validator("forms")
    @classmethod
    def _forms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("a form is named twice")
        return value

    @field_validator("voices")
    @classmethod
    def _voices(cls, value: dict[str, VoiceSettings]) -> dict[str, VoiceSettings]:
        if unknown := set(value) - set(LANGUAGES):
            raise ValueError(f"{sorted(unknown)[0]!r} is not one of {', '.join(LANGUAGES)}")
        return value

    @field_validator("offices")
    @classmethod
    def _offices(cls, value: dict[str, OfficeSettings]) -> dict[str, OfficeSettings]:
        responsible: dict[str, str] = {}
        for key, office in value.items():
            for code in office.postal_codes:
                if (other := responsible.setdefault(code, key)) != key:
                    raise ValueError(f"postal code {code} belongs to {other} and to {key}")
        return value

    @field_validator("routing")
    @classmethod
    def _concerns(cls, value: dict[str, Route]) -> dict[str, Route]:
        routes = {**ROUTING, **value}
        for concern in routes:
            if concern not in CONCERNS:
                raise ValueError(f"{concern!r} is not one of {', '.join(CONCERNS)}")
        return routes

    @model_validator(mode="after")
    def _together(self) -> Settings:
        table.check(self.routing, self.teams, self.offices)
        policies.check(self.sla_policies, self.teams, self.hours)
        if self.report_mails and not self.smtp_url:
            raise ValueError("report_mails: e-mail needs smtp_url")
        alert_subscriptions.check(self.alerts, tuple(self.teams), self.smtp_url, self.webhook_secret)
        for number, language in self.dialled_languages.items():
            if language not in self.enabled_languages:
                raise ValueError(f"dialled_languages.{number}: {language!r} is not in the language menu")
        if self.mode == "local" and self.port == self.exchange_port:
            raise ValueError(f"exchange_port: {self.port} is the port of the web process already; choose another")
        if self.transcription_pool and self.transcription_pool not in self.transcription_pools:
            raise ValueError(f"transcription_pool: {self.transcription_pool!r} is not one of transcription_pools")
        if bool(self.twilio_region) != bool(self.twilio_edge):
            raise ValueError("twilio_region and twilio_edge must be set together")
        if self.mode == "production":
            needed = ("public_base_url", "twilio_account_sid", "twilio_auth_token", "secret_key", "audio_master_keys")
            if missing := [key for key in needed if not getattr(self, key)]:
                first, *others = missing
                so_must = f", and so must {', '.join(others)}" if others else ""
                raise ValueError(f"{first} must be set in production mode{so_must}")
            former = [("secret_key_previous", one) for one in self.secret_key_previous]
            for key, secret in [("secret_key", self.secret_key), *former]:
                if len(secret) < _SECRET_LENGTH or len(set(secret)) < _SECRET_VARIETY:
                    raise ValueError(
                        f"{key}: too weak; it needs {_SECRET_LENGTH} random characters (openssl rand -hex 32)"
                    )
            token = self.twilio_auth_token.strip()
            if len(token) < _TOKEN_LENGTH or len(set(token)) < _SECRET_VARIETY:
                raise ValueError("twilio_auth_token: this is no token of the carrier, whose webhooks it signs")
            if not self.public_base_url.startswith("https://"):
                raise ValueError("public_base_url must begin with https:// in production mode")
            if self.trusted_proxies is None:
                raise ValueError("trusted_proxies must be set in production mode: how many proxies are before us (0…5)")
            master_keys.check_strength(self.master_keys)
        if bool(self.sso_issuer) != bool(self.sso_client_id and self.sso_client_secret and self.sso_roles):
            raise ValueError("sso_issuer needs sso_client_id, sso_client_secret and sso_roles, and these need it")
        return self

    # -- derived values -------------------------------------------------------------------------

    @property
    def local(self) -> bool:
        """Whether calls come through the local exchange."""
        return self.mode == "local"

    @property
    def second_factor_roles(self) -> tuple[str, ...]:
        """Roles that need a second factor."""
        if self.require_second_factor is not None:
            return self.require_second_factor
        return () if self.local else ("member", "supervisor", "administrator", "officer")

    @cached_property
    def database(self) -> str:
        """SQLAlchemy URL; SQLite under `var_dir` unless DATABASE_URL is set."""
        for plain in ("postgres://", "postgresql://"):  # as operators and services write it
            if self.database_url.startswith(plain):
                return "postgresql+psycopg://" + self.database_url.removeprefix(plain)
        return self.database_url or f"sqlite:///{self.var_dir / 'hotline.sqlite3'}"

    @cached_property
    def redis(self) -> str:
        """Redis URL; the unix socket of the server that the launcher starts unless REDIS_URL is set."""
        if self.redis_url:
            return self.redis_url
        path = str(self.var_dir / "redis.sock")
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
        """The present secret key, shared by all hosts. Only ivr.platform.crypto makes keys of it."""
        return self.secret_key or self._local_secret("secret_key")

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """The present secret key and the former ones, each once."""
        return tuple(dict.fromkeys((self.secret, *self.secret_key_previous)))

    @cached_property
    def audio_dir(self) -> Path:
        """Directory of stored recordings."""
        return self.var_dir / "audio"

    @cached_property
    def master_keys(self) -> dict[str, bytes]:
        """Master keys of stored audio by name, the present one first; local mode makes one for itself."""
        return master_keys.parse(self.audio_master_keys) or master_keys.of_secret(
            self._local_secret("audio_master_key")
        )

    @cached_property
    def model_dir(self) -> Path:
        """Directory with one Vosk model per language code."""
        return self.vosk_model_dir or self.var_dir / "models"

    @property
    def enabled_languages(self) -> tuple[str, ...]:
        """Languages of the menu. Korean is offered only where its model is installed and it is named
        (or, in local mode, nothing is named at all), because it is there to try the real recogniser."""
        chosen = self.languages or (tuple(LANGUAGES) if self.local else tuple(c for c in LANGUAGES if c != "ko"))
        return tuple(code for code in chosen if code != "ko" or (self.model_dir / "ko").is_dir()) or ("de",)

    @property
    def pools(self) -> tuple[str, ...]:
        """Names of the pools of hosts that transcribe; one without a name where there are none."""
        return tuple(self.transcription_pools) or ("",)

    def pool_of(self, language: str) -> str:
        """The pool that transcribes a language; the first one where none names it."""
        return next(
            (name for name, languages in self.transcription_pools.items() if language in languages), self.pools[0]
        )

    @property
    def pool_languages(self) -> tuple[str, ...] | None:
        """Languages this host transcribes; None for all. A host without workers needs to name no pool."""
        return self.transcription_pools.get(self.transcription_pool) if self.transcription_pool else None

    def carrier_voice(self, language: str) -> tuple[str, str] | None:
        """The carrier's language tag and voice; None where its prompts have to be played."""
        if voice := self.voices.get(language):
            return voice.language, voice.voice
        return LANGUAGES[language].carrier_voice

    def team_for(self, concern: str, age_group: str = "", office: str = "") -> str:
        """Key of the responsible team; every combination reaches one (checked at start)."""
        return table.team_for(self.routing, concern, age_group, office)

    def decides(self, question: str, concern: str, age_group: str = "", office: str = "") -> bool:
        """Whether the team for a concern depends on the `age_group` or on the `office`, which is not known."""
        return table.decides(self.routing, self.offices, question, concern, age_group, office)

    def office_of(self, postal_code: str) -> str | None:
        """Key of the office responsible for a postal code; None outside Bremen."""
        return next((key for key, office in self.offices.items() if postal_code in office.postal_codes), None)

    def _local_secret(self, name: str) -> str:
        if not self.local:
            raise ConfigurationError(f"{name} must be set in production mode")
        from ivr.config.local_secrets import local_secret

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
