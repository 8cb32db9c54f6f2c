"""Messages of alerts, from the catalogue of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ivr.domain import words
from ivr.domain.enums import AlertEvent, CarrierFault, Medium
from ivr.platform.translations import catalogue

if TYPE_CHECKING:
    from ivr.config.settings import Settings
    from ivr.models.alerts import CarrierFaultRow

#: Receipt codes named in a message, of each kind; the desk has them all.
MOST_NAMED = 20
#: Receipt codes in a text message, which has to be short.
_MOST_IN_SMS = 4

_VIEWS = {AlertEvent.DANGER: "emergencies", AlertEvent.EMERGENCY: "emergencies"}


def message(
    language: str, kinds: Mapping[AlertEvent, int], codes: Mapping[AlertEvent, Sequence[str]], settings: Settings
) -> tuple[str, str]:
    """Subject and text about so many tasks of each kind, of which `codes` names the first."""
    titles, lines = [], []
    for kind, named in codes.items():
        count = kinds[kind]
        said = catalogue(language).ngettext(*words.ALERT_TITLES[AlertEvent(kind)], count)
        title = said % {"count": _grouped(count, language), "hours": f"{settings.escalation_hours:g}"}
        titles.append(title)
        lines += [f"{title}:", *(f"  {code}" for code in named)]
        if kind == AlertEvent.DANGER:
            lines.append(words.ALERT_LINES.of("danger", catalogue(language).gettext))
        if count > len(named):
            lines.append("  " + _more(count - len(named), language))
        lines.append("")
    url = f"{settings.base_url}/desk/?view={_VIEWS.get(next(iter(codes)), 'due')}"
    desk = words.ALERT_LINES.of("desk", catalogue(language).gettext) % {"url": url}
    return ", ".join(titles)[:200], "\n".join([*lines, desk, ""])


def carrier_fault(language: str, row: CarrierFaultRow, settings: Settings) -> tuple[str, str]:
    """Subject and text about a fault of the carrier."""
    translate = catalogue(language).gettext
    title = catalogue(language).ngettext(*words.ALERT_TITLES[AlertEvent.CARRIER_FAULT], 1) % {"count": 1}
    medium, fault = words.MEDIA.of(Medium(row.medium), translate), CarrierFault(row.fault)
    what = f"{medium}: {words.CARRIER_FAULTS.of(fault, translate)}" + (f" ({row.region})" if row.region else "")
    lines = [
        f"{what}.",
        words.ALERT_LINES.of("not_counted", translate),
        words.CARRIER_REMEDIES.of(fault, translate),
        *([words.ALERT_LINES.of("carriers_code", translate) % {"code": row.code}] if row.code else []),
        "",
        words.ALERT_LINES.of("faults", translate) % {"url": f"{settings.base_url}/supervision/unfinished"},
    ]
    return f"{title}: {what}"[:200], "\n".join([*lines, ""])


def house_alarm(language: str, event: AlertEvent, cap: str, settings: Settings) -> tuple[str, str]:
    """Subject and text about what is about no task; `cap` is the name of the cap that it is about, if any."""
    translate = catalogue(language).gettext
    title = catalogue(language).ngettext(*words.ALERT_TITLES[event], 1) % {"count": 1}
    faults = words.ALERT_LINES.of("faults", translate) % {"url": f"{settings.base_url}/supervision/unfinished"}
    if not cap:
        return title[:200], "\n".join([words.HOUSE_ALARMS.of(event, translate), "", faults, ""])
    named, costs = words.cap_named(cap, translate), f"{settings.base_url}/supervision/costs"
    lines = [words.HOUSE_ALARMS.of(event, translate), words.ALERT_LINES.of("cap", translate) % {"cap": named}, ""]
    costs = words.ALERT_LINES.of("costs", translate) % {"url": costs}
    return f"{title}: {named}"[:200], "\n".join([*lines, costs, faults, ""])


def short(language: str, subject: str, codes: Mapping[str, Sequence[str]], count: int) -> str:
    """The same as a text message."""
    named = [code for some in codes.values() for code in some][:_MOST_IN_SMS]
    more = f" {_more(count - len(named), language)}" if count > len(named) else ""
    return f"{subject}: {', '.join(named)}{more}" if named else subject


def _more(count: int, language: str) -> str:
    return words.ALERT_LINES.of("more", catalogue(language).gettext) % {"count": _grouped(count, language)}


def _grouped(count: int, language: str) -> str:
    return f"{count:,}".replace(",", "." if language == "de" else ",")
