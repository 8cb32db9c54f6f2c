"""Alerts: who is told of what, under which address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

from flask_babel import gettext

from ivr.config.settings import Settings
from ivr.domain import words
from ivr.domain.alert_subscriptions import AlertSettings, channel
from ivr.domain.enums import AlertEvent, Refusal
from ivr.web import forms
from ivr.web.form_fields import line_of, one_of
from ivr.web.settings_sections.base import Change, Field, Group, Rows, Section, Sent
from ivr.web.words import TABLES

_NAME = re.compile(r"[\w-]{1,60}")
#: Addresses that are shown. Others may hold a secret.
_SHOWN = ("email", "sms")


class AlertRow(forms.Form):
    """Who is told, and where."""

    alert_name: Annotated[str, line_of(60)]
    alert_to: Annotated[str, line_of(300)] = ""
    alert_language: Annotated[str, one_of(("de", "en"))] = "de"


class Alerts(Section):
    """Who is told of emergencies, and of promises in danger."""

    name = "alerts"

    def groups(self, configured: Settings) -> Sequence[Group]:
        """A group of fields for each recipient, and one for a new one."""
        return [_group(number, row, configured) for number, row in enumerate([*configured.alerts, None])]

    def read(self, sent: Sent, configured: Settings) -> Any:
        """Everybody whose name is not empty. An address that is not shown stays where its field is left empty."""
        rows = Rows(sent)
        found: list[dict[str, Any]] = []
        for number, known in enumerate([*configured.alerts, None]):
            if not sent.get(f"alert_name-{number}", "").strip():
                if known is None and sent.get(f"alert_to-{number}", "").strip():
                    rows.errors[f"alert_name-{number}"] = gettext("Please fill this in.")
                continue
            row = rows.one(AlertRow, f"-{number}")
            if row is None:
                continue
            to = row.alert_to or (known.to if known is not None and not _is_shown(known) else "")
            events = [event for event in AlertEvent if sent.get(f"event_{event}-{number}") == "1"]
            teams = [key for key in configured.teams if sent.get(f"of_{key}-{number}") == "1"]
            rows.errors |= _wrong(number, row, to, events, found, configured)
            found.append({"name": row.alert_name, "to": to, "teams": teams, "events": [str(one) for one in events],
                          "language": row.alert_language})  # fmt: skip
        rows.done()
        return found

    def changes(self, before: Settings, after: Settings) -> Sequence[Change]:
        """Who is new, told of something else, or not told any more."""
        old, new = ({one.name: one for one in mine.alerts} for mine in (before, after))
        names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        found = []
        for name in names:
            said = [_said(one[name], after) if name in one else "–" for one in (old, new)]
            if said[0] == said[1]:
                said[1] = f"{said[1]} · {gettext('another address')}"
            found.append(Change(name, *said))
        return found


def _is_shown(one: AlertSettings) -> bool:
    return channel(one.to)[0] in _SHOWN


def _group(number: int, row: AlertSettings | None, configured: Settings) -> Group:
    hidden = row is not None and not _is_shown(row)
    languages = (("de", gettext("German")), ("en", gettext("English")))
    told = row.events if row else AlertSettings.model_fields["events"].default
    fields = (
        Field(f"alert_name-{number}", gettext("Short name"), row.name if row else ""),
        Field(f"alert_to-{number}", gettext("Address: e-mail, sms:+49… or https://…") if configured.has_carrier
              else gettext("Address: e-mail or https://…"),
              row.to if row is not None and not hidden else "", wide=True),
        Field(f"alert_language-{number}", gettext("Language"), row.language if row else "de", "select", languages),
        *(Field(f"event_{event}-{number}", text, "1" if event in told else "", "tick")
          for event, text in TABLES["alert_events"].items()),
        *(Field(f"of_{key}-{number}", gettext("only tasks of %(team)s", team=team.name),
                "1" if row and key in row.teams else "", "tick") for key, team in configured.teams.items()),
    )  # fmt: skip
    if row is None:
        return Group(gettext("A new recipient"), fields, gettext("Where no team is ticked, tasks of all are told."))
    note = gettext("Empty the name to take them away.")
    if hidden:
        note = f"{gettext('The address may hold a secret and is not shown. It stays while its field is empty.')} {note}"
    return Group(row.name, fields, note)


def _wrong(
    number: int, row: AlertRow, to: str, events: Sequence[AlertEvent], before: Sequence[dict[str, Any]],
    configured: Settings,
) -> dict[str, str]:  # fmt: skip
    """A sentence for each field that cannot be used."""
    errors: dict[str, str] = {}
    if not _NAME.fullmatch(row.alert_name) or row.alert_name in [one["name"] for one in before]:
        errors[f"alert_name-{number}"] = gettext("Please give a short name without spaces that is not taken.")
    if not events:
        errors[f"alert_name-{number}"] = gettext("Please tick at least one event for them.")
    if problem := _problem_of(to, configured):
        errors[f"alert_to-{number}"] = problem
    return errors


def _problem_of(to: str, configured: Settings) -> str:
    try:
        kind, _address = channel(to)
        AlertSettings(name="checked", to=to)
    except ValueError:
        if not configured.has_carrier:
            return str(gettext("Please give an e-mail address or an https:// address."))
        return str(gettext("Please give an e-mail address, sms: and a number, or an https:// address."))
    if kind == "sms" and not configured.has_carrier:
        return words.REFUSALS.of(Refusal.NO_TEXTS, gettext)
    if kind == "email" and not configured.smtp_url:
        return str(gettext("E-mail is not set up here (setting smtp_url)."))
    if kind == "webhook" and not configured.webhook_secret:
        return str(gettext("Such messages are signed, and there is no secret for that (setting webhook_secret)."))
    return ""


def _said(one: AlertSettings, configured: Settings) -> str:
    kind, address = channel(one.to)
    teams = [configured.teams[key].name for key in one.teams if key in configured.teams]
    parts = (
        address if kind in _SHOWN else gettext("another service"),
        ", ".join(TABLES["alert_events"][event] for event in AlertEvent if event in one.events),
        ", ".join(teams) or gettext("all teams"),
        gettext("German") if one.language == "de" else gettext("English"),
    )
    return " · ".join(parts)
