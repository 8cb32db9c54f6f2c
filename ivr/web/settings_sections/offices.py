"""Offices: their names, and the postal codes each is responsible for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from flask_babel import gettext

from ivr.config.settings import Settings
from ivr.domain import phone_numbers
from ivr.web import forms
from ivr.web.form_fields import line_of
from ivr.web.settings_sections.base import Change, Field, Group, Rows, Section, Sent

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_POSTAL_CODE = re.compile(r"\d{5}")


class OfficeRow(forms.Form):
    """The name of an office and its postal codes."""

    office_name: Annotated[str, line_of(120)]
    postal_codes: Annotated[str, line_of(300)] = ""


class NewOfficeRow(forms.Form):
    """A new office, and the short name by which files and reports know it."""

    office_key: Annotated[str, line_of(40)]
    new_name: Annotated[str, line_of(120)]
    new_codes: Annotated[str, line_of(300)] = ""


class Offices(Section):
    """Which office is responsible for whom."""

    name = "offices"

    def groups(self, configured: Settings) -> Sequence[Group]:
        """The name and the postal codes of each office, and a new one."""
        known = [
            Group(office.name, (
                Field(f"office_name-{key}", gettext("Name"), office.name),
                Field(f"postal_codes-{key}", gettext("Postal codes"), ", ".join(office.postal_codes), wide=True),
            ))
            for key, office in configured.offices.items()
        ]  # fmt: skip
        new = (
            Field("office_key-0", gettext("Short name")),
            Field("new_name-0", gettext("Name")),
            Field("new_codes-0", gettext("Postal codes"), wide=True),
        )
        note = gettext(
            "The short name (small letters, digits, _) stays for ever; files and reports use it. An office is never "
            "taken away, because its tasks stay."
        )
        return [*known, Group(gettext("A new office"), new, note)]

    def read(self, sent: Sent, configured: Settings) -> Any:
        """All offices. No postal code belongs to two of them."""
        rows, found = Rows(sent), {}
        fields: dict[str, str] = {}
        for key in configured.offices:
            row = rows.one(OfficeRow, f"-{key}")
            if row is not None:
                fields[key] = f"postal_codes-{key}"
                found[key] = {"name": row.office_name, "postal_codes": _codes(row.postal_codes)}
            elif f"office_name-{key}" not in rows.errors:
                rows.errors[f"office_name-{key}"] = gettext("Please fill this in.")
        if new := rows.one(NewOfficeRow, "-0"):
            if not _KEY.fullmatch(new.office_key) or new.office_key in configured.offices:
                rows.errors["office_key-0"] = gettext("Please give a short name of small letters that is not taken.")
            fields[new.office_key] = "new_codes-0"
            found[new.office_key] = {"name": new.new_name, "postal_codes": _codes(new.new_codes)}
        rows.errors |= _wrong(found, fields)
        rows.done()
        return found

    def changes(self, before: Settings, after: Settings) -> Sequence[Change]:
        """Names that are different, new offices, and postal codes that belong to another office."""
        pairs = [
            (key, *(one.offices[key].name if key in one.offices else "–" for one in (before, after)))
            for key in dict.fromkeys([*before.offices, *after.offices])
        ]
        found = [Change(gettext("Office %(key)s", key=key), old, new) for key, old, new in pairs if old != new]
        codes = sorted({code for one in (before, after) for office in one.offices.values()
                        for code in office.postal_codes})  # fmt: skip
        for code in codes:
            old, new = (_responsible(one, code) for one in (before, after))
            if before.office_of(code) != after.office_of(code):
                found.append(Change(gettext("Postal code %(code)s", code=code), old, new))
        return found


def _codes(typed: str) -> list[str]:
    return [code for code in re.split(r"[\s,;]+", phone_numbers.ascii_digits(typed)) if code]


def _wrong(found: Mapping[str, Mapping[str, Any]], fields: Mapping[str, str]) -> dict[str, str]:
    """A sentence for each field whose postal codes cannot be used."""
    errors: dict[str, str] = {}
    owner: dict[str, str] = {}
    for key, office in found.items():
        for code in office["postal_codes"]:
            other = owner.setdefault(code, key)
            if not _POSTAL_CODE.fullmatch(code):
                errors[fields[key]] = gettext("%(code)s is no postal code of five digits.", code=code[:20])
            elif other != key:
                errors[fields[key]] = gettext(
                    "%(code)s belongs to %(office)s already.", code=code, office=found[other]["name"]
                )
    return errors


def _responsible(configured: Settings, code: str) -> str:
    key = configured.office_of(code)
    return configured.offices[key].name if key else "–"
