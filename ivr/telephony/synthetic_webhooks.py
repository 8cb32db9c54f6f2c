"""Synthetic calls: the document of the end that calls, and how the call that comes in shows that it is ours.

The end that calls asks what the other end is asked, and presses the key of that step. So it needs to know nothing of
how long prompts are, or how slow a network is.
"""

from __future__ import annotations

from flask import Blueprint, request
from sqlalchemy.exc import SQLAlchemyError
from twilio.twiml.voice_response import VoiceResponse

from ivr import prompts
from ivr.calls import synthetic_calls
from ivr.carrier.signature import only_the_carrier
from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import settings
from ivr.domain.digits import LARGEST_NUMBER, whole_number
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.domain.timestamps import utc_now
from ivr.flows import engine
from ivr.flows.state import CallState
from ivr.flows.synthetic_caller import KEYS, SPEAKS
from ivr.platform import database
from ivr.prompts.script import script
from ivr.telephony.call_session import call_sid, new_call, present_context, reply
from ivr.telephony.carrier_request import current
from ivr.telephony.document import Document

synthetic = Blueprint("synthetic", __name__, url_prefix="/voice/synthetic")
synthetic.before_request(only_the_carrier)

#: Before each key: the other end's question has begun when it arrives. A `w` is half a second.
_WAIT = "wwww"
_SECONDS_FOR_CODE = 8


# -- the end that calls ------------------------------------------------------------------------------


@synthetic.post("/caller")
def caller() -> Document:
    """What the calling end does next: key in its code, press the key of a step, speak, wait or hang up."""
    synthetic_id = whole_number(request.args.get("call", "")) or 0
    answered = whole_number(request.args.get("turn", ""), LARGEST_NUMBER)
    with database.reading() as session:
        known = synthetic_calls.progress(session, synthetic_id)
    said = VoiceResponse()
    is_over = known is None or known.receipt_at or known.placed_at < utc_now() - synthetic_calls.LONGEST
    if known is None or is_over:
        said.hangup()
        return Document(said)
    if answered is None:
        said.play("", digits=f"{_WAIT}{synthetic_calls.code_of(synthetic_id)}#")
        answered = 0
    elif known.turns > answered:
        _answer(said, known.step)
        answered = known.turns
    else:
        said.pause(length=1)
    said.redirect(voice_url("/synthetic/caller", call=synthetic_id, turn=answered))
    return Document(said)


def _answer(said: VoiceResponse, step: str) -> None:
    if step == SPEAKS:
        language, voice = settings().carrier_voice(DEFAULT_LANGUAGE) or ("", "")
        said.pause(length=3)
        said.say(prompts.text("goodbye", DEFAULT_LANGUAGE, {}), language=language, voice=voice)
        said.play("", digits="w#")
    elif keys := KEYS.get(step):
        said.play("", digits=f"{_WAIT}{keys}")
    else:
        said.pause(length=2)


# -- the call that comes in ----------------------------------------------------------------------------


def may_be_ours() -> bool:
    """Whether a call that comes in may be a synthetic one: it shows that number, and one is expected."""
    number = settings().synthetic_call_from
    if number is None or current().fields.get("From") != number:
        return False
    try:
        with database.reading() as session:
            return synthetic_calls.is_expected(session, utc_now())
    except SQLAlchemyError:
        return False


def ask_for_code() -> Document:
    """Who knows the code is the hotline itself; everybody else is served as always."""
    asked = VoiceResponse()
    asked.gather(
        action=voice_url("/synthetic/begin"),
        input="dtmf",
        num_digits=synthetic_calls.CODE_LENGTH + 1,
        finish_on_key="#",
        timeout=_SECONDS_FOR_CODE,
        action_on_empty_result=True,
    )
    return Document(asked)


@synthetic.post("/begin")
def begin() -> Document:
    """The call begins: as one that is not kept if its code is right, else as any other."""
    number, call = settings().synthetic_call_from, call_sid()
    try:
        with database.writing() as session:
            ours = synthetic_calls.claim(session, current().fields.get("Digits", ""), call, utc_now())
    except SQLAlchemyError:
        ours = False
    state = _own_call(number) if ours and number else new_call()
    return reply(engine.begin(script(), state, present_context()))


def _own_call(number: str) -> CallState:
    return CallState(
        script().start, DEFAULT_LANGUAGE, began_at=utc_now(), callback_number=number, is_silent=True, synthetic=True
    )


def is_synthetic() -> bool:
    """Whether the call of an event is a synthetic one.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    number = settings().synthetic_call_from
    if number is None or current().fields.get("From") != number:
        return False
    with database.reading() as session:
        return synthetic_calls.is_one(session, call_sid())
