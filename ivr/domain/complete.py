"""Tables that need an entry for every member of an enumeration."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

_Member = TypeVar("_Member", bound=StrEnum)
_Value = TypeVar("_Value")


def complete(name: str, table: Mapping[_Member, _Value], members: type[_Member]) -> Mapping[_Member, _Value]:
    """The table, if it has an entry for every member. `name` stands in the error.

    Raises:
        ValueError: naming the members without an entry.
    """
    if missing := [member.name for member in members if member not in table]:
        raise ValueError(f"{name}: no entry for {', '.join(missing)}")
    return table
