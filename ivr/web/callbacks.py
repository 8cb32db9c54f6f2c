"""The callback desk: the queue and the page of a task (what can be done with it: :mod:`ivr.web.callback_actions`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask import session as session_of_browser
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.accounts import users
from ivr.audit import access_log, access_reports, break_glass
from ivr.callbacks import (
    caller_news,
    claims,
    code_changes,
    collaboration,
    failed_jobs,
    heard_news,
    identities,
    mentions,
    merging,
    promises,
    proposals,
    queries,
    representatives,
    saved_views,
    sla_deadline_changes,
    sms,
    tags,
)
from ivr.callbacks.filters import Filters
from ivr.calls import going_on
from ivr.config.settings import settings
from ivr.contact_centre import agent_presence, interpreter_bookings, outbound_callbacks
from ivr.domain import outcomes
from ivr.domain.enums import TaskState
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.privacy import legal_holds
from ivr.web import forms, macros, search_log, sent_once, side_bar, task_list, undoing
from ivr.web.authorisation import actor, me
from ivr.web.event_texts import language_name
from ivr.web.form_fields import Line
from ivr.web.isolated_names import isolated
from ivr.web.task_list import QueueAddress

desk = Blueprint("desk", __name__, url_prefix="/desk")


@desk.get("/")
def queue() -> str | AnyResponse:
    """The queue, and the fragment that refreshes it: 204 while it would look the same."""
    asked, now, filters = forms.query(QueueAddress), utc_now(), Filters.of(forms.sent())
    view = asked.view
    if session_of_browser.get("view") != view:
        session_of_browser["view"] = view  # the list that stands beside a task
    if filters.q:
        search_log.note(filters.q, now)
    if asked.seen is not None:
        return task_list.refreshed(asked, filters, now)
    with database.reading() as session:
        counts = side_bar.count(session, me()).counts
        shown = task_list.read(session, asked, filters, counts[view], now)
        names = task_list.Names.readable(session, shown.named, now)
        page = render_template(
            "queue.html", **shown.about, version=names.version_of(shown.version), counts=counts, **_choices(session),
            undoable=undoing.offered(session, now),
        )  # fmt: skip
        return names.placed(page)


@desk.post("/search")
def search() -> AnyResponse:
    """Search and filter: what is looked for does not stand readably in an address."""
    return redirect(queue_address())


def queue_address() -> str:
    """The address of the queue with the view and the filters that a form holds; what has no meaning is left out."""
    given = forms.sent()
    view = given.get("view", "open")
    known = {**Filters.of(given).query(), "view": view if view in queries.VIEWS else "open"}
    return f"{url_for('desk.queue')}?{urlencode(known)}"


def _choices(session: Session) -> dict[str, Any]:
    """What the filters offer, and the views somebody has kept."""
    return {
        "teams": queries.teams_of(session, me()),
        "spoken": queries.languages_of(session, me()),
        "saved": saved_views.of_user(session, me()),
        "colleagues": users.colleagues(session, me()),
        "tag_choices": [
            (str(one.id), f"{isolated(one.name)} ({one.team.name})" if len(me().scope) > 1 else one.name)
            for one in tags.of_teams(session, me().scope_ids)
        ],
    }


@desk.post("/next")
def take_next() -> AnyResponse:
    """Take the most urgent task I may serve."""
    now = utc_now()
    with database.writing() as session:
        sent_once.require_first(session, url_for("desk.queue", view="mine"))
        languages = agent_presence.read_presence(session, me().id, now).languages
        task = claims.take_next(session, me(), languages, now)
    if task is None:
        flash(gettext("No task waits that you could take. New ones appear here by themselves."), "info")
        return redirect(url_for("desk.queue"))
    return redirect(url_for("desk.task", task_id=task.id))


class TaskAddress(forms.Form):
    """What an address of a task holds: the text message that is looked at before it is sent."""

    sms: Line = ""


@desk.get("/tasks/<int:task_id>")
def task(task_id: int) -> str:
    """Everything about one task."""
    now = utc_now()
    reason, shows = _open(task_id, now)
    with database.reading() as session:
        found = queries.one(session, me(), task_id) or abort(404)
        merges = merging.merges_into(session, task_id)
        parts = [found, *(one.merged for one in merges)]
        alike = proposals.of_task(session, me(), found, now) if reason else []
        apart = proposals.told_apart(session, me(), found) if reason else []
        view = _view_beside()
        told = {contact.id for contact in found.contacts if code_changes.is_being_told(session, contact)}
        return render_template(
            "task.html", task=found, now=now, me=me(), outcomes=outcomes, covered=reason is None, opened=reason,
            reasons=break_glass.REASONS, holds=legal_holds.of_task(session, task_id),
            crisis_service=settings().crisis_service,
            unfinished=failed_jobs.by_task(session, [found]).get(task_id, []),
            **_interpreters(session, found, now),
            the_time=outbound_callbacks.is_the_time(found, now), unused=claims.is_unused(found, now),
            draft=collaboration.draft(session, task_id, me()),
            related=queries.related(session, me(), found) if reason else [], proposals=alike, apart=apart,
            merges=merges, told=told, beside=queries.beside(session, me(), view, now), beside_view=view,
            history=sorted((event for part in parts for event in part.events), key=lambda event: (event.at, event.id)),
            codes={part.id: part.receipt_code for part in parts},
            others=collaboration.other_viewers(session, task_id, me(), now), teams=settings().teams,
            texts_sent=sms.of_task(session, found) if reason else [],
            text_state=lambda one: sms.state_of(one, gettext),
            **macros.on_page(
                session, found, is_mine=_is_mine(found), uncovered=reason is not None,
                wanted=forms.query(TaskAddress).sms,
            ),
            promises=promises.of(found, now), calling_now=going_on.is_calling(session, found.callback_number, now),
            pause=sla_deadline_changes.pause_of(session, task_id, now), seen=shows, news=False,
            heard=heard_news.mark(session, task_id), heard_more=False,
            undoable=undoing.offered(session, now, task_id),
            tags=tags.of_tasks(session, [task_id]).get(task_id, []),
            tag_choices=tags.of_teams(session, [found.team_id]),
            may_be_mentioned=[one for one in mentions.may_see(session, found) if one.id != me().id],
            identity=identities.of_task(session, task_id) if reason else None,
            represented=[
                (one, representatives.may_be_told(one, now))
                for one in (representatives.of_task(session, task_id) if reason else ())
            ],
        )  # fmt: skip


def _open(task_id: int, now: datetime) -> tuple[str | None, str]:
    """Note that a task is looked at. Gives the reason to see what is covered (or None), and which news are shown."""
    with database.writing() as session:
        seen = queries.visible(session, me(), task_id) or abort(404)
        reason = break_glass.reason_for(session, seen, me(), now)
        shows = caller_news.mark(session, task_id)
        collaboration.mark_opened(session, task_id, me(), now, shows if reason else "")
        mentions.seen(session, task_id, me(), now)
        detail = "" if reason else access_reports.COVERED
        access_log.append(session, actor(), "view", now, task=seen, reason=reason or "", detail=detail)
    return reason, shows


def _is_mine(found: CallbackTask) -> bool:
    return found.state == TaskState.CLAIMED and found.claimed_by_id == me().id


def _view_beside() -> str:
    """The view whose list stands beside a task: the one that was looked at last."""
    view = session_of_browser.get("view")
    return view if view in queries.VIEWS else "open"


def _interpreters(session: Session, found: CallbackTask, now: datetime) -> dict[str, Any]:
    """Interpreters who are booked for a task, and those who could be."""
    booked = [
        (one, interpreter_bookings.state_of(session, one, now)) for one in interpreter_bookings.of_task(session, found)
    ]
    candidates = interpreter_bookings.candidates(session, found)
    return {
        "bookings": booked,
        "interpreters": [
            (one.number, f"{isolated(one.name)} ({language_name(language)})")
            for one in candidates
            for language in [interpreter_bookings.language_for(found, one)]
        ],
        "minutes": [(str(one), str(one)) for one in interpreter_bookings.MINUTES],
    }


class OthersAddress(forms.Form):
    """What an open page asks with: the marks of what it shows."""

    seen: Line = ""
    heard: Line = ""


@desk.get("/tasks/<int:task_id>/others")
def others(task_id: int) -> str | AnyResponse:
    """Who else has the page open, and whether something new has come; asked by the page itself."""
    now, asked = utc_now(), forms.query(OthersAddress)
    seen, heard = asked.seen, asked.heard
    with database.writing() as session:
        queries.may_see(session, me(), task_id) or abort(404)
        collaboration.mark_viewed(session, task_id, me(), now)
    with database.reading() as session:
        found = session.get_one(CallbackTask, task_id)
        looking = collaboration.other_viewers(session, task_id, me(), now)
        news = bool(seen) and caller_news.is_newer(caller_news.mark(session, task_id), seen)
        more = bool(heard) and heard != heard_news.mark(session, task_id)
        return render_template(
            "_others.html", task=found, others=looking, me=me(), seen=seen, news=news, heard=heard, heard_more=more
        )


@desk.post("/tasks/<int:task_id>/left")
def left(task_id: int) -> AnyResponse:
    """The page of a task is left: others see at once who is no longer there. Sent by the page itself."""
    with database.writing(durable=False) as session:
        queries.may_see(session, me(), task_id) or abort(404)
        collaboration.mark_left(session, task_id, me(), utc_now())
    return Response(status=204)
