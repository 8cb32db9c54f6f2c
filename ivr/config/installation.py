"""Settings of one installation: mode, addresses, directory, database, Redis, logs."""

from __future__ import annotations

import os
import re
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ivr.config import database_address
from ivr.config.sections import ConfigurationError
from ivr.domain.setting_types import at_home, has_host

#: A passphrase that is shorter, or has fewer different characters, is refused.
_PASSPHRASE_LENGTH, _PASSPHRASE_VARIETY = 20, 8


class Installation(BaseModel):
    """The process and what it stands on."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    mode: Literal["local", "production"] = Field(
        "local",
        description="`local`: calls come through the local carrier on this machine. `production`: through a carrier "
        "account.",
    )
    host: str = Field("127.0.0.1", description="Address the web process listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port of the web process.")
    voice_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port of the process that answers calls (`voice`); `make run` chooses `port` + 2. Unset: the local "
        "carrier asks the web process.",
    )
    var_dir: Path = Field(
        default=Path("var"),
        validate_default=True,
        description="Directory of everything that is kept: database, recordings, models, logs, spool.",
    )
    database_url: str = Field(
        "",
        description="Database, such as `postgresql://user@host/hotline`. Several servers, of which the one that takes "
        "writes is used: `postgresql://user@db1:5432,db2:5432/hotline`. Empty: SQLite under `var_dir`.",
    )
    database_connections: int = Field(
        20,
        ge=14,
        le=1000,
        description="Connections to PostgreSQL that the processes of one host open at most, together; a command by "
        "hand comes on top. More of them let more calls and pages be answered at one time.",
    )
    database_pooler: bool = Field(
        False,
        description="Whether `database_url` leads through PgBouncer in transaction mode (or another pooler that gives "
        "each transaction any connection): no plan is kept on a connection then, and no setting.",
    )
    redis_url: str = Field(
        "", description="Redis, such as `redis://host:6379/0`. Empty: a server of its own under `var_dir`."
    )
    lease_seconds: int = Field(
        20,
        ge=4,
        le=300,
        description="Seconds until another worker does the job of one that has died, and until the scheduler hands "
        "over again what did not reach its job queue. The same on all hosts.",
    )
    public_base_url: str = Field(
        "",
        description="Address under which the carrier reaches the web process; `https://` in production. Empty: host "
        "and port.",
    )
    trusted_proxies: int | None = Field(
        None,
        ge=0,
        le=5,
        description="Proxies before the web process that add to `X-Forwarded-For` and `-Proto`; needed in production"
        " (0: none).",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="How logs are written: `text` for people, `json` for a log service."
    )

    tracing_endpoint: str = Field(
        "",
        pattern=r"^(https?://[!-~]+)?$",
        description="Where traces of webhooks and jobs are sent (OpenTelemetry, OTLP over HTTP), such as "
        "`http://collector:4318/v1/traces`; needs the extra `tracing`. Empty: nothing is traced.",
    )
    tracing_share: float = Field(1.0, ge=0, le=1, description="The share of webhooks and jobs that is traced.")

    backup_hours: int = Field(
        26,
        ge=0,
        le=24 * 366,
        description="Hours after which `ivr doctor` and the metrics want another `ivr backup`. 0: backups are made by "
        "other means.",
    )

    promise_list_dir: str = Field(
        "",
        description="Directory of this host in which the scheduler puts a printable, encrypted list of open promises "
        "every hour, for the day when everything is down. It belongs on another disk than the database. Empty: none.",
    )
    promise_list_password: str = Field(
        "",
        max_length=100,
        description="Passphrase that opens those lists, at least 20 characters. Keep it on paper where a supervisor "
        "finds it at night.",
    )

    security_contact: str = Field(
        "",
        pattern=r"^((mailto:|https://|tel:)[!-~]+)?$",
        description="Where somebody tells who has found a weakness: `mailto:…`, `https://…` or `tel:…`, shown at "
        "`/.well-known/security.txt`. Empty: there is no such page.",
    )
    accessibility_contact: str = Field(
        "",
        pattern=r"^([^@\s,;<>]+@[^@\s,;<>]+)?$",
        description="E-mail address for barriers, in the accessibility statement of the pages. Empty: the hotline's "
        "number alone stands there.",
    )

    controller: str = Field(
        "",
        max_length=300,
        description="Who is responsible for the data (Art. 4 no. 7 GDPR): name, address and telephone, for the papers "
        "that `ivr papers` writes. While this or one of the next five is empty, the papers say that they are "
        "incomplete.",
    )
    data_protection_officer: str = Field(
        "", max_length=300, description="Name and contact of the data protection officer, for the papers."
    )
    staff_council_agreement: str = Field(
        "",
        max_length=300,
        description="Title and date of the agreement with the staff council (Dienstvereinbarung), for the papers.",
    )
    subprocessors: str = Field(
        "",
        max_length=3000,
        description="The carrier's sub-processors with their countries, from the contract, for the papers; `none` "
        "where there are none.",
    )
    carrier_region: str = Field(
        "",
        max_length=300,
        description="Where the carrier processes and records calls: its region and the country, from the contract, for "
        "the papers.",
    )
    measures_reviewed: str = Field(
        "",
        max_length=300,
        description="Date and result of the last review of the technical and organisational measures, for the papers.",
    )

    metrics_token: str = Field(
        "",
        pattern=r"^(\S{16,})?$",
        description="Token with which Prometheus asks `/metrics` at the web process (`Authorization: Bearer …`), at "
        "least 16 characters. Empty: nobody may.",
    )

    @field_validator("var_dir", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        text = str(value)
        if not text.strip() or text != text.strip() or not text.isprintable():
            raise ValueError("it is empty, or has spaces around it or signs that nobody sees")
        return value

    @field_validator("var_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        place = at_home(value).absolute()
        if unquote(str(place)) != str(place) or set(str(place)) & {"?", "#"}:
            raise ValueError(f"{str(place)!r} has ?, # or % in it, which has a meaning in the addresses of its files")
        return place

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, value: str) -> str:
        schemes = ("postgresql", "postgres", "postgresql+psycopg", "sqlite")
        url = _with_scheme(database_address.of_one_or_several(value), schemes)
        place = url.removeprefix("sqlite://").partition("?")[0]
        if url.startswith("sqlite:") and (not place.startswith("/") or place in ("/", "/:memory:")):
            raise ValueError(
                "several processes share the database: name its file, like sqlite:////var/lib/hotline/own.db"
            )
        if url.startswith("postgres"):
            _check_postgresql_options(url)
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: str) -> str:
        url = _with_scheme(value, ("redis", "rediss", "unix"))
        parts = urlsplit(url)
        if parts.scheme in ("redis", "rediss") and not re.fullmatch(r"(/\d*)?", parts.path):
            raise ValueError("after the host comes the number of a database, such as /0")
        if parts.query:
            _check_options(url)
        return value

    @field_validator("public_base_url")
    @classmethod
    def _public_base_url(cls, value: str) -> str:
        if not value:
            return value
        in_ascii = re.fullmatch(r"https?://[!-~]+", value, re.IGNORECASE)
        if not in_ascii or not has_host(value) or urlsplit(value).query:
            raise ValueError("this is no address such as https://hotline.example.de")
        return value

    def check_promise_list(self) -> None:
        """See that nobody guesses the passphrase of the lists of promises.

        Raises:
            ValueError: there is a directory and no passphrase, or one that is too weak.
        """
        word = self.promise_list_password
        if self.promise_list_dir and (len(word) < _PASSPHRASE_LENGTH or len(set(word)) < _PASSPHRASE_VARIETY):
            raise ValueError(
                f"promise_list_password needs {_PASSPHRASE_LENGTH} characters, {_PASSPHRASE_VARIETY} of them different"
            )

    @property
    def local(self) -> bool:
        """Whether calls come through the local exchange."""
        return self.mode == "local"

    @cached_property
    def database(self) -> str:
        """SQLAlchemy URL; SQLite under `var_dir` unless DATABASE_URL is set."""
        url = database_address.of_one_or_several(self.database_url)
        for plain in ("postgres://", "postgresql://"):  # as operators and services write it
            if url.startswith(plain):
                return "postgresql+psycopg://" + url.removeprefix(plain)
        return url or f"sqlite:///{self.var_dir / 'hotline.sqlite3'}"

    @cached_property
    def redis(self) -> str:
        """Redis URL; the unix socket of the server that the launcher starts unless REDIS_URL is set."""
        if self.redis_url:
            return self.redis_url
        path = str(self.var_dir / "redis.sock")
        # The kernel takes 107 bytes; Redis's client does not read what the server tells of a path with a space or "=".
        if len(os.fsencode(path)) > 100 or re.search(r"[\s=]", path):
            path = f"{gettempdir()}/hotline-{sha256(path.encode()).hexdigest()[:16]}.sock"
        return f"unix://{path}"

    @cached_property
    def base_url(self) -> str:
        """The address under which the carrier reaches us, without a trailing slash."""
        return (self.public_base_url or f"http://{self.host}:{self.port}").rstrip("/")

    @cached_property
    def calls_port(self) -> int:
        """The port on which the process that answers calls listens."""
        return self.voice_port or (self.port + 2 if self.port <= 65533 else self.port - 2)

    @cached_property
    def calls_url(self) -> str:
        """The address under which the carrier reaches the process that answers calls, without a trailing slash."""
        if self.public_base_url or not self.voice_port:
            return self.base_url
        return f"http://{self.host}:{self.voice_port}"

    @property
    def private_paths(self) -> tuple[Path, ...]:
        """Files outside `var_dir` that are kept for the hotline's user alone: an SQLite database of another place."""
        if not self.database.startswith("sqlite:///"):
            return ()
        path = Path(self.database.removeprefix("sqlite:///").partition("?")[0])
        # SQLite keeps its files beside what a link leads to.
        places = [path] if path.absolute() == path.resolve() else [path, path.resolve()]
        return tuple(Path(f"{place}{end}") for place in places for end in ("", "-wal", "-shm", ".migrating"))

    def _local_secret(self, name: str) -> str:
        if not self.local:
            raise ConfigurationError(f"{name} must be set in production mode")
        from ivr.config.local_secrets import local_secret

        return local_secret(self.var_dir, name)


def _check_postgresql_options(url: str) -> None:
    if not (given := parse_qsl(urlsplit(url).query, keep_blank_values=True)):
        return
    from psycopg import ProgrammingError
    from psycopg.conninfo import make_conninfo

    for name, value in given:
        try:
            make_conninfo("", **{name: value})
        except ProgrammingError:
            raise ValueError(f"there is no option {name} of a connection to PostgreSQL") from None


def _check_options(url: str) -> None:
    from redis.connection import ConnectionPool  # it takes a while to import

    try:
        ConnectionPool.from_url(url).make_connection()  # connects to nothing
    except (TypeError, ValueError):
        raise ValueError("behind the question mark stands an option that there is not, or a wrong value") from None


def _with_scheme(url: str, schemes: tuple[str, ...]) -> str:
    if not url:
        return url
    accepted = ", ".join(f"{scheme}://" for scheme in schemes)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(f"this is no address (characters of a password are written %40): {accepted}") from None
    if parts.scheme not in schemes or "://" not in url:
        raise ValueError(f"begins with none of {accepted}")
    return url
