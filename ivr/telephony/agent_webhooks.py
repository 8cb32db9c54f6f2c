"""The number for team members (`staff_number`): personal number and PIN, then available, on a break, or gone.

A member answers at the telephone from which the number was called. After a conversation its outcome is asked first.
"""

from __future__ import annotations

import logging

from flask import Blueprint, Response, abort, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session
from twilio.twiml.voice_response import VoiceResponse

from ivr.callbacks import receipt_lookup
from ivr.callbacks.refused import Refused
from ivr.carrier.signature import only_the_carrier
from ivr.carrier.webhook_urls import voice_url
from ivr.contact_centre import agent_presence, call_distribution, wrap_up
from ivr.domain.enums import ConversationOutcome
from ivr.domain.roles import SERVING
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.platform import crypto, database
from ivr.platform.crypto import Purpose
from ivr.telephony import agent_announcements
from ivr.telephony.call_session import from_number

log = logging.getLogger(__name__)
staff = Blueprint("staff", __name__, url_prefix="/voice/staff")

#: Seconds a log-in by telephone lasts: as long as somebody listens to the menu.
_PATIENCE = 300
_OUTCOME_KEYS = dict(zip("1234", ConversationOutcome, strict=True))


staff.before_request(only_the_carrier)


@staff.errorhandler(Exception)
def _something_broke(error: Exception) -> Response | tuple[str, int]:
    if isinstance(code := getattr(error, "code", None), int) and code < 500:
        return "", code
    log.error("a webhook for team members failed", exc_info=error)
    return _said("staff_wrong")


def _tokens() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(crypto.signing_keys(Purpose.AGENT_TOKENS)[::-1], salt="staff")


def greeting() -> Response:
    """What a member hears first."""
    if from_number() is None:
        return _said("staff_no_number")
    return _ask("staff_number", voice_url("/staff/number"))


@staff.post("/number")
def number() -> Response:
    """The personal number was keyed in."""
    return _ask("staff_pin", voice_url("/staff/pin", number=request.form.get("Digits", "")[:8]))


@staff.post("/pin")
def pin() -> Response:
    """The PIN was entered. Wrong tries are limited, as with receipt codes."""
    with database.writing_alone() as session:
        user = receipt_lookup.member(
            session, request.args.get("number", ""), request.form.get("Digits", ""), from_number(), utc_now()
        )
        if user is None:
            return _said("staff_wrong")
        return _menu(session, user)


def _menu(session: Session, user: User) -> Response:
    unfinished = agent_presence.unfinished(session, user.id) is not None
    token = _tokens().dumps(user.id)
    path = "/staff/wrap-up" if unfinished else "/staff/choice"
    return _ask("staff_wrap_up" if unfinished else "staff_menu", voice_url(path, token=token), digits=1)


@staff.post("/wrap-up")
def finish() -> Response:
    """The outcome of the last conversation; then the menu."""
    try:
        with database.writing_alone() as session:
            outcome = _OUTCOME_KEYS.get(request.form.get("Digits", ""), "")
            wrap_up.finish(session, _user(session), outcome, "", utc_now())
    except Refused:
        log.info("an outcome was asked for and not given")
    with database.reading() as session:
        return _menu(session, _user(session))


@staff.post("/choice")
def choice() -> Response:
    """Available here, on a break, or gone for the day."""
    try:
        with database.writing_alone() as session:
            return _chosen(session, _user(session))
    except agent_presence.NotNow:
        return _said("staff_on_the_phone")


def _chosen(session: Session, user: User) -> Response:
    now, caller = utc_now(), from_number()
    match request.form.get("Digits", ""):
        case "1" if caller is not None:
            agent_presence.start_answering(
                session, user, caller, agent_presence.get_or_create(session, user.id, now).languages, now
            )
            call_distribution.match(session, now)
            return _said("staff_available")
        case "2":
            agent_presence.stop_answering(session, user, now, for_good=False)
            return _said("staff_paused")
        case "3":
            agent_presence.stop_answering(session, user, now, for_good=True)
            return _said("staff_offline")
        case _:
            return _menu(session, user)


def _user(session: Session) -> User:
    try:
        user_id = _tokens().loads(request.args.get("token", ""), max_age=_PATIENCE)
    except BadSignature:
        abort(403)
    user = session.get(User, user_id)
    return user if user is not None and user.active and user.role in SERVING else abort(404)


def _ask(sentence: str, action: str, digits: int = 8) -> Response:
    document = VoiceResponse()
    gather = document.gather(
        input="dtmf",
        num_digits=digits,
        finish_on_key="#" if digits > 1 else "",
        timeout=10,
        action=action,
        method="POST",
    )
    agent_announcements.say(gather, sentence)
    document.hangup()
    return Response(str(document), mimetype="text/xml")


def _said(sentence: str) -> Response:
    document = VoiceResponse()
    agent_announcements.say(document, sentence)
    document.hangup()
    return Response(str(document), mimetype="text/xml")
