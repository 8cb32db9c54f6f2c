"""Webhooks of an answer that is spoken in place of a key: its recording has ended; is its word understood yet?"""

from __future__ import annotations

import logging

from flask import Blueprint, request
from sqlalchemy.exc import SQLAlchemyError
from twilio.twiml.voice_response import VoiceResponse

from ivr.carrier.dialects import event_taken
from ivr.carrier.signature import only_the_carrier
from ivr.carrier.webhook_urls import voice_url
from ivr.domain.digits import whole_number
from ivr.domain.timestamps import utc_now
from ivr.flows import engine
from ivr.flows.protocol import Input, Keys, PromptLine, Spoken
from ivr.flows.state import CallState
from ivr.platform import database
from ivr.prompts.script import script
from ivr.telephony import spoken_lines, twiml
from ivr.telephony.call_session import call_sid, present_context, reply, sid, state_of
from ivr.telephony.document import Document
from ivr.voicebox import spoken_answers

log = logging.getLogger(__name__)
answers = Blueprint("spoken", __name__, url_prefix="/voice/spoken")
#: Parameter of an address: the caller has just heard that we are busy with what they said.
_TOLD = "told"

answers.before_request(only_the_carrier)


@answers.errorhandler(Exception)
def _something_broke(error: Exception) -> Document | tuple[str, int]:
    """A fault of ours: the question is asked for a key, by the webhook of all answers."""
    if isinstance(code := getattr(error, "code", None), int) and code < 500:
        return "", code
    log.error("a webhook of a spoken answer failed", exc_info=error)
    if request.endpoint == "spoken.event":
        return "", 500
    return _to(voice_url("/answer", state=request.args.get("state", "")))


@answers.post("")
def ended() -> Document:
    """The recording has ended, by a key too, or nothing was recorded; or the word was not understood a moment ago."""
    state = state_of(request.args.get("state", ""))
    if state is None:
        return _to(voice_url("/incoming"))
    _note_recording()
    pressed = request.form.get("Digits", "")
    if pressed == "hangup":
        return Document("<Response/>")
    if pressed not in ("", "#"):  # the hash key ends what was said
        return _answered(state, Keys(pressed))
    key = _key()
    return _wait(state) if key is None else _answered(state, Spoken(key))


def _key() -> str | None:
    try:
        with database.reading() as session:
            return spoken_answers.key_of(session, _answer_id(), call_sid(), utc_now())
    except SQLAlchemyError:
        return ""


@answers.post("/event")
def event() -> tuple[str, int]:
    """The carrier has a recording of an answer; its caller may have hung up."""
    if request.form.get("RecordingStatus") == "completed":
        _note_recording()
    return event_taken()


def _note_recording() -> None:
    if recording := sid("RecordingSid"):
        with database.writing() as session:
            spoken_answers.recorded(session, _answer_id(), call_sid(), recording, utc_now())


def _answer_id() -> int:
    return whole_number(request.args.get(twiml.ANSWER, "")) or 0


def _answered(state: CallState, given: Input) -> Document:
    return reply(engine.answer(script(), state, given, present_context()), state)


def _wait(state: CallState) -> Document:
    """The word is being understood: a caller hears so at once, and again after each second that follows in silence."""
    told = request.args.get(_TOLD) == "1"
    again = twiml.url("spoken", state, call_sid(), **{twiml.ANSWER: _answer_id()} | ({} if told else {_TOLD: 1}))
    document = VoiceResponse()
    if told:
        document.pause(length=1)
    else:
        spoken_lines.speak(document, (PromptLine("one_moment"),), spoken_lines.languages_of(state), {})
    return _and_then(document, again)


def _to(url: str) -> Document:
    return _and_then(VoiceResponse(), url)


def _and_then(document: VoiceResponse, url: str) -> Document:
    document.redirect(url, method="POST")
    return Document(document)
