"""Renders a turn of the flow as the carrier's document (TwiML)."""

from __future__ import annotations

from datetime import time
from urllib.parse import urlencode

from twilio.twiml.voice_response import Gather, VoiceResponse

from ivr import prompts
from ivr.configuration import settings
from ivr.flows.verbs import (
    Connect,
    HangUp,
    Line,
    Listen,
    PlayTake,
    RecordSpeech,
    Speak,
    State,
    Turn,
    Wait,
)
from ivr.telephony.sealing import seal

#: The carrier's voice for each language. An invalid pair can fail the whole document, so a language
#: without an entry must never reach `<Say>`.
VOICES = {
    "de": ("de-DE", "Polly.Vicki"),
    "en": ("en-GB", "Polly.Amy"),
    "ko": ("ko-KR", "Polly.Seoyeon"),
}

_ANY_KEY = "1234567890*#"


def url(path: str, state: State) -> str:
    """Address of one of our webhooks, carrying the call's state."""
    return f"{settings().base_url}/voice/{path}?{urlencode({'state': seal(state)})}"


def render(turn: Turn, call_sid: str) -> str:
    """The document for a turn. Every way it can end leads back to us or closes the line."""
    document = VoiceResponse()
    answer = url("answer", turn.state)
    for verb in turn.verbs:
        match verb:
            case Speak(lines=lines):
                _say(document, lines, turn.state)
            case Listen(lines=lines, max_digits=1, timeout=timeout):
                # "" lets the hash key through as an answer like any other
                gather = document.gather(
                    input="dtmf", num_digits=1, finish_on_key="", timeout=timeout, action=answer, method="POST"
                )
                _say(gather, lines, turn.state)
                document.redirect(answer, method="POST")
            case Listen(lines=lines, max_digits=max_digits, timeout=timeout):
                gather = document.gather(
                    input="dtmf",
                    num_digits=max_digits,
                    finish_on_key="#",
                    timeout=timeout,
                    action=answer,
                    method="POST",
                )
                _say(gather, lines, turn.state)
                document.redirect(answer, method="POST")
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
                    recording_status_callback=url("recording", turn.state),
                    recording_status_callback_method="POST",
                    recording_status_callback_event="in-progress completed absent",
                )
                document.redirect(answer, method="POST")
            case PlayTake():
                playable = seal(turn.state.knowing(call_sid=call_sid))
                document.play(f"{settings().base_url}/voice/playback/{playable}.wav")
            case Wait(seconds=seconds):
                document.pause(length=seconds)
                document.redirect(answer, method="POST")
            case Connect(number=number):
                document.dial(
                    number,
                    action=answer,
                    method="POST",
                    timeout=settings().ring_seconds,
                    caller_id=settings().hotline_number,
                )
            case HangUp():
                document.hangup()
    return str(document)


def _say(where: VoiceResponse | Gather, lines: tuple[Line, ...], state: State) -> None:
    for line in lines:
        language = line.language or state.language
        tag, voice = VOICES[language]
        values = {**_house_values(), **state.facts, **line.values}
        where.say(prompts.text(line.prompt, language, values), language=tag, voice=voice)


def _house_values() -> dict[str, str]:
    span = settings().hours.usual_span
    return {
        "opens": _hour(span.opens) if span else "–",
        "closes": (_hour(span.closes) if span.closes else "24") if span else "–",
        "minutes": str(settings().message_seconds // 60 or 1),
    }


def _hour(at: time) -> str:
    return f"{at:%-H:%M}" if at.minute else f"{at:%-H}"
