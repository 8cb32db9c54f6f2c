"""What stands below each table with data of members: what it serves, who sees it, and how long it is kept."""

from __future__ import annotations

from flask import Flask, request
from flask_babel import gettext
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from ivr.domain import words
from ivr.domain.permissions import permission_of
from ivr.platform.kept_reading import KeptReading
from ivr.privacy import retention_periods
from ivr.privacy.compliance import layout
from ivr.privacy.compliance.data_inventory import TABLES


def staff_statement(*tables: str) -> str:
    """The statement about the data of members in these tables, for the page that is shown."""
    permission = permission_of(request.endpoint or "")
    roles = [words.ROLES.of(role, gettext) for role in words.ROLES if permission and role in permission.who]
    days = _days.value()
    kept = (f"{gettext(TABLES[one].what)}: {layout.periods(gettext, TABLES[one], days)}" for one in tables)
    return str(
        gettext(
            "Data of members stands here. It serves calls, promises and the protection of people, never to assess or "
            "compare anybody. Who sees it: %(roles)s. How long it is kept: %(kept)s.",
            roles=", ".join(roles),
            kept="; ".join(kept).replace("`", ""),
        )
    )


def _read(connection: Connection, _before: dict[str, int] | None) -> dict[str, int]:
    return retention_periods.all_days(Session(connection))


_days = KeptReading[dict[str, int]](
    "periods", _read, {kind: period.days for kind, period in retention_periods.PERIODS.items()}, 60.0
)


def install(app: Flask) -> None:
    """Make the statement available to the templates."""
    app.jinja_env.globals.update(staff_statement=staff_statement)
