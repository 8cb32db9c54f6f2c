"""Reports for supervisors: to be looked at, published and downloaded."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import format_date, gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.domain.timestamps import utc_now
from ivr.platform import database
from ivr.reporting import daily_metrics, export_files, publication
from ivr.reporting.publication import NothingCounted, NotYet
from ivr.reporting.tables import Report, shown
from ivr.web.login import chosen_language

reports = Blueprint("reports", __name__, url_prefix="/supervision/reports")


@reports.get("/")
def page() -> str | AnyResponse:
    """A report on the page; without a choice, the statement of the last month."""
    try:
        with database.reading() as session:
            report = _asked_for(session)
    except ValueError:
        flash(gettext("Please choose a period of at most three years that ends after it begins."), "warning")
        return redirect(url_for("reports.page"))
    return render_template(
        "reports.html", report=report, shown=shown, chosen=_query(), endings=tuple(export_files.MAKERS),
        names=publication.NAMES, title=lambda name: publication.title(name, gettext),
    )  # fmt: skip


@reports.post("/publish")
def publish() -> AnyResponse:
    """Publish a month, for good."""
    report, asked = request.form.get("report", ""), request.form.get("month", "")
    try:
        month = date.fromisoformat(f"{asked}-01")
        _within_reason(month, month)
        with database.writing() as session:
            publication.publish(session, month, utc_now())
    except NotYet as refused:
        flash(_not_yet(refused), "warning")
    except NothingCounted:
        flash(gettext("Nothing was counted in this month: there is nothing to publish."), "warning")
    except ValueError:
        flash(gettext("Please choose a period of at most three years that ends after it begins."), "warning")
    else:
        flash(gettext("Published. The statement and the scorecard of this month stay as they are now."), "success")
    return redirect(url_for("reports.page", report=report, month=asked))


@reports.get("/file.<ending>")
def download(ending: str) -> AnyResponse:
    """A report as CSV, XLSX or PDF."""
    if ending not in export_files.MAKERS:
        return redirect(url_for("reports.page"))
    try:
        with database.reading() as session:
            report = _asked_for(session)
    except ValueError:
        flash(gettext("Please choose a period of at most three years that ends after it begins."), "warning")
        return redirect(url_for("reports.page"))
    make, mimetype = export_files.MAKERS[ending]
    answer = Response(make(report, gettext), mimetype=mimetype)
    answer.headers["Content-Disposition"] = f"attachment; filename={report.file_name}.{ending}"
    return answer


def _query() -> dict[str, str]:
    """The choice, as it stands in an address."""
    last_month = daily_metrics.local_day(utc_now()).replace(day=1) - timedelta(days=1)
    asked = request.args
    return {
        "report": asked.get("report", "") if asked.get("report") in publication.NAMES else "statement",
        "month": asked.get("month", "") or f"{last_month:%Y-%m}",
        "since": asked.get("since", "") or f"{last_month.replace(day=1)}",
        "until": asked.get("until", "") or f"{last_month}",
    }


def _asked_for(session: Session) -> Report:
    """The report of the address.

    Raises:
        ValueError: there is no such month or period.
    """
    chosen, language = _query(), chosen_language()
    if chosen["report"] == "overview":
        first, last = date.fromisoformat(chosen["since"]), date.fromisoformat(chosen["until"])
        _within_reason(first, last)
        return publication.period(session, first, last, language, gettext)
    month = date.fromisoformat(f"{chosen['month']}-01")
    _within_reason(month, month)
    kept = publication.published(session, chosen["report"], month, language, gettext)
    return kept or publication.preview(session, chosen["report"], month, language, gettext)


def _within_reason(first: date, last: date) -> None:
    if first.year < 2000 or last.year > 9000:
        raise ValueError("the hotline is younger")


def _not_yet(refused: NotYet) -> str:
    return str(
        gettext(
            "This month is not final yet. It can be published from %(day)s on.",
            day=format_date(refused.from_day, "dd.MM.yyyy"),
        )
    )
