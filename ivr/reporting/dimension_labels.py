"""The labels of the metrics' dimensions and of their keys."""

from __future__ import annotations

from collections.abc import Sequence

from ivr.config.settings import settings
from ivr.domain import labels
from ivr.domain.languages import LANGUAGES
from ivr.domain.routing import AGE_GROUPS, CONCERNS
from ivr.reporting.tables import Translate


def keys(dimension: str, found: Sequence[str] = ()) -> list[str]:
    """All keys of a dimension: the configured ones, those that only occur in old data, and the empty one."""
    configured = settings()
    known: dict[str, Sequence[str]] = {
        "team": tuple(configured.teams),
        "office": tuple(configured.offices),
        "language": configured.enabled_languages,
        "concern": CONCERNS,
        "age_group": AGE_GROUPS,
        "reason": tuple(labels.REFUSAL_REASONS),
    }
    usual = known[dimension]
    return [*usual, *sorted(key for key in found if key and key not in usual), *([""] if "" in found else [])]


def name(dimension: str, key: str, language: str, _: Translate) -> str:
    """The label of a key."""
    configured = settings()
    if not key:
        return _("not known")
    match dimension:
        case "team":
            return configured.teams[key].name if key in configured.teams else key
        case "office":
            return configured.offices[key].name if key in configured.offices else key
        case "language":
            spoken = LANGUAGES.get(key)
            return key if spoken is None else spoken.german_name if language == "de" else spoken.english_name
        case "concern":
            return _(labels.CONCERNS.get(key, key))
        case "age_group":
            return _(labels.AGE_GROUPS.get(key, key))
        case _:
            return _(labels.REFUSAL_REASONS.get(key, key))


def dimension_name(dimension: str, _: Translate) -> str:
    """The label of a dimension."""
    return {
        "team": _("Team"),
        "office": _("Office"),
        "language": _("Language"),
        "concern": _("Concern"),
        "age_group": _("Age group"),
        "reason": _("Reason"),
    }[dimension]
