"""Live calls at the desk: whether I answer calls, my conversation, its wrap-up, and the board of who is on the line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask import session as browser
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.audit import access_log
from ivr.callbacks import queries
from ivr.callbacks.filters import Filters
from ivr.callbacks.refused import Refused
from ivr.config.settings import settings
from ivr.contact_centre import (
    agent_presence,
    call_distribution,
    companions,
    conversation_control,
    conversation_notes,
    conversations,
    directory,
    incidents,
    interpreter_bookings,
    interpreters,
    listening,
    outbound_callbacks,
    wallboard,
    wrap_up,
)
from ivr.domain.digits import whole_number
from ivr.domain.enums import AccessAction, ConversationOutcome, PresenceState, Refusal, Role
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.contact_centre import Conversation
from ivr.notices import further_languages
from ivr.platform import database
from ivr.web import browser_telephone, call_facts, forms, search_log, wrap_up_form
from ivr.web.actions import act
from ivr.web.addresses import own_address
from ivr.web.authorisation import actor, me
from ivr.web.form_fields import Id, Line, PhoneOfMember, Tick, WrittenNumber, one_of

live = Blueprint("live", __name__, url_prefix="/desk/live")


class LiveAddress(forms.Form):
    """Which part of the page is asked for, and the version of it that is shown already."""

    part: Annotated[str, one_of(("me", "board", "talks"))] = ""
    seen: Line = ""


@live.get("/")
def page() -> str | AnyResponse:
    """My state, conversations to listen in, the board; each is a fragment too (`part`), 204 while mine is the same."""
    now, asked = utc_now(), forms.query(LiveAddress)
    part = asked.part
    with database.reading() as session:
        mine = _mine(session, now)
        if part == "me" and asked.seen == mine["version"]:
            return Response(status=204)
        _log_reading(mine["call"], now)
        boards = wallboard.of_teams(session, me().scope, now) if part in ("", "board") else []
        template = f"_{part}.html" if part else "live.html"
        return render_template(template, boards=boards, now=now, **mine)


class BarAddress(forms.Form):
    """The version of the bar that a page shows already."""

    seen: Line = ""


@live.get("/bar")
def bar() -> str | AnyResponse:
    """What the bar at the bottom of every page tells of one's telephone; 204 while it would look the same."""
    now = utc_now()
    with database.reading() as session:
        mine = _mine(session, now)
        if forms.query(BarAddress).seen == mine["version"]:
            return Response(status=204)
        _log_reading(mine["call"], now)
        return render_template("_phone.html", now=now, **mine)


def _log_reading(call: call_facts.CallFacts | None, now: datetime) -> None:
    """Write into the access log, once, that one is shown what was agreed in an earlier conversation."""
    if call is None or call.last_note_id is None or browser.get("note_shown") == call.last_note_id:
        return
    with database.writing() as session:
        access_log.append(session, actor(), AccessAction.VIEW, now, detail=f"conversations {call.last_note_id}")
    browser["note_shown"] = call.last_note_id


