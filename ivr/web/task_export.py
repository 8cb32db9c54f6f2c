"""Ticked tasks as a file for a spreadsheet, in the reader's language. Numbers and names of callers are not in it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response
from flask_babel import gettext

from ivr.callbacks import promises
from ivr.config.settings import settings
from ivr.domain import words
from ivr.domain.enums import SlaMeasure
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.reporting import list_export
from ivr.reporting.list_export import Cell
from ivr.web import template_helpers
from ivr.web.downloads import saved_as
from ivr.web.login import chosen_language
from ivr.web.template_helpers import language_name, office_name


def file_of(tasks: Sequence[CallbackTask], ending: str) -> Response:
    """The file of some tasks. `ending`: csv or xlsx."""
    make, mimetype = list_export.MAKERS[ending]
    made = make(_headings(), [_row(task) for task in tasks], chosen_language(), settings().hours.zone)
    return saved_as(Response(made, mimetype=mimetype), gettext("Tasks"), ending=ending)


def _headings() -> list[str]:
    local = {"zone": settings().hours.timezone}
    return [
        gettext("Receipt code"),
        gettext("Further receipt codes"),
        gettext("Kind"),
        gettext("Concern"),
        gettext("Urgency"),
        gettext("Language"),
        gettext("Office"),
        gettext("Team"),
        gettext("Answer"),
        gettext("State"),
        gettext("Outcome"),
        gettext("First contact (local time, %(zone)s)", **local),
        gettext("Due (local time, %(zone)s)", **local),
        gettext("Closed (local time, %(zone)s)", **local),
        *(words.SLA_MEASURES.of(measure, gettext) for measure in SlaMeasure),
    ]


def _row(task: CallbackTask) -> list[Cell]:
    kept = {one.measure: template_helpers.promise_text(one) for one in promises.of(task, utc_now())}
    further = [contact.receipt_code for contact in task.contacts if contact.receipt_code != task.receipt_code]
    return [
        task.receipt_code,
        ", ".join(further),
        words.TASK_KINDS.of(task.kind, gettext),
        words.CONCERNS.of(task.concern, gettext),
        words.URGENCIES.of(task.urgency, gettext),
        language_name(task.language),
        office_name(task.office) if task.office else "",
        task.team.name,
        words.REPLY_BY.of(task.reply_by, gettext),
        words.TASK_STATES.of(task.state, gettext),
        words.OUTCOMES.of(task.outcome, gettext) if task.outcome else "",
        task.first_contact_at,
        task.due_at,
        task.closed_at,
        *(kept.get(measure) for measure in SlaMeasure),
    ]
