"""The labels of the metrics' dimensions and of their keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivr.accounts import former_names
from ivr.accounts.former_names import Names
from ivr.config.settings import settings
from ivr.domain import words
from ivr.domain.languages import name_in
from ivr.domain.routing import AGE_GROUPS, CONCERNS, OfficeSettings, TeamSettings
from ivr.domain.words import Translate


def keys(dimension: str, found: Sequence[str] = ()) -> list[str]:
    """All keys of a dimension: the configured ones, those that only occur in old data, and the empty one."""
    configured = settings()
    known: dict[str, Sequence[str]] = {
        "team": tuple(configured.teams),
        "office": tuple(configured.offices),
        "language": configured.enabled_languages,
        "concern": CONCERNS,
        "age_group": AGE_GROUPS,
        "reason": tuple(words.REFUSAL_REASONS),
    }
    usual = known[dimension]
    return [*usual, *sorted(key for key in found if key and key not in usual), *([""] if "" in found else [])]


def name(dimension: str, key: str, language: str, _: Translate, names: Names | None = None) -> str:
    """The label of a key. `names`: those of the period of a report; without it, those of now."""
    if not key:
        return _("not known")
    match dimension:
        case "team" | "office":
            return (names or {}).get((dimension, key)) or _name_of_now(dimension, key, _)
        case "language":
            return name_in(key, language)
        case "concern":
            return words.CONCERNS.of(key, _)
        case "age_group":
            return words.AGE_GROUPS.of(key, _)
        case _:
            return words.REFUSAL_REASONS.of(key, _)


def _name_of_now(dimension: str, key: str, _: Translate) -> str:
    """The label of a team or an office. What is no longer set up is told by its last name."""
    configured: Mapping[str, TeamSettings | OfficeSettings] = (
        settings().teams if dimension == "team" else settings().offices
    )
    if key in configured:
        return configured[key].name
    return _("%(key)s (no longer set up)") % {"key": former_names.of_before(dimension, key) or key}


def dimension_name(dimension: str, _: Translate) -> str:
    """The label of a dimension."""
    return words.DIMENSIONS.of(dimension, _)
