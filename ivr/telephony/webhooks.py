"""The carrier's webhooks: `/voice/*`. Each validates the signature, is safe to receive twice, and answers
the caller with a document whatever has failed behind it."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from math import isfinite
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, abort, current_app, request, send_file
from sqlalchemy.exc import SQLAlchemyError

from ivr import audio_store, calls, database, voicebox
from ivr.configuration import settings
from ivr.flows import engine
from ivr.flows.hotline import hotline
from ivr.flows.steps import Flow
from ivr.flows.verbs import Dialled, Input, Keys, Recorded, Resumed, State, Turn
from ivr.instants import utc_now
from ivr.languages import DEFAULT_LANGUAGE
from ivr.phone_numbers import calling_number
from ivr.telephony import documents
from ivr.telephony.house import House, perform, stored_take
from ivr.telephony.sealing import Unreadable, unseal
from ivr.telephony.signature import is_genuine

log = logging.getLogger(__name__)
voice = Blueprint("voice", __name__, url_prefix="/voice")

#: Seconds a playback address may be used; the carrier asks for it at once.
_PLAYBACK_AGE = 600

_ENDED = ("completed", "busy", "failed", "no-answer", "canceled")


@voice.before_request
def _only_the_carrier() -> None:
    # Playback is asked for as a plain media file; its address is a sealed, short-lived token.
    if request.endpoint != "voice.playback" and not is_genuine(request):
        abort(403)


@lru_cache(maxsize=8)
def _flow(languages: tuple[str, ...]) -> Flow:
    return hotline(languages)


def _script() -> Flow:
    return _flow(settings().enabled_languages)


@voice.post("/incoming")
def incoming() -> Response:
    """The number's voice URL: a call has come in."""
    return _reply(engine.begin(_script(), _new_call(_script().start), _house()))


@voice.post("/answer")
def answer() -> Response:
    """The caller pressed keys, stayed silent, spoke, or a connection ended."""
    try:
        state = unseal(request.args.get("state", ""))
    except Unreadable:  # a secret changed in mid-call: begin again rather than drop the caller
        log.warning("a call's state could not be read; it begins again")
        return incoming()
    return _reply(engine.answer(_script(), state, _input(), _house()))


@voice.post("/fallback")
def fallback() -> Response:
    """A document of ours failed (`ErrorUrl`): take the call up where something can still be left."""
    token = parse_qs(urlsplit(request.form.get("ErrorUrl", "")).query).get("state", [""])[0]
    log.error("the carrier reports error %s", request.form.get("ErrorCode", "unknown"))
    state = _new_call(_script().start)
    with suppress(Unreadable):
        state = replace(unseal(token), step=_script().fallback, tries=0)
    return _reply(engine.begin(_script(), state, _house()))


@voice.post("/recording")
def recording() -> tuple[str, int]:
    """What became of a recording (in-progress, completed, absent, failed); in any order, any number of times."""
    call_sid, sid = _call_sid(), _recording_sid()
    if not call_sid or not sid:
        return "", 204
    with suppress(Unreadable):
        _recording_event(unseal(request.args.get("state", "")), call_sid, sid, utc_now())
    return "", 204


def _recording_event(state: State, call_sid: str, sid: str, now: datetime) -> None:
    with database.writing() as session:
        call = calls.seen(session, call_sid, calling_number(request.form.get("From")), now)
        calls.progressed(call, call.step or state.step, state.language, state.facts.get("concern"))
        message = voicebox.expect(session, call, state.take, state.language, now)
        match request.form.get("RecordingStatus"):
            case "in-progress":
                voicebox.recording_announced(session, message, sid)
                voicebox.hung_up_while_recording(session, call, now)
            case "completed":
                voicebox.recording_completed(session, call, message, sid, _seconds(), now)
            case "absent":
                voicebox.nothing_left(session, call, message, sid, now)
            case status:
                # "failed": perhaps there is audio all the same; the fetch will tell.
                log.error("the carrier reports a recording as %s", status)
                voicebox.recording_announced(session, message, sid)
                voicebox.left(session, call, message, sid, _seconds(), now)


@voice.post("/status")
def status() -> tuple[str, int]:
    """The call's own events; the last one closes it."""
    call_sid = _call_sid()
    if call_sid and request.form.get("CallStatus") in _ENDED:
        now = utc_now()
        with database.writing() as session:
            call = calls.seen(session, call_sid, calling_number(request.form.get("From")), now)
            calls.ended(call, now)
            voicebox.hung_up_while_recording(session, call, now)
    return "", 204


@voice.get("/playback/<token>.wav")
def playback(token: str) -> Response:
    """A caller's own last take, for the caller's own ears."""
    try:
        state = unseal(token, max_age=_PLAYBACK_AGE)
    except Unreadable:
        abort(404)
    take = stored_take(state.facts.get("call_sid", ""), state.take)
    if take is None:
        abort(404)
    return send_file(audio_store.path_of(take.id), mimetype="audio/wav")


def _house() -> House:
    return House(_call_sid(), utc_now())


def _new_call(step: str) -> State:
    state = State(step, DEFAULT_LANGUAGE)
    if number := calling_number(request.form.get("From")):
        state = state.knowing(callback_number=number)
    # The local exchange lets a person choose the hour; a carrier's SIP trunk uses the same kind of field.
    if settings().local and _is_hour(at := request.form.get("SipHeader_X-Hotline-At", "")):
        state = state.knowing(at=at)
    return state


def _is_hour(at: str) -> bool:
    if at in ("open", "closed"):
        return True
    try:
        return datetime.fromisoformat(at).tzinfo is not None
    except ValueError:
        return False


def _call_sid() -> str:
    """The call's id; empty where the request has none that could be one."""
    call_sid = request.form.get("CallSid", "")
    return call_sid if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", call_sid) else ""


def _recording_sid() -> str:
    sid = request.form.get("RecordingSid", "")
    return sid if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", sid) else ""


def _input() -> Input:
    form = request.form
    if "DialCallStatus" in form:
        return Dialled(form["DialCallStatus"] in ("completed", "answered"))
    if sid := _recording_sid():
        return Recorded(sid, _seconds())
    if "Digits" in form:
        return Keys(form["Digits"])
    return Resumed()


def _seconds() -> float:
    try:
        seconds = float(request.form.get("RecordingDuration", "0"))
    except ValueError:
        return 0.0
    return min(max(0.0, seconds), 86400.0) if isfinite(seconds) else 0.0


def _reply(turn: Turn) -> Response:
    call_sid, code = _call_sid(), None
    try:
        if call_sid:
            code = perform(turn, call_sid, calling_number(request.form.get("From")), utc_now())
    except SQLAlchemyError:
        # The caller is not told of our troubles; the recording's own events and the carrier's lists
        # bring back what could not be written now.
        current_app.logger.exception("a step could not be written down")
    if code:
        turn = replace(turn, state=turn.state.knowing(receipt_code=code))
    return Response(documents.render(turn, call_sid), mimetype="text/xml")
