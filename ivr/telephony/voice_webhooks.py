"""The carrier's webhooks: `/voice/*`.

Each validates the carrier's signature, except those that serve audio (`/playback`, `/prompt`, `/music`). Each may be
received twice, and answers with a document (TwiML) even if the database or another part does not answer.
"""

from __future__ import annotations

import io
import logging
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from flask import Blueprint, Response, abort, request, send_file
from sqlalchemy.exc import SQLAlchemyError

from ivr.carrier.call_control import ENDED
from ivr.carrier.dialects import event_taken
from ivr.carrier.signature import Answer, is_genuine, of_trial
from ivr.config.settings import settings
from ivr.domain.digits import whole_number
from ivr.domain.languages import LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.flows import engine
from ivr.flows.protocol import Input, Keys, LeftQueue, Recorded, Resumed, TalkEnded
from ivr.flows.state import CallState
from ivr.flows.steps import Menu, Record
from ivr.notices import own_texts
from ivr.platform import database
from ivr.prompts import music, parts, recordings, rendering
from ivr.prompts.parts import Part
from ivr.prompts.script import script
from ivr.telephony import (
    agent_webhooks,
    call_intake,
    doubled_keys,
    emergency_fallback,
    flow_context,
    missing_ids,
    named_forms,
    queue_webhooks,
    synthetic_webhooks,
    twiml,
)
from ivr.telephony.call_session import (
    call_sid,
    document,
    from_number,
    new_call,
    present_context,
    reply,
    seconds,
    shown,
    sid,
    state_of,
)
from ivr.telephony.carrier_request import current
from ivr.telephony.document import Document
from ivr.telephony.state_token import Unreadable, unseal_playback
from ivr.voicebox import audio_store

log = logging.getLogger(__name__)
voice = Blueprint("voice", __name__, url_prefix="/voice")

#: Seconds a playback address may be used; the carrier asks for it at once.
_PLAYBACK_AGE = 600


@voice.before_request
def _only_the_carrier() -> Answer | None:
    # Media is asked for as plain files: a caller's own recording under a sealed, short-lived token, and prompts,
    # which everybody who rings may hear.
    open_to_all = ("voice.playback", "voice.prompt", "voice.hold_music")
    asked = current()
    if asked.endpoint in open_to_all:
        return None
    if not is_genuine(asked):
        abort(403)
    return of_trial(asked)


# -- documents: what the caller hears next -----------------------------------------------------------


@voice.post("/incoming")
def incoming() -> Document:
    """The number's voice URL: a call has come in, from a caller or (`staff_number`) a team member."""
    missing_ids.tell_if_missing()
    if (number := settings().staff_number) and current().fields.get("To") == number:
        return agent_webhooks.greeting()
    if synthetic_webhooks.may_be_ours():
        return synthetic_webhooks.ask_for_code()
    return reply(engine.begin(script(), new_call(), present_context()))


@voice.post("/answer")
def answer() -> Document:
    """The caller pressed keys, stayed silent, spoke, left the call queue, or a conversation ended."""
    asked = current()
    state = state_of(asked.args.get("state", ""))
    if asked.fields.get("QueueResult") in queue_webhooks.ALREADY_MOVED_ON:
        return Document("<Response/>")  # the call has gone on already; the answer is not executed
    if state and "DialCallStatus" in asked.fields and (late := queue_webhooks.awaits_late_event(call_sid())):
        return late
    return reply(engine.answer(script(), state, _input(state), present_context()), state) if state else incoming()


@voice.post("/fallback")
def fallback() -> Document:
    """A document of ours failed (`ErrorUrl`): take the call up where something can still be left."""
    log.error("the carrier reports error %s", re.sub(r"\D", "", request.form.get("ErrorCode", ""))[:8] or "unknown")
    state = state_of(_token_of_what_failed())
    return reply(engine.take_up(script(), state, present_context())) if state else incoming()


def _token_of_what_failed() -> str:
    with suppress(ValueError):
        return parse_qs(urlsplit(request.form.get("ErrorUrl", "")).query).get("state", [""])[0]
    return ""


@voice.errorhandler(Exception)
def _something_broke(error: Exception) -> Document | tuple[str, int]:
    """A fault of ours: the caller is taken to where something can be left; events are asked for again."""
    if isinstance(code := getattr(error, "code", None), int) and code < 500:
        return "", code
    log.error("a webhook failed", exc_info=error)
    if request.endpoint not in ("voice.incoming", "voice.answer", "voice.fallback"):
        return "", 500  # the carrier repeats it, or goes to its own last resort
    for offer in (_take_up, _begin_again):
        try:
            return offer()
        except Exception:
            log.exception("something else broke while a call was taken up")
    return emergency_fallback.apology(request.args.get("state", "") or _token_of_what_failed())


def _take_up() -> Document:
    """The call goes on in the caller's language, with what was promised."""
    state = state_of(request.args.get("state", "") or _token_of_what_failed())
    if state is None:
        return _begin_again()
    return reply(engine.take_up(script(), state, present_context()), state, is_second=True)


def _begin_again() -> Document:
    state = replace(new_call(), step=script().fallback)
    return document(engine.begin(script(), state, present_context()))


@voice.get("/music/<version>.wav")
def hold_music(version: str) -> Response:
    """What a waiting caller hears between two announcements."""
    if version != music.version():
        abort(404)
    try:
        response = _audio(music.audio())
    except OSError:  # the disk is full: who waits hears it all the same
        response = Response(music.unstored(settings().announce_seconds), mimetype="audio/wav")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["X-Spoken-Text"] = ""
    return response


