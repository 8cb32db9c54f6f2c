"""Settings in files of their own: a variable `NAME_FILE` names one, systemd hands over a directory of credentials."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource

from ivr.config.sections import ConfigurationError

_SUFFIX = "_FILE"
#: Where systemd puts what a unit's LoadCredential= names. A file is called like its setting; of a whole directory
#: (`LoadCredential=hotline:/etc/hotline/credentials`) systemd puts the first word before each name.
_CREDENTIALS, _OF_A_DIRECTORY = "CREDENTIALS_DIRECTORY", "hotline_"


def read(settings_cls: type[BaseSettings]) -> Mapping[str, Any]:
    """The values of settings that stand in files of their own. A file that a variable names goes first.

    Raises:
        ConfigurationError: a file cannot be read, or a setting stands in the environment and in a file.
    """
    named = dict(_named_by_variables(settings_cls))
    found = {**dict(_credentials(settings_cls)), **named}
    if not found:
        return {}
    source = EnvSettingsSource(settings_cls)
    source.env_vars = {name: _content(name, path) for name, path in found.items()}
    return source()


def paths(settings_cls: type[BaseSettings]) -> list[Path]:
    """The files that variables name."""
    return [path for _, path in _named_by_variables(settings_cls)]


def _named_by_variables(settings_cls: type[BaseSettings]) -> Iterator[tuple[str, Path]]:
    given = {variable.upper() for variable, value in os.environ.items() if value}
    for variable, value in os.environ.items():
        name = variable.upper().removesuffix(_SUFFIX)
        if not value or name == variable.upper() or name.lower() not in settings_cls.model_fields:
            continue
        if name in given:
            raise ConfigurationError(f"{name} and {name}{_SUFFIX} are both set: take one of them away")
        yield name.lower(), Path(value)


def _credentials(settings_cls: type[BaseSettings]) -> Iterator[tuple[str, Path]]:
    directory = os.environ.get(_CREDENTIALS)
    if not directory or not Path(directory).is_dir():
        return
    for path in sorted(Path(directory).iterdir()):
        for name in (path.name.lower(), path.name.lower().removeprefix(_OF_A_DIRECTORY)):
            if name in settings_cls.model_fields:
                yield name, path
                break


def _content(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(f"{name}: the file {path} cannot be read: {reason}") from None
