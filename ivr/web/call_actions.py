"""What a member does in a call: hold, transfer, hanging up, writing a note, calling for help."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from flask import Blueprint, Response, abort, flash
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.callbacks.refused import Refused
from ivr.contact_centre import (
    agent_presence,
    companions,
    conversation_notes,
    conversation_wishes,
    conversations,
    incidents,
    transfers,
)
from ivr.contact_centre.transfers import Target
from ivr.domain.enums import IncidentKind, Refusal, TransferKind
from ivr.domain.timestamps import utc_now
from ivr.domain.words import _
from ivr.models.accounts import Team, User
from ivr.models.contact_centre import Conversation
from ivr.platform import database
from ivr.web import forms, template_helpers
from ivr.web.authorisation import actor, me
from ivr.web.contact_centre import act_in_call, page_of_form, talking
from ivr.web.form_fields import Id, Line, Text, one_of

in_call = Blueprint("in_call", __name__, url_prefix="/desk/call")

#: To whom a caller is transferred, as the form says it: the kind and the id.
_TARGET = re.compile(r"(team|user|entry)-(\d{1,9})")


@in_call.post("/hold")
def hold() -> AnyResponse:
    """Let the caller wait with music."""
    return act_in_call(
        lambda session: conversation_wishes.hold(session, talking(session), me(), utc_now()),
        done=gettext("The caller is on hold. The page says when they hear music."),
    )


@in_call.post("/resume")
def resume() -> AnyResponse:
    """Talk with the caller again."""
    return act_in_call(
        lambda session: conversation_wishes.resume(session, talking(session), me(), utc_now()),
        done=gettext("The caller hears you again."),
    )


class TransferForm(forms.Form):
    """To whom the caller is transferred, whether the member talks with them first, and what they are to know."""

    problem = _("Please choose to whom the call is transferred.")
    to: Line
    kind: Annotated[str, one_of(list(TransferKind))] = TransferKind.WARM
    text: Text = ""


@in_call.post("/transfer")
def transfer() -> AnyResponse:
    """Transfer the caller to a team, a member, or a number of the directory."""
    form = forms.read(TransferForm, page_of_form())

    def change(session: Session) -> None:
        conversation = talking(session)
        try:
            target = _target(session, form.to)
        except companions.CannotBeRung:
            raise Refused(Refusal.NO_NUMBER) from None
        conversation_wishes.transfer(
            session, conversation, target, TransferKind(form.kind), form.text, session.get_one(User, me().id), utc_now()
        )

    return act_in_call(change, form=form, done=gettext("They are being called. The caller is on hold."))


def _target(session: Session, chosen: str) -> Target:
    found = _TARGET.fullmatch(chosen)
    kind, number = (found[1], int(found[2])) if found else ("", 0)
    if kind == "entry":
        dialled, name = companions.listed(session, number, utc_now())
        return Target(number=dialled, name=name)
    if kind == "user" and session.get(User, number) is not None:
        return Target(user_id=number)
    if kind == "team" and session.get(Team, number) is not None:
        return Target(team_id=number)
    raise Refused(Refusal.NOT_THERE)


@in_call.post("/hand-over")
def hand_over() -> AnyResponse:
    """Hand the caller over to the one with whom one has talked first."""
    return act_in_call(
        lambda session: conversation_wishes.hand_over(session, talking(session), me(), utc_now()),
        done=gettext("The call is handed over. Please write down how it ended for you."),
    )


@in_call.post("/hang-up")
def hang_up() -> AnyResponse:
    """End one's own call."""
    return act_in_call(
        lambda session: conversation_wishes.hang_up(session, _mine(session), me()), done=gettext("You have hung up.")
    )


class IncidentForm(forms.Form):
    """What a member marks in a call, in their words, and what is to happen with the call."""

    kind: Annotated[str, one_of(list(IncidentKind))] = IncidentKind.HELP
    text: Text = ""
    then: Annotated[str, one_of(("go_on", "supervisor", "end"))] = "go_on"


@in_call.post("/incident")
def incident() -> AnyResponse:
    """Call for help, or mark an insult or a threat: supervisors see it, and the call goes on, is passed on, or ends."""
    form = forms.read(IncidentForm, page_of_form())
    done: dict[str, str] = {
        "go_on": gettext("Your supervisors see it now."),
        "supervisor": gettext("Your supervisors see it now, and one of them is being called."),
        "end": gettext("The caller hears one sentence, and the call ends. Your supervisors see it."),
    }
    left = list[Refused]()

    def said() -> str:
        for one in left:
            flash(_why_not(one), "warning")
        return done["go_on" if left else form.then]

    return act_in_call(lambda session: left.extend(_mark(session, form)), form=form, done=said)


def _mark(session: Session, form: IncidentForm) -> Sequence[Refused]:
    """Mark the call, and pass it on or end it; why that was not possible. What is marked is kept all the same."""
    now, conversation, user = utc_now(), _of_mine(session), session.get_one(User, me().id)
    incidents.mark(session, conversation, IncidentKind(form.kind), form.text, user, actor(), now)
    try:
        with session.begin_nested():
            if form.then == "end":
                conversation_wishes.cut_off(session, conversation, user, now)
            elif form.then == "supervisor":
                target = Target(user_id=transfers.supervisor_for(session, conversation, user, now))
                conversation_wishes.transfer(session, conversation, target, TransferKind.COLD, "", user, now)
    except Refused as refused:
        return [refused]
    return []


def _why_not(refused: Refused) -> str:
    """Why a marked call was not passed on or ended."""
    if refused.reason == Refusal.NOT_THERE:
        return str(gettext("No supervisor takes calls at present. You can end the call with a sentence."))
    return template_helpers.refusal(refused)


def _of_mine(session: Session) -> Conversation:
    """The conversation in which one is, or which one wraps up: what was said can be marked afterwards, too."""
    found = conversations.of_user(session, me().id) or agent_presence.unfinished(session, me().id)
    if found is None:
        raise Refused(Refusal.NO_CONVERSATION)
    return found


def _mine(session: Session) -> Conversation:
    conversation = conversations.of_user(session, me().id)
    if conversation is None:
        raise Refused(Refusal.NO_CONVERSATION)
    return conversation


class NoteForm(forms.Form):
    """What a member writes down while they talk, and in which conversation."""

    text: Text = ""
    conversation: Id | None = None


@in_call.post("/note")
def note() -> AnyResponse:
    """Keep what one has written so far. The page sends it by itself; without scripts there is a button.

    A note that comes when the call is over, because there was no connection, is in time until the wrap-up is sent.
    409: nothing is kept.
    """
    form = forms.read(NoteForm, page_of_form())
    with database.writing() as session:
        found = conversations.of_user(session, me().id) or agent_presence.unfinished(session, me().id)
        if found is None or form.conversation not in (None, found.id):
            abort(409)
        conversation_notes.keep(session, found, session.get_one(User, me().id), form.text)
    return Response(status=204)
