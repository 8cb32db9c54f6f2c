"""The number for team members (`staff_number`): they log in, then are available, on a break, or gone.

A member answers at the telephone from which the number was called. After a conversation its outcome is asked first.
"""

from __future__ import annotations

import json
import logging

from flask import Blueprint, abort, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session
from twilio.twiml.voice_response import VoiceResponse

from ivr.accounts import staff_telephones, telephone_log_in
from ivr.callbacks import guessing
from ivr.callbacks.guessing import Guesser
from ivr.callbacks.refused import Refused
from ivr.carrier.signature import only_the_carrier
from ivr.carrier.webhook_urls import voice_url
from ivr.contact_centre import agent_presence, call_distribution, wrap_up
from ivr.domain.enums import ConversationOutcome, Refusal
from ivr.domain.roles import SERVING
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.platform import counted_once, crypto, database, taking_turns, timed_signatures
from ivr.platform.crypto import CannotOpen, Purpose
from ivr.telephony import agent_announcements, doubled_keys, held_rows
from ivr.telephony.call_session import call_sid, from_number
from ivr.telephony.carrier_request import current
from ivr.telephony.document import Document

log = logging.getLogger(__name__)
staff = Blueprint("staff", __name__, url_prefix="/voice/staff")

#: Seconds a log-in by telephone lasts: as long as somebody listens to the menu.
_PATIENCE = 300
#: Where a single key is answered, and the times that it is tried for a second longer while somebody else holds a row.
_KEYS, _HELD = ("staff.finish", "staff.choice"), 8
#: A log-in that was right: of the carrier's request that is delivered again, the app's code was used already.
_LOG_IN = "log-in by telephone"
_OUTCOME_KEYS = dict(zip("1234", ConversationOutcome, strict=True))


staff.before_request(only_the_carrier)


@staff.errorhandler(Exception)
def _something_broke(error: Exception) -> Document | tuple[str, int]:
    """Nobody is told that a PIN is wrong which could not be looked up."""
    if isinstance(code := getattr(error, "code", None), int) and code < 500:
        return "", code
    if request.endpoint in _KEYS and held_rows.is_held(error) and (again := held_rows.ask_again(_HELD)):
        return again
    log.error("a webhook for team members failed", exc_info=error)
    return _said("duty_trouble")


def _tokens() -> URLSafeTimedSerializer:
    return timed_signatures.serializer(crypto.signing_keys(Purpose.AGENT_TOKENS)[::-1], "staff")


def greeting() -> Document:
    """What a member hears first."""
    if from_number() is None:
        return _said("staff_no_number")
    return _ask("staff_number", voice_url("/staff/number"))


@staff.post("/number")
def number() -> Document:
    """The personal number was keyed in."""
    return _ask("staff_pin", voice_url("/staff/pin", number=request.form.get("Digits", "")[:8]))


@staff.post("/pin")
def pin() -> Document:
    """The PIN was entered. At a telephone that nobody knows the code of the authenticator app is asked for, too."""
    personal_number, entered = request.args.get("number", "")[:8], request.form.get("Digits", "")[:8]
    with database.reading() as session:
        is_known = staff_telephones.is_known(session, personal_number, from_number() or "")
    if is_known:
        return _logged_in(personal_number, entered, "")
    sealed = crypto.seal(Purpose.AGENT_PINS, json.dumps([call_sid(), personal_number, entered]))
    return _ask("staff_code", voice_url("/staff/code", entered=sealed))


@staff.post("/code")
def code() -> Document:
    """The code of the authenticator app was entered."""
    try:
        sealed = crypto.unseal(Purpose.AGENT_PINS, request.args.get("entered", ""), _PATIENCE)
        call, personal_number, entered = json.loads(sealed)
    except CannotOpen as error:
        log.error("%s", error)  # too late, or the secret key was changed meanwhile
        return _said("duty_trouble")
    if call != call_sid():
        abort(403)
    return _logged_in(personal_number, entered, request.form.get("Digits", ""))


def _logged_in(personal_number: str, entered: str, app_code: str) -> Document:
    now, asked = utc_now(), current().identity
    who = Guesser(from_number(), call_sid(), asked)

    def logs_in(session: Session) -> Document:
        if guessing.was_counted(session, who):
            return _said("staff_wrong")
        again = counted_once.is_counted(session, _LOG_IN, asked)
        user = telephone_log_in.log_in(session, personal_number, entered, app_code, who.number, now, again=again)
        if user is not None:
            counted_once.count(session, _LOG_IN, asked, now)
            return _menu(session, user)
        guessing.note(session, who, now, of_member=True)
        return _said("staff_wrong")

    try:
        return taking_turns.alone(logs_in)
    except telephone_log_in.Later:
        return _said("staff_later")


def _menu(session: Session, user: User) -> Document:
    unfinished = agent_presence.unfinished(session, user.id) is not None
    token = _tokens().dumps([user.id, call_sid()])
    path = "/staff/wrap-up" if unfinished else "/staff/choice"
    after = {doubled_keys.AFTER: doubled_keys.mark()}
    return _ask("staff_wrap_up" if unfinished else "staff_menu", voice_url(path, token=token, **after), digits=1)


@staff.post("/wrap-up")
def finish() -> Document:
    """The outcome of the last conversation; then the menu."""
    outcome = _OUTCOME_KEYS.get(held_rows.pressed(), "")
    if doubled_keys.is_doubled():
        return _menu_again()
    try:
        _finish(outcome)
    except Refused as refused:
        if refused.reason == Refusal.NEW_MESSAGE:  # the conversation is over; its task stays open
            _finish(ConversationOutcome.FOLLOW_UP)
            return _said("staff_new_message")
        log.info("an outcome was asked for and not given")
    return _menu_again()


def _finish(outcome: str) -> None:
    taking_turns.alone(lambda session: wrap_up.finish(session, _user(session), outcome, "", utc_now()))


def _menu_again() -> Document:
    with database.reading() as session:
        return _menu(session, _user(session))


@staff.post("/choice")
def choice() -> Document:
    """Available here, on a break, or gone for the day."""
    if doubled_keys.is_doubled():
        return _menu_again()
    try:
        return taking_turns.alone(lambda session: _chosen(session, _user(session)))
    except agent_presence.NotNow:
        return _said("staff_on_the_phone")


def _chosen(session: Session, user: User) -> Document:
    now, caller = utc_now(), from_number()
    match held_rows.pressed():
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
        user_id, call = _tokens().loads(request.args.get("token", ""), max_age=_PATIENCE)
    except (BadSignature, TypeError, ValueError):
        abort(403)
    if call != call_sid():
        abort(403)
    user = session.get(User, user_id)
    return user if user is not None and user.active and user.role in SERVING else abort(404)


def _ask(sentence: str, action: str, digits: int = 8) -> Document:
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
    return Document(document)


def _said(sentence: str) -> Document:
    document = VoiceResponse()
    agent_announcements.say(document, sentence)
    document.hangup()
    return Document(document)
