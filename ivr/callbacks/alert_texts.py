"""What alerts say. They leave the house: a task is named by its receipt code, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ivr.domain.enums import AlertEvent

if TYPE_CHECKING:
    from ivr.config.settings import Settings

#: Receipt codes named in a message, of each kind; the desk has them all.
MOST_NAMED = 20
#: Receipt codes in a text message, which has to be short.
_MOST_IN_SMS = 4

_TITLES = {
    "de": {
        AlertEvent.EMERGENCY: ("{count} neuer Notfall", "{count} neue Notfälle"),
        AlertEvent.AT_RISK: ("{count} Rückrufzusage gefährdet", "{count} Rückrufzusagen gefährdet"),
        AlertEvent.MISSED: ("{count} Rückrufzusage überfällig", "{count} Rückrufzusagen überfällig"),
        AlertEvent.ESCALATED: (
            "{count} Rückrufzusage seit {hours} Stunden überfällig",
            "{count} Rückrufzusagen seit {hours} Stunden überfällig",
        ),
    },
    "en": {
        AlertEvent.EMERGENCY: ("{count} new emergency", "{count} new emergencies"),
        AlertEvent.AT_RISK: ("{count} callback promise at risk", "{count} callback promises at risk"),
        AlertEvent.MISSED: ("{count} callback promise missed", "{count} callback promises missed"),
        AlertEvent.ESCALATED: (
            "{count} callback promise missed for {hours} hours",
            "{count} callback promises missed for {hours} hours",
        ),
    },
}
_MORE = {"de": "und {count} weitere", "en": "and {count} more"}
_DESK = {"de": "Zum Rückrufplatz: {url}", "en": "To the callback desk: {url}"}
_VIEWS = {AlertEvent.EMERGENCY: "emergencies"}


def message(
    language: str, kinds: Mapping[AlertEvent, int], codes: Mapping[AlertEvent, Sequence[str]], settings: Settings
) -> tuple[str, str]:
    """Subject and text about so many tasks of each kind, of which `codes` names the first."""
    titles, lines = [], []
    for kind, named in codes.items():
        singular, plural = _TITLES[language][kind]
        count = kinds[kind]
        title = (singular if count == 1 else plural).format(
            count=_grouped(count, language), hours=f"{settings.escalation_hours:g}"
        )
        titles.append(title)
        lines += [f"{title}:", *(f"  {code}" for code in named)]
        if count > len(named):
            lines.append("  " + _MORE[language].format(count=_grouped(count - len(named), language)))
        lines.append("")
    url = f"{settings.base_url}/desk/?view={_VIEWS.get(next(iter(codes)), 'due')}"
    return ", ".join(titles)[:200], "\n".join([*lines, _DESK[language].format(url=url), ""])


def short(language: str, subject: str, codes: Mapping[str, Sequence[str]], count: int) -> str:
    """The same as a text message."""
    named = [code for some in codes.values() for code in some][:_MOST_IN_SMS]
    more = f" {_MORE[language].format(count=_grouped(count - len(named), language))}" if count > len(named) else ""
    return f"{subject}: {', '.join(named)}{more}"


def _grouped(count: int, language: str) -> str:
    return f"{count:,}".replace(",", "." if language == "de" else ",")
