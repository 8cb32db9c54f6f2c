"""Says any value of a setting in words, for the table of all settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from enum import Enum
from typing import Any

from flask_babel import gettext
from pydantic import BaseModel

from ivr.config.settings import Settings
from ivr.domain.opening_hours import Span
from ivr.web.settings_sections.hours import said

#: Settings that are secrets, or hold one: shown as set or not.
_SECRET = ("secret", "token", "key", "password", "url", "smtp")
#: Settings that hold addresses of people: shown as how many there are.
_OF_PEOPLE = ("alerts", "interpreters", "report_mails")


def in_words(configured: Settings, name: str) -> str:
    """The value of a setting; of secrets only whether they are set, of people's addresses how many."""
    value: Any = getattr(configured, name)
    if any(part in name for part in _SECRET) and isinstance(value, str | tuple):
        return str(gettext("set") if value else gettext("not set"))
    return str(len(value)) if name in _OF_PEOPLE else plain(value)


def plain(value: Any) -> str:
    """A value without any notation of a programming language."""
    match value:
        case None | "" | ():
            return "–"
        case bool():
            return str(gettext("yes") if value else gettext("no"))
        case Enum():
            return str(value.value)
        case Span():
            return said(value)
        case date() | time():
            return value.isoformat()
        case BaseModel():
            return _pairs({name: getattr(value, name) for name in type(value).model_fields})
        case Mapping():
            return _pairs(value) or "–"
        case tuple() | list() | frozenset() | set():
            return ", ".join(plain(one) for one in value) or "–"
    return str(value)


def _pairs(values: Mapping[Any, Any]) -> str:
    shown = ((plain(name).replace("_", " "), value) for name, value in values.items() if value not in ("", (), {}))
    return "; ".join(f"{name}: {plain(value) if value is not None else gettext('closed')}" for name, value in shown)
