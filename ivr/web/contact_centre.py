"""Live calls at the desk: whether I answer calls, my conversation, its wrap-up, and the board of who is on the line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.callbacks import queries
from ivr.callbacks.workflow import Refused
from ivr.config.settings import settings
from ivr.contact_centre import (
    agent_presence,
    call_distribution,
    conversations,
    interpreters,
    outbound_callbacks,
    wallboard,
    wrap_up,
)
from ivr.domain import phone_numbers
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.contact_centre import Conversation
from ivr.platform import database
from ivr.web import template_helpers
from ivr.web.authorisation import me

live = Blueprint("live", __name__, url_prefix="/desk/live")


@live.get("/")
def page() -> str | AnyResponse:
    """My state and the board; either is also a fragment (`part`), 204 while mine would look the same."""
    now, part = utc_now(), request.args.get("part", "")
    with database.reading() as session:
        here = agent_presence.seen(session, me().id, now)
        conversation = conversations.of_user(session, me().id)
        legs = [leg for leg in conversation.legs if leg.state != "ended"] if conversation else []
        version = _version(here.state, here.afterwards, conversation, [(leg.id, leg.state) for leg in legs])
        if part == "me" and request.args.get("seen") == version:
            return Response(status=204)
        mine = {
            "here": here,
            "conversation": conversation,
            "legs": legs,
            "unfinished": agent_presence.unfinished(session, me().id),
            "version": version,
            "outcomes": wrap_up.OUTCOMES,
            "offered": settings().enabled_languages,
        }
        boards = [] if part == "me" else wallboard.of_teams(session, me().scope, now)
        template = {"me": "_me.html", "board": "_board.html"}.get(part, "live.html")
        return render_template(template, boards=boards, now=now, **mine)


def _version(*shown: object) -> str:
    return hashlib.sha256(repr([getattr(one, "id", one) for one in shown]).encode()).hexdigest()[:16]


@live.post("/come")
def come() -> AnyResponse:
    """I answer calls from now on, at this telephone."""
    number = phone_numbers.dialable(request.form.get("number", ""))
    if number is None:
        flash(gettext("This is no telephone number that can be called."), "warning")
        return redirect(url_for("live.page"))
    spoken = [code for code in request.form.getlist("language") if code in settings().enabled_languages]

    def act(session: Session) -> None:
        agent_presence.come(session, session.get_one(User, me().id), number, spoken, utc_now())
        call_distribution.match(session, utc_now())

    return _act(act)


@live.post("/go")
def go() -> AnyResponse:
    """I pause, or am gone for the day."""
    for_good = request.form.get("for_good") == "1"
    return _act(lambda session: agent_presence.go(session, me(), utc_now(), for_good=for_good))


@live.post("/wrap-up")
def finish() -> AnyResponse:
    """What came of my last conversation."""
    outcome, text = request.form.get("outcome", ""), request.form.get("text", "")
    return _act(lambda session: wrap_up.finish(session, session.get_one(User, me().id), outcome, text, utc_now()))


@live.post("/interpreter")
def interpreter() -> AnyResponse:
    """Somebody who interprets is wanted in my conversation."""

    def act(session: Session) -> None:
        conversation = _talking(session)
        language = request.form.get("language", "")
        spoken = language if language in settings().enabled_languages else ""
        interpreters.request(session, conversation, utc_now(), by=me(), language=spoken)

    return _act(act)


def _talking(session: Session) -> Conversation:
    conversation = conversations.of_user(session, me().id)
    if conversation is None or agent_presence.seen(session, me().id, utc_now()).state != "talking":
        raise Refused("no_conversation")
    return conversation


@live.post("/companion")
def companion() -> AnyResponse:
    """Somebody the caller trusts is wanted in my conversation."""

    def act(session: Session) -> None:
        conversation = _talking(session)
        try:
            interpreters.bring_companion(session, conversation, request.form.get("number", ""), me(), utc_now())
        except interpreters.CannotBeRung:
            raise Refused("no_number") from None

    return _act(act)


@live.post("/call-back/<int(max=2147483647):task_id>")
def call_back(task_id: int) -> AnyResponse:
    """Call back: my own telephone rings first."""

    def act(session: Session) -> None:
        task = queries.one(session, me(), task_id) or abort(404)
        task.needs_interpreter = request.form.get("needs_interpreter") == "1"
        task.demands_code = request.form.get("demands_code") == "1"
        outbound_callbacks.begin(session, task, me(), utc_now(), anyway=request.form.get("anyway") == "1")

    return _act(act, gettext("Your telephone rings."))


def _act(action: Callable[[Session], None], done: str = "") -> AnyResponse:
    try:
        with database.writing_alone() as session:
            action(session)
    except agent_presence.NotNow as refused:
        flash(template_helpers.refusal(Refused(refused.reason)), "warning")
    except Refused as refused:
        flash(template_helpers.refusal(refused), "warning")
    else:
        flash(done or gettext("Saved."), "success")
    return redirect(url_for("live.page"))