def _mine(session: Session, now: datetime) -> dict[str, Any]:
    """My state, my conversation and its wrap-up, with a mark (`version`) that changes with any of it."""
    here = agent_presence.read_presence(session, me().id, now)
    conversation = conversations.of_user(session, me().id)
    legs = [leg for leg in conversation.legs if leg.state != "ended"] if conversation else []
    unfinished = agent_presence.unfinished(session, me().id)
    talk = conversation or unfinished
    requests = wrap_up.requests_of(session, talk, me()) if talk is not None else []
    shown = [(task.id, task.state) for task in requests]
    listed = [(one, directory.reach(one, now)) for one in directory.to_fetch(session)] if conversation else []
    search = interpreters.search(session, conversation, now) if conversation else None
    call = call_facts.of(session, conversation, me(), now) if conversation else None
    is_supervisor = me().role == Role.SUPERVISOR
    wanted = incidents.unseen(session, me(), now) if is_supervisor else []
    bookings = interpreter_bookings.of_user_today(session, me(), now)
    due = [one for one in bookings if interpreter_bookings.is_soon(one[0], now)]
    version = _version(
        [one.id for one in wanted], [one.id for one, _ in due], bool(bookings), here.state, here.afterwards,
        here.window, here.lost_at, conversation,
        [(leg.id, leg.state, leg.role) for leg in legs], shown, search, call,
        [(one.id, one.changed_at, reach) for one, reach in listed],
    )  # fmt: skip
    return {
        "here": here,
        "no_browser": browser_telephone.why_not(),
        "conversation": conversation,
        "legs": legs,
        "unfinished": unfinished,
        "requests": requests,
        "listed": listed,
        "search": search,
        "call": call,
        "wanted": wanted,
        "bookings_due": due,
        "looks_every": 60 if bookings else 0,
        "is_supervisor": is_supervisor,
        "talks": listening.going_on(session, me()) if is_supervisor else [],
        "own_note": conversation_notes.written_by(unfinished, me()) if unfinished is not None else "",
        "version": version,
        "outcomes": list(ConversationOutcome),
        "offered": settings().enabled_languages,
        "further": further_languages.codes(),
    }


@live.get("/alive")
def alive() -> Response:
    """The browser of somebody who answers calls gives a sign of life, whatever page it shows."""
    now = utc_now()
    with database.reading() as session:  # many pages ask: only what is to be written down takes a turn of a writer
        is_due = agent_presence.is_sign_due(session, me().id, now)
    if is_due:
        with database.writing(durable=False) as session:
            agent_presence.seen(session, me().id, now)
    return Response(status=204)


def _version(*shown: object) -> str:
    return hashlib.sha256(repr([getattr(one, "id", one) for one in shown]).encode()).hexdigest()[:16]


class ComeForm(forms.Form):
    """The telephone at which a member sits, and the languages they speak."""

    number: PhoneOfMember
    language: tuple[str, ...] = ()


@live.post("/come")
def come() -> AnyResponse:
    """Answer calls from now on, at this telephone."""
    form = forms.read(ComeForm, url_for("live.page"))
    spoken = [code for code in form.language if code in settings().enabled_languages]

    def change(session: Session) -> None:
        agent_presence.start_answering(
            session, session.get_one(User, me().id), form.number, spoken, utc_now(), in_browser=True
        )
        call_distribution.match(session, utc_now())

    return act_in_call(change, done=gettext("You take calls now."))


class GoForm(forms.Form):
    """Whether a member goes for the day, or only takes a break."""

    for_good: Tick = False


@live.post("/go")
def go() -> AnyResponse:
    """Take a break, or go for the day."""
    form = forms.read(GoForm)
    done = (
        gettext("You have signed off. You get no more calls.")
        if form.for_good
        else gettext("You have a break: you get no calls.")
    )
    return act_in_call(
        lambda session: agent_presence.stop_answering(session, me(), utc_now(), for_good=form.for_good), done=done
    )


@live.post("/wrap-up")
def finish() -> AnyResponse:
    """Write down how the last conversation ended."""
    form = wrap_up_form.read(page_of_form())
    settled = [task_id for task_id in map(whole_number, form.settled) if task_id is not None]
    with database.reading() as session:
        conversation = agent_presence.unfinished(session, me().id)
        task_id = conversation.task_id if conversation is not None else None
    return act(
        lambda session: wrap_up.finish(
            session, session.get_one(User, me().id), form.outcome, form.text, utc_now(), settled=settled
        ),
        page_of_form(),
        form=form,
        done=gettext("The conversation is written down."),
        alone=True,
        if_refused=lambda: wrap_up_form.keep_words(form.text, task_id),
    )


@live.get("/notes")
def notes() -> str:
    """What was agreed in conversations of one's teams, found by its words. Reading it is written down first."""
    words, now = Filters.of(forms.sent()).q, utc_now()
    with database.reading() as session:
        found = conversation_notes.matching(session, me(), words) if words else []
    if found:
        with database.writing() as session:
            search_log.append(session, f"conversations {','.join(str(one.id) for one in found)}", now)
    return render_template("conversations.html", found=found, words_asked=words, most=conversation_notes.MOST)


