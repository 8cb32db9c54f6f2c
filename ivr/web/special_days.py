"""Opening hours of single days: supervisors enter, preview and take back."""

from __future__ import annotations

from datetime import time
from typing import Annotated

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.callbacks import changed_hours
from ivr.config.settings import settings
from ivr.domain import opening_hours
from ivr.domain.enums import NoticeProblem
from ivr.domain.opening_hours import Span
from ivr.domain.timestamps import utc_now
from ivr.notices import heard, special_days
from ivr.notices.present import with_day
from ivr.notices.unusable import Unusable
from ivr.platform import database
from ivr.web import forms
from ivr.web.actions import act
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import Day, Hour, fixed, line_of
from ivr.web.template_helpers import notice_sentence

special = Blueprint("special", __name__, url_prefix="/opening-hours")


class DayForm(forms.Form):
    """Opening hours of a day: closed, or open from … until … (local time; midnight is the end of the day)."""

    day: Day
    opened: Annotated[str, fixed(("closed", "hours"))] = "closed"
    opens: Hour | None = None
    closes: Hour | None = None
    reason: Annotated[str, line_of(300)] = ""

    def span(self) -> Span | None:
        """The opening hours; None: closed.

        Raises:
            Unusable: `hours` are missing.
        """
        if self.opened == "closed":
            return None
        if self.opens is None or self.closes is None:
            raise Unusable(NoticeProblem.HOURS)
        return Span(opens=self.opens, closes=None if self.closes == time(0) else self.closes)

    def parameters(self) -> dict[str, str]:
        """The fields as parameters of an address."""
        shown = {"opens": self.opens, "closes": self.closes}
        times = {name: f"{at:%H:%M}" for name, at in shown.items() if at is not None}
        return {"day": self.day.isoformat(), "opened": self.opened, "reason": self.reason, **times}


@special.get("/")
def page() -> str:
    """The days that have their own opening hours, and who has entered and taken back what."""
    now = utc_now()
    with database.reading() as session:
        coming, history = special_days.coming(session, now), special_days.history(session)
        return render_template(
            "special_days.html", coming=coming, history=history, usual=settings().hours.usual_span,
            today=special_days.local_day(now),
        )  # fmt: skip


@special.get("/preview")
def preview() -> str:
    """What callers will hear, in every language, and which deadlines move. What is wrong can be corrected there."""
    now = utc_now()
    try:
        form = forms.query(DayForm, status=None)
        span = form.span()
        special_days.check(form.day, span, now)
    except Unusable as unusable:
        return _again(notice_sentence(unusable))
    except ValueError:
        return _again(gettext("Please fill in every field."))
    with database.reading() as session:
        before = special_days.hours_in(session)
        after = with_day(before, form.day, span)
        return render_template(
            "special_day_preview.html", form=form, span=span, parameters=form.parameters(),
            before=opening_hours.span_on(before, form.day), moments=heard.around(form.day, after, now),
            moved=changed_hours.preview(session, before, after, now),
            stay=changed_hours.stay(session, after, form.day) if span is None else 0,
        )  # fmt: skip


def _again(problem: str) -> str:
    flash(problem, "warning")
    return render_template("special_day_preview.html", form=None, parameters=forms.sent())


@special.post("/")
def enter() -> AnyResponse:
    """Use the opening hours of a day from now on."""
    form = forms.read(DayForm, url_for("special.page"))

    def change(session: Session) -> None:
        changed_hours.enter(session, form.day, form.span(), form.reason, me(), actor(), utc_now())

    done = gettext("Callers hear it from now on.")
    return act(change, url_for("special.page"), form=form, done=done, refusals={Unusable: notice_sentence})


@special.post("/<int:day_id>/undo")
def undo(day_id: int) -> AnyResponse:
    """Take an entry back."""

    def change(session: Session) -> None:
        changed_hours.take_back(session, day_id, me(), actor(), utc_now())

    done = gettext("Taken back. What counted before counts again.")
    return act(change, url_for("special.page"), done=done, refusals={Unusable: notice_sentence})
