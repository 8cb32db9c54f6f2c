"""Renders a turn of the flow as the carrier's document (TwiML)."""

from __future__ import annotations

from collections.abc import Mapping

from twilio.twiml.voice_response import Gather, VoiceResponse

from ivr import prompts
from ivr.callbacks.request import Request
from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import settings
from ivr.flows.protocol import (
    HangUp,
    JoinQueue,
    JoinRoom,
    Listen,
    PlayRecording,
    PromptLine,
    RecordSpeech,
    Speak,
    Turn,
    Wait,
)
from ivr.flows.state import CallState
from ivr.telephony.state_token import seal, seal_playback

_ANY_KEY = "1234567890*#"


def url(path: str, state: CallState, call_sid: str) -> str:
    """Address of one of our webhooks, carrying the call's state."""
    return voice_url(f"/{path}", state=seal(state, call_sid))


def render(turn: Turn, call_sid: str, values: Mapping[str, str]) -> str:
    """The document for a turn. Every way it can end leads back to us or closes the line.

    `values` fill the prompts' placeholders, see :mod:`ivr.prompts`.
    """
    document = VoiceResponse()
    answer = url("answer", turn.state, call_sid)
    for verb in turn.verbs:
        match verb:
            case Speak(lines=lines):
                speak(document, lines, turn.state.language, values)
            case Listen(lines=lines, max_digits=1, timeout=timeout):
                # "" lets the hash key through as an answer like any other
                gather = document.gather(
                    input="dtmf", num_digits=1, finish_on_key="", timeout=timeout, action=answer, method="POST"
                )
                speak(gather, lines, turn.state.language, values)
                document.redirect(answer, method="POST")
            case Listen(lines=lines, max_digits=max_digits, timeout=timeout):
                gather = document.gather(
                    input="dtmf",
                    num_digits=max_digits,
                    finish_on_key="#",
                    timeout=timeout,
                    action=answer,
                    method="POST",
                    action_on_empty_result=True,
                )
                speak(gather, lines, turn.state.language, values)
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
                    recording_status_callback=url("recording", turn.state, call_sid),
                    recording_status_callback_method="POST",
                    recording_status_callback_event="in-progress completed absent",
                )
                document.redirect(answer, method="POST")
            case PlayRecording():
                playable = seal_playback(call_sid, turn.state.recording_number)
                document.play(f"{settings().base_url}/voice/playback/{playable}.wav")
            case Wait(seconds=seconds):
                document.pause(length=seconds)
                document.redirect(answer, method="POST")
            case JoinQueue():
                document.enqueue(  # a queue holds a hundred at the carrier: each team has its own
                    f"{settings().hotline_number} {Request.of(turn.state.request).team}",
                    action=answer,
                    method="POST",
                    wait_url=url("wait", turn.state, call_sid),
                    wait_url_method="POST",
                )
            case JoinRoom(room=room):
                join_room(document, room, answer)
            case HangUp():
                document.hangup()
    return str(document)


def join_room(document: VoiceResponse, room: str, action: str, *, star: bool = False) -> None:
    """Talk with those in a room; who is there may leave without ending it. `star`: the star key leaves it."""
    dial = document.dial(action=action, method="POST", hangup_on_star=star)
    dial.conference(
        room,
        start_conference_on_enter=True,
        end_conference_on_exit=False,
        beep="false",
        wait_url="",  # silence: it lasts a second
        status_callback=voice_url("/conference"),
        status_callback_method="POST",
        status_callback_event="join leave",
    )


def speak(
    where: VoiceResponse | Gather, lines: tuple[PromptLine, ...], language: str, values: Mapping[str, str]
) -> None:
    """Have prompts spoken or played, within a verb or on their own."""
    said: set[tuple[str, str, frozenset[tuple[str, str]]]] = set()
    for line in lines:
        spoken_in = line.language or language
        line_said = line.prompt, spoken_in, frozenset(line.values.items())
        if line_said in said:
            continue  # a caller who is greeted in German hears of the other languages in German once
        said.add(line_said)
        for piece in prompts.spoken(line.prompt, spoken_in, {**values, **line.values}):
            match piece:
                case prompts.Text(text=text, tag=tag, voice=voice):
                    where.say(text, language=tag, voice=voice)
                case prompts.Audio(part=part, version=version):
                    where.play(f"{settings().base_url}/voice/prompts/{spoken_in}/{part.name}.{version}.wav")
