"""What calls and text messages have cost, and how much of each cap is used."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from flask import Blueprint, Response, render_template
from flask_babel import format_currency, get_locale, gettext

from ivr.callbacks import caps
from ivr.config.settings import settings
from ivr.domain import words
from ivr.domain.enums import SpendingKind
from ivr.domain.timestamps import utc_now
from ivr.models.spending import Spending
from ivr.platform import database
from ivr.reporting import costs, list_export
from ivr.reporting.list_export import Cell
from ivr.web.addresses import period
from ivr.web.downloads import saved_as
from ivr.web.event_texts import day_text
from ivr.web.login import chosen_language

pages = Blueprint("costs", __name__, url_prefix="/supervision")


@pages.get("/costs")
def page() -> str:
    """The caps, and what was spent by kind and country, by the carrier's own prices. The carrier is not asked now."""
    first, last = period(30)
    with database.reading() as session:
        return render_template(
            "costs.html", first=first, last=last, uses=caps.everywhere(session, utc_now()), money=_money,
            country=_country, sums=costs.sums(session, first, last), days=_days(costs.rows(session, first, last)),
            standing=costs.standing(session), told=costs.carrier_tells_prices(), carrier=settings().carrier,
            has_carrier=settings().has_carrier, invented=settings().local, warning=settings().cap_warning,
        )  # fmt: skip


def _days(rows: Sequence[Spending]) -> list[tuple[str, dict[str, str]]]:
    """Each day with what it has cost by kind, in all currencies."""
    days: dict[str, dict[str, dict[str, Decimal]]] = {}
    for row in rows:
        if row.currency:
            of_kind = days.setdefault(day_text(row.day), {}).setdefault(row.kind, {})
            of_kind[row.currency] = of_kind.get(row.currency, Decimal(0)) + costs.amount(row.price)
    return [(day, {kind: _together(sums) for kind, sums in of.items()}) for day, of in days.items()]


def _together(sums: dict[str, Decimal]) -> str:
    return " + ".join(_money(price, currency) for currency, price in sums.items())


def _money(price: Decimal, currency: str) -> str:
    """A price; a dash where the carrier has told none."""
    return str(format_currency(price, currency)) if currency else "–"


def _country(code: str) -> str:
    """A country as the interface calls it."""
    if not code:
        return str(gettext("unknown"))
    locale = get_locale()
    return str(locale.territories.get(code, code)) if locale else code


@pages.get("/costs.csv")
def download() -> Response:
    """What was spent, a line for each day, kind, country and currency."""
    first, last = period(30)
    with database.reading() as session:
        lines = [_line(row) for row in costs.rows(session, first, last)]
    made = list_export.as_csv(_headings(), lines, chosen_language(), settings().hours.zone)
    return saved_as(Response(made, mimetype="text/csv"), gettext("Costs"), first, last, ending="csv")


def _headings() -> list[str]:
    return [
        gettext("Day (UTC)"),
        gettext("For"),
        gettext("Country"),
        gettext("Count"),
        gettext("Without a price"),
        gettext("Price"),
        gettext("Currency"),
    ]


def _line(row: Spending) -> list[Cell]:
    of_account = row.kind == SpendingKind.ACCOUNT
    return [
        row.day.isoformat(),
        words.SPENDING_KINDS.of(row.kind, gettext),
        "" if of_account else row.country or gettext("unknown"),
        None if of_account else row.count,
        None if of_account else row.unpriced,
        costs.amount(row.price) if row.currency else None,
        row.currency,
    ]