class InterpreterForm(forms.Form):
    """The language that is to be interpreted; empty: the conversation's own."""

    language: Annotated[str, one_of(lambda: (*settings().enabled_languages, *further_languages.codes()))] = ""


@live.post("/interpreter")
def interpreter() -> AnyResponse:
    """Add an interpreter to the conversation."""
    form = forms.read(InterpreterForm, page_of_form())
    return act_in_call(
        lambda session: conversation_control.want_interpreter(
            session, talking(session), utc_now(), by=me(), language=form.language
        ),
        done=gettext("An interpreter is being looked for."),
    )


def talking(session: Session) -> Conversation:
    """The conversation in which one talks.

    Raises:
        Refused: `no_conversation`.
    """
    conversation = conversations.of_user(session, me().id)
    if conversation is None or agent_presence.read_presence(session, me().id, utc_now()).state != "talking":
        raise Refused(Refusal.NO_CONVERSATION)
    return conversation


class CompanionForm(forms.Form):
    """An entry of the directory, or the number of somebody whom the caller trusts."""

    entry: Id | None = None
    number: WrittenNumber = ""


@live.post("/companion")
def companion() -> AnyResponse:
    """Add somebody whom the caller trusts, or somebody of the directory, to the conversation."""
    form = forms.read(CompanionForm, page_of_form())

    def change(session: Session) -> None:
        conversation = talking(session)
        try:
            if form.entry is not None:
                conversation_control.want_listed(session, conversation, form.entry, me(), utc_now())
            else:
                conversation_control.want_companion(session, conversation, form.number, me(), utc_now())
        except companions.CannotBeRung:
            raise Refused(Refusal.NO_NUMBER) from None

    return act_in_call(change, form=form, done=gettext("The person is being called."))


@live.post("/take/<int:task_id>")
def take(task_id: int) -> AnyResponse:
    """Take the call of somebody who waits, and whose telephone shows the number that a task is to call back."""

    def change(session: Session) -> None:
        task = queries.one(session, me(), task_id) or abort(404)
        call_distribution.offer_to(session, task.callback_number or "", session.get_one(User, me().id), utc_now())

    return act_in_call(change, done=gettext("Your telephone rings."))


class CallBackForm(forms.Form):
    """What must hold for a callback, and whether it is made though the caller has named another time, or wants none."""

    needs_interpreter: Tick = False
    demands_code: Tick = False
    anyway: Tick = False
    despite_wish: Tick = False
    without_interpreter: Tick = False
    second: Id | None = None


@live.post("/call-back/<int:task_id>")
def call_back(task_id: int) -> AnyResponse:
    """Call the caller of a task back: the member's own telephone rings first."""
    form = forms.read(CallBackForm)

    def change(session: Session) -> None:
        task = queries.one(session, me(), task_id) or abort(404)
        task.needs_interpreter, task.demands_code = form.needs_interpreter, form.demands_code
        outbound_callbacks.begin(
            session, task, me(), utc_now(), anyway=form.anyway, despite_wish=form.despite_wish,
            without_interpreter=form.without_interpreter, second_id=form.second,
        )  # fmt: skip

    with database.reading() as session:
        sits = agent_presence.read_presence(session, me().id, utc_now()).state != PresenceState.OFFLINE
    page = url_for("desk.task", task_id=task_id)
    back = page if sits else url_for("live.page")  # there one says at which telephone one sits
    return act(change, back, done=gettext("Your telephone rings."), after=page, alone=True)


def act_in_call(
    change: Callable[[Session], object], *, done: str | Callable[[], str], form: forms.Form | None = None
) -> AnyResponse:
    """Change something of one's live calls, from any page of the desk."""
    return act(change, page_of_form(), form=form, done=done, alone=True)


def page_of_form() -> str:
    """The page on which the form stood: the bar with the telephone stands on every page of the desk."""
    asked = urlsplit(request.referrer or "")
    page = f"{asked.path}?{asked.query}" if asked.query else asked.path
    return (own_address(page) if asked.netloc == request.host else "") or url_for("live.page")
