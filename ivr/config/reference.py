"""docs/configuration.md, written from the settings themselves."""

from __future__ import annotations

import types
import typing
from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ivr.config.access import Access
from ivr.config.audio import Audio
from ivr.config.callers import Callers
from ivr.config.carrier import Carrier
from ivr.config.contact_centre import ContactCentre
from ivr.config.exchanges import Exchanges
from ivr.config.installation import Installation
from ivr.config.promises import Promises
from ivr.config.reach import Reach
from ivr.config.settings import Settings
from ivr.config.sip import Sip
from ivr.config.transcription import Transcription
from ivr.domain.opening_hours import Hours, Span
from ivr.domain.setting_types import Strict

_SECTIONS: dict[str, type[BaseModel]] = {
    "Installation": Installation,
    "Carrier": Carrier,
    "Exchanges": Exchanges,
    "Lines over SIP": Sip,
    "Log-in and secrets": Access,
    "Callers": Callers,
    "Who is called and texted": Reach,
    "Teams, live calls and callbacks": ContactCentre,
    "Promises, alerts and reports": Promises,
    "Recordings": Audio,
    "Speech recognition": Transcription,
}
_WORDS = {str: "text", int: "number", float: "decimal", bool: "true, false", Path: "path", date: "day", time: "time",
          Span: '"08:00-18:00", "closed"'}  # fmt: skip
#: What follows this line in docs/configuration.md is written anew; what stands before it stays.
_MARK = "<!-- From here on written by `python -m ivr settings docs`; descriptions belong into ivr/config/. -->\n"


def updated(document: str) -> str:
    """A document, or an empty one, whose part after the mark is written from the settings.

    Raises:
        ValueError: it has no mark: it is another document, which stays as it is.
    """
    if document.strip() and _MARK not in document:
        raise ValueError("it is a file of something else, without the line after which the tables stand")
    return document.partition(_MARK)[0] + _MARK + "\n" + markdown()


def markdown() -> str:
    """The tables of all settings."""
    parts: list[str] = []
    tables: dict[str, type[Strict]] = {}
    for heading, section in _SECTIONS.items():
        own = {name: Settings.model_fields[name] for name in section.__annotations__ if name in Settings.model_fields}
        parts.append(_table(f"## {heading}", own, environment=True))
        for field in own.values():
            _collect(field.annotation, tables)
    parts.append("## Tables\n\nTables that are the value of a key above.\n")
    parts += [_table(f"### {name}", model.model_fields, model=model) for name, model in sorted(tables.items())]
    return "\n".join(parts)


def _table(
    heading: str, fields: dict[str, FieldInfo], *, model: type[BaseModel] | None = None, environment: bool = False
) -> str:
    columns = (
        ["key", "environment", "type", "default", "meaning"] if environment else ["key", "type", "default", "meaning"]
    )
    lines = [heading, ""]
    if model is not None:
        lines += [str(model.__doc__).partition("\n")[0], ""]
    lines += [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for name, field in fields.items():
        cells = [
            f"`{name}`",
            f"`{name.upper()}`",
            _type(field.annotation) + _range(field),
            _default(field),
            field.description or "",
        ]
        if not environment:
            del cells[1]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])


def _collect(annotation: Any, tables: dict[str, type[Strict]]) -> None:
    """Put the tables of a type, and those of their fields, into `tables`."""
    if isinstance(annotation, type) and issubclass(annotation, Strict) and annotation.__name__ not in tables:
        tables[annotation.__name__] = annotation
        for field in annotation.model_fields.values():
            _collect(field.annotation, tables)
    for part in get_args(annotation):
        _collect(part, tables)


def _type(annotation: Any) -> str:
    """A type in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{value}`" if value != "" else "empty" for value in parts)
    if origin in (typing.Union, types.UnionType):
        return ", ".join(_type(part) for part in parts if part is not type(None))
    if origin is typing.Annotated:
        return _type(parts[0])
    if origin is tuple:
        return f"list of {_type(parts[0])}"
    if origin is dict:
        return f"table of {_type(parts[1])}"
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(f"`{value}`" for value in annotation)
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return _WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _range(field: FieldInfo) -> str:
    """The numbers that are accepted."""
    limits = {
        name: getattr(part, name) for part in field.metadata for name in ("ge", "gt", "le", "lt") if hasattr(part, name)
    }
    words = {"ge": "from {}", "gt": "more than {}", "le": "to {}", "lt": "less than {}"}
    said = [word.format(limits[name]) for name, word in words.items() if name in limits]
    return ", " + " ".join(said) if said else ""


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "**needed**" if field.default_factory is None else ""
    if isinstance(value, Hours):
        return f"`{_span(value.daily)}`" if value.daily else "closed"
    if isinstance(value, Span):
        return f"`{_span(value)}`"
    if isinstance(value, BaseModel) or (isinstance(value, dict) and value):
        return "the usual ones" if isinstance(value, dict) else "as below"
    if value in ("", None, (), {}):
        return ""
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _span(span: Span) -> str:
    return f"{span.opens:%H:%M}-{span.closes:%H:%M}" if span.closes else f"{span.opens:%H:%M}-24:00"
