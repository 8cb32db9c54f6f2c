"""What is wrong with the settings, said so that an operator can mend it: key, reason and remedy, never a value."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import SettingsError

#: How a value of several parts is written in a variable.
_AS_JSON = 'a list is written ["de","en"], a table {"key": "value"}'


def file_named() -> Path:
    """The file of settings."""
    return Path(os.environ.get("IVR_CONFIG", "ivr.toml"))


def unread(error: Exception) -> str:
    """Why environment or file cannot be read."""
    name = re.search(r'field "(\w+)"', str(error))
    if isinstance(error, SettingsError) and name:
        reason = _of_json(error.__cause__)
        return f"The configuration cannot be read: {name[1].upper()} is no JSON ({reason}); {_AS_JSON}"
    return f"The configuration cannot be read: {file_named()}: {_of_file(error)}"


def _of_json(error: BaseException | None) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, at character {error.pos + 1}"
    return "too deep" if isinstance(error, RecursionError) else "not to be parsed"


def _of_file(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
        return f"line {line} is not in UTF-8: save the file as UTF-8"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    try:
        marked = file_named().read_bytes().startswith(b"\xef\xbb\xbf")
    except OSError:
        marked = False
    return "it begins with a byte order mark: save it as UTF-8 without one" if marked else str(error)


def wrong(error: ValidationError, fields: Mapping[str, FieldInfo], missing: Sequence[str]) -> str:
    """Every key that is wrong, a line each; and those of `missing` that no line names."""
    lines = []
    for item in error.errors(include_input=False):
        key = ".".join(str(part) for part in item["loc"]) or "configuration"
        reason = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            reason = "there is no such key"
        elif item["type"] == "string_pattern_mismatch" and key in fields:
            reason = f"is not written as it must be. {fields[key].description}"
        lines.append(f"{key}: {reason}")
    named = "\n".join(lines)
    lines += [f"{key} must be set in production mode" for key in missing if not re.search(rf"\b{key}\b", named)]
    return "The configuration is wrong (ivr.toml or environment):\n" + "\n".join(f"  {line}" for line in lines)