# -- events: what has become of the call ---------------------------------------------------------------


@voice.post("/recording")
def recording() -> tuple[str, int]:
    """What became of a recording (in-progress, completed, absent, failed); in any order, any number of times."""
    call, recorded = call_sid(), sid("RecordingSid")
    if call and recorded:
        state = state_of(request.args.get("state", ""), is_event=True) or new_call()
        if state.synthetic:  # whoever has placed the call deletes it
            return event_taken()
        call_intake.recording_event(
            state, call, recorded, request.form.get("RecordingStatus", ""), seconds(), utc_now()
        )
    return event_taken()


@voice.post("/status")
def status() -> tuple[str, int]:
    """The call's own events; the last one closes it."""
    if (call := call_sid()) and request.form.get("CallStatus") in ENDED and not synthetic_webhooks.is_synthetic():
        call_intake.call_ended(call, from_number(), utc_now(), shown=shown())
    return event_taken()


@voice.get("/playback/<token>.wav")
def playback(token: str) -> Response:
    """A caller's own last recording, for the caller alone."""
    try:
        call, number = unseal_playback(token, max_age=_PLAYBACK_AGE)
    except Unreadable:
        abort(404)
    kept = flow_context.stored_recording(call, number)
    if kept is None:
        abort(404)
    audio = io.BytesIO(audio_store.load(kept.recording_sid))
    return send_file(audio, mimetype="audio/wav")


@voice.get("/prompts/<language>/<name>.<version>.wav")
def prompt(language: str, name: str, version: str) -> Response:
    """A part of a prompt. The same for all callers, and its address changes with what it says."""
    if version == own_texts.VERSION:
        return _own_text(language, name)
    part = parts.named(language, name) if language in LANGUAGES else None
    if part is None:
        abort(404)
    if not version.startswith("r"):
        return _for_ever(_rendered(part), language, part.text)
    recording_id = whole_number(version[1:]) or abort(404)
    try:
        with database.reading() as session:
            audio = recordings.audio(session, recording_id) or abort(404)
    except SQLAlchemyError:  # the caller hears the same words in the other voice
        log.warning("the recording of a prompt cannot be read; it is spoken")
        return _for_now(_rendered(part))
    return _for_ever(Response(audio, mimetype="audio/wav"), language, part.text)


def _audio(path: Path) -> Response:
    """A file that another process may write anew meanwhile: read at once, so that the length told is the one sent."""
    return Response(path.read_bytes(), mimetype="audio/wav")


def _rendered(part: Part) -> Response:
    try:
        return _audio(rendering.audio_of(part))
    except OSError:  # the disk is full: the caller hears it all the same
        return Response(rendering.unstored(part), mimetype="audio/wav")


def _own_text(language: str, name: str) -> Response:
    """An announcement or a night answer that is played; a moment of silence while the database does not answer."""
    try:
        with database.reading() as session:
            audio, text = own_texts.audio(session, language, name) or abort(404)
    except SQLAlchemyError:
        log.warning("a text of the authority cannot be read; callers do not hear it")
        return _for_now(Response(rendering.unstored(parts.pause(language)), mimetype="audio/wav"))
    return _for_ever(Response(audio, mimetype="audio/wav"), language, text)


def _for_now(response: Response) -> Response:
    """It is asked for again, and not kept by the carrier."""
    response.headers["Cache-Control"] = "no-store"
    return response


def _for_ever(response: Response, language: str, text: str) -> Response:
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Content-Language"] = language
    # For people who read along at the local exchange; carriers pass over it.
    response.headers["X-Spoken-Text"] = quote(text)
    return response


def _input(state: CallState) -> Input:
    asked = current()
    form = asked.fields
    if "QueueResult" in form:
        reason = queue_webhooks.out_of_queue(call_sid(), state, form["QueueResult"])
        doubled_keys.pressed(queue_webhooks.key_of(reason))
        return LeftQueue(reason)
    if "DialCallStatus" in form:
        return TalkEnded(met=queue_webhooks.met(call_sid()))
    if recorded := sid("RecordingSid"):
        # Without a length we can read it counts as speech; the audio's own length will tell.
        length = seconds()
        return Recorded(recorded, 1.0 if length is None else length, _cut_at_limit(state, length))
    if "Digits" in form:
        # An entry that was ended at once: the carrier tells the key apart, so it is no silence.
        early = twiml.EARLY in asked.args
        if _takes_one_key(state, early=early) and doubled_keys.is_doubled():
            return Keys(engine.REPEAT, early=early)  # of what is asked now the caller has heard nothing
        pressed = named_forms.key_now(state.step, form["Digits"])
        return Keys(pressed or form.get("FinishedOnKey", ""), early=early)
    return Resumed()


def _takes_one_key(state: CallState, *, early: bool) -> bool:
    """Whether one key answers what is asked, and it is not the second of two."""
    step = script().steps.get(state.step)
    return early or (isinstance(step, Menu) and not step.second_key)


def _cut_at_limit(state: CallState, length: float | None) -> bool:
    """Whether a recording ended because the time for one was over.

    The carrier names the key that ended it, or the hang-up. It tells the limit from the silence by the length alone:
    silence is trimmed, so a recording that it ended is shorter than the limit by that silence.
    """
    step = script().steps.get(state.step)
    if length is None or request.form.get("Digits") or not isinstance(step, Record):
        return False
    return length > settings().message_seconds - step.silence
