"""What the printable list of open promises says: for the hour in which nobody can open the desk.

It holds what somebody needs who calls back with paper and a telephone: numbers, but no names and nothing that was said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from ivr.accounts import former_names
from ivr.callbacks import code_changes, promises
from ivr.contact_centre import incidents
from ivr.domain import languages, phone_numbers, words
from ivr.domain.enums import ReplyBy, SlaMeasure, TaskState
from ivr.domain.words import Translate
from ivr.models.callbacks import CallbackTask
from ivr.models.contacts import Contact
from ivr.reporting.daily_metrics import local_day
from ivr.reporting.tables import Column, Report, Table, Value, moment, translator

#: So many promises at most: those that are due first.
_MOST = 3000
_LANGUAGE = "de"


def report(session: Session, now: datetime) -> Report:
    """The list at an instant, a table for each team. Tasks whose data is restricted (Art. 18 GDPR) are not in it."""
    _ = translator(_LANGUAGE)
    tasks = _open(session)
    unsure = set(session.scalars(select(CallbackTask.id).where(code_changes.tasks_unconfirmed())))
    by_team: dict[str, list[Sequence[Value]]] = {}
    for task in tasks:
        by_team.setdefault(task.team.name, []).append(_row(session, task, unsure, now, _))
    remarks = [
        _("As of %(at)s. Confidential: holds telephone numbers. Destroy it when the desk is back and everything is "
          "entered there.") % {"at": moment(now, _LANGUAGE)},
        _("Emergencies first, then in the order of the deadlines. Write down who was called when, and the result."),
    ]  # fmt: skip
    if len(tasks) == _MOST:
        remarks.append(_("There are more promises; these are due first."))
    if not tasks:
        remarks.append(_("There was no open promise."))
    tables = [Table(team, _columns(_), rows) for team, rows in sorted(by_team.items())]
    day = local_day(now)
    return Report("promises", _("Open promises"), day, day, tables, remarks=remarks, language=_LANGUAGE)


def _open(session: Session) -> Sequence[CallbackTask]:
    query = select(CallbackTask).where(
        CallbackTask.state != TaskState.CLOSED,
        CallbackTask.restricted_at.is_(None),
        CallbackTask.erased_at.is_(None),
        CallbackTask.merged_into_id.is_(None),
    )
    contacts = selectinload(CallbackTask.contacts).joinedload(Contact.call)
    query = query.options(joinedload(CallbackTask.team), selectinload(CallbackTask.clocks), contacts)
    # 'emergency' comes before 'normal'
    order = (CallbackTask.silent_caller, CallbackTask.urgency, CallbackTask.due_at, CallbackTask.id)
    return session.scalars(query.order_by(*order).limit(_MOST)).all()


def _columns(_: Translate) -> list[Column]:
    labels = (
        _("Receipt code"), _("Due"), _("Number"), _("Urgency"), _("Concern"), _("Language"), _("Reachable"),
        _("To be observed"), _("Called at, result"),
    )  # fmt: skip
    return [Column(label, "text") for label in labels]


def _row(session: Session, task: CallbackTask, unsure: Collection[int], now: datetime, _: Translate) -> Sequence[Value]:
    return (
        task.receipt_code,
        "; ".join(_due(task, now, _)) or moment(task.due_at, _LANGUAGE),
        phone_numbers.readable(task.callback_number) if task.callback_number else "–",
        words.URGENCIES.of(task.urgency, _),
        f"{words.TASK_KINDS.of(task.kind, _)}: {words.CONCERNS.of(task.concern, _)}",
        languages.name_in(task.language, _LANGUAGE),
        words.AVAILABILITY.of(task.availability, _) if task.availability else "–",
        "; ".join(_observed(session, task, unsure, _)) or "–",
        " ",
    )


def _due(task: CallbackTask, now: datetime, _: Translate) -> Iterator[str]:
    """When what is still open was promised: the first attempt, and by its name that somebody is reached."""
    for one in promises.shown(task, now):
        if one.runs or one.is_missed:
            due = moment(one.due_at, _LANGUAGE)
            due = due if one.measure == SlaMeasure.TRIED else f"{words.SLA_MEASURES.of(one.measure, _)}: {due}"
            yield f"{due} ({_('missed')})" if one.is_missed else due


def _observed(session: Session, task: CallbackTask, unsure: Collection[int], _: Translate) -> Iterator[str]:
    if task.in_danger and task.danger_acted_at is None:
        yield _("danger to life")
    if incidents.has_threatened(session, task):
        yield _("has threatened: call with two people")
    if task.id in unsure:
        yield _("changed by receipt code, not confirmed: find out first who it is")
    if task.demands_code:
        yield _("ask for the receipt code before anything else")
    if task.reply_by == ReplyBy.WRITING:
        yield _("wants the answer in writing")
    if task.needs_interpreter:
        yield _("with an interpreter")
    if task.office:
        yield former_names.office(task.office)
