"""The carrier's webhooks: `/voice/*`. Each validates the signature, is safe to receive twice, and answers
the caller with a document whatever has failed behind it."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from math import isfinite
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, abort, request, send_file
from sqlalchemy.exc import SQLAlchemyError

from ivr import audio_store
from ivr.configuration import settings
from ivr.flows import engine
from ivr.flows.hotline import hotline
from ivr.flows.steps import Flow
from ivr.flows.verbs import Dialled, Input, Keys, Recorded, Resumed, State, Turn
from ivr.instants import utc_now
from ivr.languages import DEFAULT_LANGUAGE
from ivr.phone_numbers import calling_number
from ivr.telephony import documents, house
from ivr.telephony.local_hour import pretended_hour
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


# -- documents: what the caller hears next -----------------------------------------------------------


@voice.post("/incoming")
def incoming() -> Response:
    """The number's voice URL: a call has come in."""
    return _reply(engine.begin(_script(), _new_call(), _house()))


@voice.post("/answer")
def answer() -> Response:
    """The caller pressed keys, stayed silent, spoke, or a connection ended."""
    state = _state(request.args.get("state", ""))
    return _reply(engine.answer(_script(), state, _input(), _house())) if state else incoming()


@voice.post("/fallback")
def fallback() -> Response:
    """A document of ours failed (`ErrorUrl`): take the call up where something can still be left."""
    log.error("the carrier reports error %s", re.sub(r"\D", "", request.form.get("ErrorCode", ""))[:8] or "unknown")
    token = ""
    with suppress(ValueError):
        token = parse_qs(urlsplit(request.form.get("ErrorUrl", "")).query).get("state", [""])[0]
    state = _state(token)
    return _reply(engine.take_up(_script(), state, _house())) if state else incoming()


def _reply(turn: Turn) -> Response:
    """Tell the house what the turn means, and the carrier what to do."""
    call_sid, state = _call_sid(), turn.state
    events = (*state.owed, *turn.events)
    try:
        code = house.perform(state, events, call_sid, _from(), utc_now()) if call_sid else None
        state = replace(state, owed=())
    except SQLAlchemyError:
        # The caller goes on; what the house must know travels with the call until it can be written.
        log.exception("a step could not be written down")
        code, state = None, replace(state, owed=events)
    if code:
        state = state.knowing(receipt_code=code)
    return Response(documents.render(replace(turn, state=state), call_sid), mimetype="text/xml")


@voice.errorhandler(Exception)
def _something_broke(error: Exception) -> Response | tuple[str, int]:
    """A fault of ours: the caller is taken to where something can be left; events are asked for again."""
    if isinstance(code := getattr(error, "code", None), int) and code < 500:
        return "", code
    log.error("a webhook failed", exc_info=error)
    if request.endpoint not in ("voice.incoming", "voice.answer"):
        return "", 500  # the carrier repeats it, or goes to its own last resort
    state = replace(_new_call(), step=_script().fallback)
    turn = engine.begin(_script(), state, _house())
    return Response(documents.render(turn, _call_sid()), mimetype="text/xml")


# -- events: what has become of the call ---------------------------------------------------------------


@voice.post("/recording")
def recording() -> tuple[str, int]:
    """What became of a recording (in-progress, completed, absent, failed); in any order, any number of times."""
    call_sid, sid = _call_sid(), _sid("RecordingSid")
    if call_sid and sid:
        state = _state(request.args.get("state", "")) or _new_call()
        house.recording_event(state, call_sid, sid, request.form.get("RecordingStatus", ""), _seconds(), utc_now())
    return "", 204


@voice.post("/status")
def status() -> tuple[str, int]:
    """The call's own events; the last one closes it."""
    call_sid = _call_sid()
    if call_sid and request.form.get("CallStatus") in _ENDED:
        house.call_ended(call_sid, _from(), utc_now())
    return "", 204


@voice.get("/playback/<token>.wav")
def playback(token: str) -> Response:
    """A caller's own last take, for the caller's own ears."""
    try:
        state = unseal(token, max_age=_PLAYBACK_AGE)
    except Unreadable:
        abort(404)
    take = house.stored_take(state.facts.get("call_sid", ""), state.take)
    if take is None:
        abort(404)
    return send_file(audio_store.path_of(take.id), mimetype="audio/wav")


# -- reading the carrier's form ----------------------------------------------------------------------


def _house() -> house.House:
    return house.House(_call_sid(), utc_now())


def _state(token: str) -> State | None:
    """The call's state; where it cannot be read (a secret or the script changed in mid-call) what the
    database remembers; if that is nothing, the call begins anew rather than being dropped."""
    with suppress(Unreadable):
        state = unseal(token)
        if state.step in _script().steps:
            return state
    log.warning("a call's state could not be read")
    with suppress(SQLAlchemyError):
        known = house.remembered(_call_sid()) if _call_sid() else None
        if known is not None and known.step in _script().steps:
            return known
    return None


def _new_call() -> State:
    state = State(_script().start, DEFAULT_LANGUAGE).knowing(since=utc_now().isoformat())
    if number := _from():
        state = state.knowing(callback_number=number)
    if settings().local and (at := pretended_hour(request.form)):
        state = state.knowing(at=at)
    return state


def _from() -> str | None:
    return calling_number(request.form.get("From"))


def _sid(field: str) -> str:
    """A carrier's id; empty where the request has none that could be one."""
    sid = request.form.get(field, "")
    return sid if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", sid) else ""


def _call_sid() -> str:
    return _sid("CallSid")


def _input() -> Input:
    form = request.form
    if "DialCallStatus" in form:
        return Dialled(form["DialCallStatus"] in ("completed", "answered"))
    if sid := _sid("RecordingSid"):
        # Without a length we can read it counts as speech; the audio's own length will tell.
        return Recorded(sid, 1.0 if (seconds := _seconds()) is None else seconds)
    if "Digits" in form:
        return Keys(form["Digits"])
    return Resumed()


def _seconds() -> float | None:
    """RecordingDuration in seconds; None where it is missing or no number."""
    try:
        seconds = float(request.form["RecordingDuration"])
    except (KeyError, ValueError):
        return None
    return min(max(0.0, seconds), 86400.0) if isfinite(seconds) else None
