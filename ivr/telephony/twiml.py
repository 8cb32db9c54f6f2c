"""Renders a turn of the flow as the carrier's document (TwiML).

A caller waits for every document, so the verbs of every step are put together from prepared text instead of twilio's
objects; the tests compare both.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from twilio.twiml.voice_response import VoiceResponse

from ivr.callbacks.request import Request
from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import settings
from ivr.domain.carrier_ids import is_ours
from ivr.flows.protocol import (
    HangUp,
    JoinQueue,
    JoinRoom,
    Listen,
    PlayRecording,
    RecordSpeech,
    Speak,
    Turn,
    Verb,
    Wait,
)
from ivr.flows.state import CallState
from ivr.prompts import music
from ivr.telephony import spoken_lines
from ivr.telephony.carrier_request import OUR_ID
from ivr.telephony.spoken_lines import attribute
from ivr.telephony.state_token import seal, seal_playback
from ivr.voicebox.spoken_answers import RECORDING_SECONDS

#: Parameter of an address that a key leads to which was pressed before the question or tone it is about.
EARLY = "early"
#: Parameter of an address: the id of the row of a spoken answer.
ANSWER = "answer"
_ANY_KEY = "1234567890*#"
_HEAD, _END = '<?xml version="1.0" encoding="UTF-8"?><Response>', "</Response>"


def url(path: str, state: CallState, call_sid: str, **query: str | int) -> str:
    """Address of one of our webhooks, carrying the call's state."""
    if is_ours(call_sid):  # the carrier will not name the call either when it asks next
        query = {**query, OUR_ID: call_sid}
    return voice_url(f"/{path}", state=seal(state, call_sid), **query)


def render(turn: Turn, call_sid: str, values: Mapping[str, str], **query: str) -> str:
    """The document for a turn. Each of its ends either requests another webhook or ends the call.

    `values` fill the prompts' placeholders, see :mod:`ivr.prompts`. `query`: more for the address that is asked next.
    """
    answer = url("answer", turn.state, call_sid, **query)
    verbs = [_rendered(verb, turn.state, answer, call_sid, values) for verb in turn.verbs]
    return f"{_HEAD}{''.join(verbs)}{_END}"


def _rendered(verb: Verb, state: CallState, answer: str, call_sid: str, values: Mapping[str, str]) -> str:
    """A verb as XML: what callers meet at every step as text, what is rare with the carrier's library."""
    match verb:
        case Speak(lines=lines, skippable=skippable):
            speech = spoken_lines.rendered(lines, spoken_lines.languages_of(state), values)
            return _listen(attribute(answer.replace("?", f"?{EARLY}=1&", 1)), 1, 1, speech) if skippable else speech
        case Listen(lines=lines, max_digits=max_digits, timeout=timeout, words=words):
            speech = spoken_lines.rendered(lines, spoken_lines.languages_of(state), values)
            then = _record_word(state, call_sid, words.answer_id) if words else _back_to(answer)
            return _listen(attribute(answer), max_digits, timeout, speech) + then
        case HangUp():
            return "<Hangup />"
    document = VoiceResponse()
    _add(document, verb, state, answer, call_sid)
    return str(document).removeprefix(_HEAD).removesuffix(_END)


def _listen(action: str, max_digits: int, timeout: int, speech: str) -> str:
    # "" lets the hash key through as an answer like any other; more than one digit is ended by it.
    ends = 'finishOnKey=""' if max_digits == 1 else 'actionOnEmptyResult="true" finishOnKey="#"'
    return (
        f'<Gather action="{action}" {ends} input="dtmf" method="POST" numDigits="{max_digits}" timeout="{timeout}">'
        f"{speech}</Gather>"
    )


def _record_word(state: CallState, call_sid: str, answer_id: int) -> str:
    # The tone says when to speak; before it keys are awaited for a second. Carrier: a recording that is trimmed to a
    # short word may count as too short, so it is not trimmed.
    action = url("spoken", state, call_sid, **{ANSWER: answer_id})
    document = VoiceResponse()
    document.record(
        action=action,
        method="POST",
        max_length=RECORDING_SECONDS,
        timeout=RECORDING_SECONDS,
        finish_on_key=_ANY_KEY,
        play_beep=True,
        trim="do-not-trim",
        recording_status_callback=url("spoken/event", state, call_sid, **{ANSWER: answer_id}),
        recording_status_callback_method="POST",
        recording_status_callback_event="completed absent",
    )
    document.redirect(action, method="POST")
    return str(document).removeprefix(_HEAD).removesuffix(_END)


def _back_to(answer: str) -> str:
    return f'<Redirect method="POST">{escape(answer)}</Redirect>'


def _add(document: VoiceResponse, verb: Verb, state: CallState, answer: str, call_sid: str) -> None:
    match verb:
        case RecordSpeech(silence=silence):
            # Carrier: an empty recording does not call `action`, the next verb follows; silence counts
            # as empty only when it is trimmed.
            document.record(
                action=answer,
                method="POST",
                max_length=settings().message_seconds,
                timeout=silence,
                finish_on_key=_ANY_KEY,
                play_beep=True,
                trim="trim-silence",
                recording_status_callback=url("recording", state, call_sid),
                recording_status_callback_method="POST",
                recording_status_callback_event="in-progress completed absent",
            )
            document.redirect(answer, method="POST")
        case PlayRecording():
            for number in state.request.parts or (state.recording_number,):
                playable = seal_playback(call_sid, number)
                document.play(f"{settings().calls_url}/voice/playback/{playable}.wav")
        case Wait(seconds=seconds):
            document.pause(length=seconds)
            document.redirect(answer, method="POST")
        case JoinQueue():
            document.enqueue(  # a queue holds a hundred at the carrier: each team has its own
                f"{settings().hotline_number} {Request.of(state.request).team}",
                action=answer,
                method="POST",
                wait_url=url("wait", state, call_sid),
                wait_url_method="POST",
            )
        case JoinRoom(room=room):
            join_room(document, room, answer)


def play_music(document: VoiceResponse, then: str) -> None:
    """Play the music for those who wait, then ask what is next."""
    document.play(f"{settings().calls_url}/voice/music/{music.version()}.wav")
    document.redirect(then, method="POST")


def join_room(document: VoiceResponse, room: str, action: str, *, star: bool = False, muted: bool = False) -> None:
    """Join a conference. It goes on when a participant leaves. With `star` the star key leaves it.

    `muted`: they hear the others, who do not hear them.
    """
    dial = document.dial(action=action, method="POST", hangup_on_star=star)
    dial.conference(
        room,
        start_conference_on_enter=True,
        end_conference_on_exit=False,
        beep="false",
        wait_url=f"{settings().calls_url}/voice/music/{music.version()}.wav",  # heard by who is alone in the room
        wait_method="GET",
        status_callback=voice_url("/conference"),
        status_callback_method="POST",
        status_callback_event="join leave",
        **({"muted": True} if muted else {}),
    )
