"""Keeps the answers of `ivr setup`: `ivr.toml`, and an environment file for secrets, both for the owner alone.

Each answer is written as soon as it is given, so that the next run goes on where one was cut off.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ivr.config import settings as configuration
from ivr.config.sections import ConfigurationError
from ivr.config.settings import SECRET_FIELDS
from ivr.platform import private_files

_MARK = "# Made by `ivr setup`; it may be changed by hand, comments are lost when `ivr setup` runs again."
#: What production needs, for as long as it is not answered.
_UNTIL_ANSWERED = {
    "public_base_url": "https://hotline.example",
    "trusted_proxies": 1,
    "twilio_account_sid": "AC1",
    "twilio_auth_token": secrets.token_hex(16),
    "sip_address": "127.0.0.1",
    "sip_peers.pbx.address": "127.0.0.1",
}


class NotOurs(Exception):
    """There is a file of that name that `ivr setup` has not made."""


class SetupFiles:
    """The answers so far, by the names of their settings; `hours.daily` is one of a table."""

    def __init__(self, directory: Path) -> None:
        """Read what is there.

        Raises:
            NotOurs: a file was made by somebody else.
            ValueError: a file was changed so that it cannot be read.
        """
        self.toml, self.environment = directory / "ivr.toml", directory / "environment"
        self.answers: dict[str, Any] = {}
        for path in filter(Path.exists, (self.toml, self.environment)):
            if not path.read_text(encoding="utf-8").startswith(_MARK):
                raise NotOurs(f"{path} was not made by `ivr setup`: move it away, or give another --directory")
        if self.toml.exists():
            self.answers |= _flat(tomllib.loads(self.toml.read_text(encoding="utf-8")))
        if self.environment.exists():
            for line in self.environment.read_text(encoding="utf-8").splitlines():
                name, equals, value = line.partition("=")
                if equals and not line.startswith("#"):
                    self.answers[name.lower()] = "".join(shlex.split(value))

    def keep(self, **answers: Any) -> None:
        """Write answers down."""
        self.answers |= answers
        secret = {name: value for name, value in self.answers.items() if name in SECRET_FIELDS}
        plain = {name: value for name, value in self.answers.items() if name not in secret}
        _write(self.toml, [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in plain.items()])
        _write(self.environment, [f"{name.upper()}={shlex.quote(value)}" for name, value in secret.items()])

    def wrong(self, **answers: Any) -> str:
        """What is wrong with answers beside those before; "" if nothing is."""
        try:
            configuration.load(**_nested({**_UNTIL_ANSWERED, **self.answers, **answers}))
        except ConfigurationError as error:
            return str(error)
        return ""

    def use(self) -> None:
        """Let this process use these settings from now on."""
        os.environ["IVR_CONFIG"] = str(self.toml)
        os.environ.update({name.upper(): self.answers[name] for name in SECRET_FIELDS if name in self.answers})
        configuration.settings.cache_clear()


def _write(path: Path, lines: list[str]) -> None:
    private_files.replace(path, ("\n".join([_MARK, *lines]) + "\n").encode())


def _flat(table: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in table.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return found


def _nested(answers: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in answers.items():
        *tables, last = name.split(".")
        place = found
        for table in tables:
            place = place.setdefault(table, {})
        place[last] = value
    return found
