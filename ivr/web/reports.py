"""Reports for supervisors: to be looked at, published and downloaded."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask_babel import gettext
from pydantic import Field
from werkzeug.wrappers import Response as AnyResponse

from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.platform import database
from ivr.reporting import daily_metrics, export_files, publication
from ivr.reporting.publication import Changed, NothingCounted, NotYet
from ivr.reporting.tables import Report, shown
from ivr.web import forms
from ivr.web.event_texts import day_text
from ivr.web.form_fields import Day, Month, one_of
from ivr.web.login import chosen_language

_WRONG_PERIOD = _("Please choose a period of at most three years that ends after it begins.")

_NOTHING_COUNTED = _("Nothing was counted in this month: there is nothing to publish.")

reports = Blueprint("reports", __name__, url_prefix="/supervision/reports")


class ReportAddress(forms.Form):
    """Which report is shown: of a month (its first day), or the overview of a period.

    The last month unless said otherwise.
    """

    report: Annotated[str, one_of(publication.NAMES)] = "statement"
    month: Month = Field(default_factory=lambda: _last_month()[0])
    since: Day = Field(default_factory=lambda: _last_month()[0])
    until: Day = Field(default_factory=lambda: _last_month()[1])

    @property
    def query(self) -> dict[str, str]:
        """The choice, as it stands in an address."""
        return {
            "report": self.report, "month": f"{self.month:%Y-%m}", "since": f"{self.since}", "until": f"{self.until}",
        }  # fmt: skip


def _last_month() -> tuple[date, date]:
    last = daily_metrics.local_day(utc_now()).replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


@reports.get("/")
def page() -> str | AnyResponse:
    """A report on the page; without a choice, the statement of the last month."""
    try:
        asked, report = _asked_for()
    except ValueError:
        flash(gettext(_WRONG_PERIOD), "warning")
        return redirect(url_for("reports.page"))
    return _shown(asked, report)


@reports.get("/draft")
def draft() -> str | AnyResponse:
    """A report as it will look when it is published."""
    asked = forms.query(ReportAddress)
    try:
        with database.one_instant() as session:
            report, seen = publication.draft(
                session, asked.report, asked.month, utc_now(), chosen_language(), gettext
            )  # fmt: skip
    except NotYet as refused:
        flash(_not_yet(refused), "warning")
    except NothingCounted:
        flash(gettext(_NOTHING_COUNTED), "warning")
    except (KeyError, ValueError):  # the overview, which is never published; a month that is; one that is none
        pass
    else:
        return _shown(asked, report, seen)
    return redirect(url_for("reports.page", report=asked.report, month=f"{asked.month:%Y-%m}"))


def _shown(asked: ReportAddress, report: Report, seen: str = "") -> str:
    return render_template(
        "reports.html", report=report, shown=shown, chosen=asked.query, endings=tuple(export_files.MAKERS), seen=seen,
        names=publication.NAMES, title=lambda name: publication.title(name, gettext),
    )  # fmt: skip


class PublicationForm(forms.Form):
    """The month that is published, the mark of what was looked at, and the report that is shown afterwards."""

    problem = _WRONG_PERIOD
    seen: str = ""
    month: Month
    report: Annotated[str, one_of(publication.NAMES)] = "statement"


@reports.post("/publish")
def publish() -> AnyResponse:
    """Publish a month, for good."""
    form = forms.read(PublicationForm, url_for("reports.page"))
    try:
        published = publication.publish(form.month, utc_now(), form.seen)
    except Changed:
        flash(gettext("Please look at what will be published, then publish it: this is how it looks now."), "warning")
        return redirect(url_for("reports.draft", report=form.report, month=f"{form.month:%Y-%m}"))
    except NotYet as refused:
        flash(_not_yet(refused), "warning")
    except NothingCounted:
        flash(gettext(_NOTHING_COUNTED), "warning")
    except ValueError:
        flash(gettext(_WRONG_PERIOD), "warning")
    else:
        if published:
            flash(gettext("Published. The statement and the scorecard of this month stay as they are now."), "success")
        else:
            flash(gettext("This month is published already. Here is what was published."), "info")
    return redirect(url_for("reports.page", report=form.report, month=f"{form.month:%Y-%m}"))


@reports.get("/file.<ending>")
def download(ending: str) -> AnyResponse:
    """A report as CSV, XLSX or PDF."""
    if ending not in export_files.MAKERS:
        return redirect(url_for("reports.page"))
    try:
        _asked, report = _asked_for()
    except ValueError:
        flash(gettext(_WRONG_PERIOD), "warning")
        return redirect(url_for("reports.page"))
    make, mimetype = export_files.MAKERS[ending]
    answer = Response(make(report, gettext), mimetype=mimetype)
    answer.headers["Content-Disposition"] = f"attachment; filename={report.file_name}.{ending}"
    return answer


def _asked_for() -> tuple[ReportAddress, Report]:
    """The choice of the address, and its report.

    Raises:
        ValueError: there is no such month or period.
    """
    asked, language = forms.query(ReportAddress, None), chosen_language()
    with database.reading() as session:
        if asked.report == "overview":
            return asked, publication.period(session, asked.since, asked.until, language, gettext)
        kept = publication.published(session, asked.report, asked.month, language, gettext)
        return asked, kept or publication.preview(session, asked.report, asked.month, language, gettext)


def _not_yet(refused: NotYet) -> str:
    return str(
        gettext(
            "This month is not final yet. It can be published from %(day)s on.",
            day=day_text(refused.from_day),
        )
    )
