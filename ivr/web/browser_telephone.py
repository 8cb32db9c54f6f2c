"""The telephone window: a browser that is a member's telephone. Its page, and what the page asks for and reports."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from flask import Blueprint, Response, abort, jsonify, make_response, render_template
from flask_babel import format_time, gettext
from pydantic import AfterValidator
from sqlalchemy.orm import Session

from ivr.callbacks.refused import Refused
from ivr.carrier import client_tokens
from ivr.config.settings import settings
from ivr.contact_centre import agent_presence, browser_telephones
from ivr.contact_centre.agent_presence import NotNow
from ivr.domain import client_addresses, words
from ivr.domain.enums import LegState, Urgency
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.models.contact_centre import Leg
from ivr.platform import database
from ivr.web import forms, security_headers, softphone_proxy, template_helpers
from ivr.web.authorisation import me
from ivr.web.form_fields import Line, Tick

browser_telephone = Blueprint("browser_telephone", __name__, url_prefix="/desk/telephone")

#: What a window asks the exchange for while it waits.
_WAITING = ("register", "ringing", "gone")
_WINDOW = re.compile(r"[A-Za-z0-9-]{8,32}")


def _window(text: str) -> str:
    if _WINDOW.fullmatch(text) is None:
        raise ValueError("no name that a window gives itself")
    return text


class WindowForm(forms.Form):
    """The window that reports."""

    window: Annotated[Line, AfterValidator(_window)]


class OnForm(WindowForm):
    """The window that is to be the telephone, in place of another one, and the languages the member speaks."""

    language: tuple[str, ...] = ()
    from_another: Tick = False


class DeclineForm(forms.Form):
    """Whether a call is declined because the browser has no microphone."""

    no_microphone: Tick = False


@browser_telephone.get("/")
def page() -> Response:
    """The window. With Twilio its policy names the servers that the carrier's library connects to; no other page's."""
    with database.reading() as session:
        here = agent_presence.read_presence(session, me().id, utc_now())
        response = make_response(
            render_template(
                "telephone.html",
                here=here,
                offered=settings().enabled_languages,
                why_not=why_not(),
                by_library=not settings().has_exchange,
            )
        )
    if client_tokens.servers() and client_tokens.why_not() is None:
        response.headers["Content-Security-Policy"] = security_headers.policy(client_tokens.servers())
    return response


def why_not() -> str:
    """Why no browser can be a telephone, in a sentence; empty where it can."""
    reason = client_tokens.why_not()
    return words.REFUSALS.of(reason, gettext) if reason is not None else ""


@browser_telephone.post("/on")
def switch_on() -> tuple[Response, int]:
    """This window is the telephone from now on, and the member answers calls."""
    form = forms.read(OnForm)
    spoken = [code for code in form.language if code in settings().enabled_languages]
    return _changed(
        lambda session: browser_telephones.take(
            session, session.get_one(User, me().id), form.window, spoken, utc_now(), from_another=form.from_another
        )
    )


@browser_telephone.post("/off")
def switch_off() -> tuple[Response, int]:
    """This window is no telephone any more, and the member answers no calls."""
    window = forms.read(WindowForm).window
    return _changed(
        lambda session: browser_telephones.switch_off(session, session.get_one(User, me().id), window, utc_now())
    )


@browser_telephone.post("/alive")
def alive() -> Response:
    """A sign of life of the window; whether it is the telephone, and what rings."""
    window, now = forms.read(WindowForm).window, utc_now()
    with database.writing(durable=False) as session:
        is_mine = browser_telephones.is_alive(session, me().id, window, now)
        here = agent_presence.read_presence(session, me().id, now)
        leg = browser_telephones.rung(session, me().id) if is_mine else None
        lost = format_time(here.lost_at, "HH:mm") if here.lost_at is not None else ""
        return jsonify(
            mine=is_mine, state=here.state, said=words.PRESENCE_STATES.of(here.state, gettext), lost=lost,
            call=_shown(leg) if leg is not None else None,
        )  # fmt: skip


@browser_telephone.post("/closes")
def closes() -> tuple[str, int]:
    """The window closes, or is loaded anew."""
    window = forms.read(WindowForm).window
    with database.writing() as session:
        browser_telephones.closes(session, me().id, window, utc_now())
    return "", 204


@browser_telephone.post("/decline")
def decline() -> tuple[Response, int]:
    """The member does not take the call that rings."""
    form = forms.read(DeclineForm)

    def change(session: Session) -> None:
        user = session.get_one(User, me().id)
        browser_telephones.decline(session, user, utc_now(), no_microphone=form.no_microphone)

    return _changed(change)


@browser_telephone.post("/token")
def token() -> tuple[Response, int]:
    """A token with which this browser registers at the carrier, or the exchange, for some minutes."""
    reason = client_tokens.why_not()
    if reason is not None:
        return _refused(Refused(reason))
    signed = client_tokens.of_identity(client_addresses.identity_of(me().id))
    return jsonify(token=signed, edge=settings().twilio_edge or "roaming"), 200


@browser_telephone.route("/exchange/<what>", methods=["GET", "POST"])
def waits(what: str) -> Response:
    """Register at the exchange, and ask it for calls, where no proxy sends the browser straight there."""
    return _at_exchange(what) if what in _WAITING else abort(404)


@browser_telephone.route("/exchange/calls/<path:path>", methods=["GET", "POST"])
def talks(path: str) -> Response:
    """One's own call at the exchange."""
    return _at_exchange(f"calls/{path}")


def _at_exchange(path: str) -> Response:
    if not settings().has_exchange:
        abort(404)
    one_pass = client_tokens.of_identity(client_addresses.identity_of(me().id))
    return softphone_proxy.passed_on(f"desk/telephone/exchange/{path}", {"Authorization": f"Bearer {one_pass}"})


def _shown(leg: Leg) -> dict[str, Any]:
    """What a ringing window says of the call."""
    conversation = leg.conversation
    language = template_helpers.language_name(conversation.language)
    return {
        "leg": leg.id,
        "text": f"{language}, {words.CONCERNS.of(conversation.concern, gettext)}",
        "urgent": words.URGENCIES.of(Urgency.EMERGENCY, gettext) if conversation.urgency == Urgency.EMERGENCY else "",
        "rings": leg.state in (LegState.WANTED, LegState.RINGING),
        "by_itself": browser_telephones.answers_by_itself(leg),
    }


def _changed(change: Callable[[Session], object]) -> tuple[Response, int]:
    try:
        with database.writing_alone() as session:
            change(session)
    except NotNow as error:
        return _refused(Refused(error.reason))
    except Refused as error:
        return _refused(error)
    return jsonify(done=True), 200


def _refused(refused: Refused) -> tuple[Response, int]:
    return jsonify(reason=refused.reason, said=template_helpers.refusal(refused)), 409
