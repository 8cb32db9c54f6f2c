"""A caller in the call queue: what they hear, what they may press, and how they are connected to a member."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum

from flask import Blueprint, abort, request
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from twilio.twiml.voice_response import VoiceResponse

from ivr.callbacks import intake
from ivr.callbacks.request import Request
from ivr.carrier.signature import only_the_carrier
from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import settings
from ivr.contact_centre import (
    call_distribution,
    call_queue,
    conversations,
    duty_roster,
    interpreters,
    kept_places,
)
from ivr.domain.conversation_rules import Sentence
from ivr.domain.digits import number_in
from ivr.domain.enums import ConversationState, QueueEntryMode, QueueEntryState, QueueExit
from ivr.domain.languages import addressed_in
from ivr.domain.timestamps import utc_now
from ivr.flows import engine
from ivr.flows.language_menu import CHOSEN_LANGUAGE
from ivr.flows.protocol import Bridged, NoInterpreter, PromptLine, Speak, TalkEnded, Turn
from ivr.flows.state import CallState
from ivr.models.contact_centre import Conversation, Leg, QueueEntry
from ivr.platform import database, taking_turns
from ivr.prompts import music
from ivr.prompts.script import script
from ivr.telephony import (
    call_events,
    call_intake,
    held_rows,
    leg_documents,
    remembered_calls,
    spoken_lines,
    twiml,
    waiting_times,
)
from ivr.telephony.call_session import call_sid, present_context, reply, state_of
from ivr.telephony.document import Document
from ivr.telephony.state_token import Unreadable, unseal

log = logging.getLogger(__name__)
waiting_callers = Blueprint("queue", __name__, url_prefix="/voice")

#: Results of the carrier's queue after which the call is elsewhere already. The carrier ignores the answer to them.
ALREADY_MOVED_ON = ("hangup", "redirected", "redirected-from-bridged", "bridged", "bridging-in-process")
#: Keys of a waiting caller.
_WISHES = {"1": QueueExit.CALLBACK, "2": QueueExit.MESSAGE, "9": QueueExit.EMERGENCY}
#: What is asked again while a row is held: callers wait on, and talk on.
_ASKED_AGAIN = ("queue.wait", "queue.key", "queue.told")
#: The step of the call script in which callers wait.
_STEP = "call_queue"


waiting_callers.before_request(only_the_carrier)


@waiting_callers.errorhandler(Exception)
def _something_broke(error: Exception) -> Document | tuple[str, int]:
    """A waiting caller never hears an error. They are taken to the voicebox."""
    if isinstance(code := getattr(error, "code", None), int) and code < 500:
        return "", code
    if held_rows.is_held(error) and request.endpoint in _ASKED_AGAIN and (again := held_rows.ask_again()):
        return again
    log.error("a webhook of the call queue failed", exc_info=error)
    if request.endpoint in (
        "queue.connected",
        "queue.no_interpreter",
        "queue.told",
    ):  # has left the queue already: tried again
        document = VoiceResponse()
        document.pause(length=1)
        document.redirect(voice_url(request.path.removeprefix("/voice"), **request.args), method="POST")
        return Document(document)
    return _leave()


@waiting_callers.post("/wait")
def wait() -> Document:
    """The queue's wait URL, asked again and again: place, expected wait, choices, music; or out of the queue."""
    state = state_of(request.args.get("state", ""))
    if state is None:
        return _leave()
    lines = _announcement(state)
    if lines is None:
        return _leave()
    document = VoiceResponse()
    key = twiml.url("wait/key", state, call_sid())
    gather = document.gather(input="dtmf", num_digits=1, finish_on_key="", timeout=1, action=key, method="POST")
    said, languages = (*_own_name(state), *lines, PromptLine("line_options")), spoken_lines.languages_of(state)
    spoken_lines.speak(gather, said, languages, present_context().values(state))
    gather.play(f"{settings().calls_url}/voice/music/{music.version()}.wav")
    document.redirect(twiml.url("wait", state, call_sid()), method="POST")
    return Document(document)


def _own_name(state: CallState) -> tuple[PromptLine, ...]:
    """The name of the language that the caller has chosen beyond the menu: somebody is sought who interprets it."""
    line = CHOSEN_LANGUAGE.get(state.request.further_key)
    return (line,) if line and state.request.further_key in present_context().further_languages() else ()


def _announcement(state: CallState) -> tuple[PromptLine, ...] | None:
    """Position and expected wait; None if the caller no longer waits, and empty if a member has accepted."""
    now = utc_now()
    with database.reading() as session:
        if (entry := _goes_on_waiting(session, state, now)) is not None:
            return waiting_times.told(session, entry, now)
    return taking_turns.alone(lambda session: _told_while_waiting(session, state, now))


def _goes_on_waiting(session: Session, state: CallState, now: datetime) -> QueueEntry | None:
    """The entry of a caller for whom nothing is to be changed: all other live calls need not wait for them."""
    entry = call_queue.of_call(session, call_sid(), call_events.visit_of(state))
    if entry is None or entry.state not in (QueueEntryState.WAITING, QueueEntryState.OFFERED):
        return None
    if not present_context().team_is_open(state) or not duty_roster.somebody_answers(session, entry.team_id, now):
        return None
    return None if call_distribution.is_anybody_free(session) else entry


def _told_while_waiting(session: Session, state: CallState, now: datetime) -> tuple[PromptLine, ...] | None:
    turn = call_events.visit_of(state)
    entry = call_queue.of_call(session, call_sid(), turn)
    if entry is None:  # the database did not answer when they came
        call_intake.join_queue(session, call_sid(), state, now)
        entry = call_queue.of_call(session, call_sid(), turn)
    if entry is None or entry.state == QueueEntryState.LEFT:
        return None
    if entry.state == QueueEntryState.ANSWERED:
        return ()
    if not present_context().team_is_open(state):
        call_queue.leave(session, entry, QueueExit.CLOSED, now)
        return None
    if not duty_roster.somebody_answers(session, entry.team_id, now):
        call_queue.leave(session, entry, QueueExit.NOBODY, now)
        return None
    call_distribution.match(session, now)
    return waiting_times.told(session, entry, now)


@waiting_callers.post("/wait/key")
def key() -> Document:
    """A key of a waiting caller: a callback in their turn, a message, an emergency. Any other key repeats."""
    state = state_of(request.args.get("state", ""))
    wish = _WISHES.get(held_rows.pressed())
    if state is None:
        return _leave()
    if wish is None:
        document = VoiceResponse()
        document.redirect(twiml.url("wait", state, call_sid()), method="POST")
        return Document(document)
    now = utc_now()
    taking_turns.alone(lambda session: _wishes(session, state, wish, now))
    return _leave()


def _wishes(session: Session, state: CallState, wish: QueueExit, now: datetime) -> None:
    entry = call_queue.of_call(session, call_sid(), call_events.visit_of(state))
    if entry is None or entry.state == QueueEntryState.ANSWERED:
        return
    if wish != QueueExit.CALLBACK:
        call_queue.leave(session, entry, wish, now)
        return
    task = intake.open_for(session, entry.call, Request.of(state.request), now)  # promised at once:
    kept_places.keep_place(session, entry, task, now)  # many hang up right after the key
    entry.reason = QueueExit.CALLBACK


def out_of_queue(call: str, state: CallState, result: str) -> str:
    """The carrier's queue has let a caller go (queue-full, error, system-error, leave).

    No member is called for them any more. Returns the reason why they left; empty where it is not known.
    """
    full = result == "queue-full"

    def leaves(session: Session) -> str:
        entry = call_queue.of_call(session, call, call_events.visit_of(state))
        if entry is None:
            return QueueExit.FULL if full else ""
        if entry.mode == QueueEntryMode.LIVE:
            call_queue.leave(session, entry, QueueExit.FULL if full else QueueExit.CARRIER, utc_now())
        return entry.reason or ""

    try:
        return taking_turns.alone(leaves)
    except SQLAlchemyError:
        return QueueExit.FULL if full else ""


def key_of(reason: str) -> str:
    """The key with which a caller has left the queue; empty where they left it for another reason."""
    return next((key for key, wish in _WISHES.items() if wish == reason), "")


def met(call: str) -> bool:
    """Whether a caller has spoken with a member in their last conversation. True also where it is not known."""
    try:
        with database.reading() as session:
            leg = conversations.leg_of(session, call)
            return leg is None or leg.conversation.connected_at is not None
    except SQLAlchemyError:
        return True


def awaits_late_event(call: str) -> Document | None:
    """A second's wait for a caller who comes out of a room in which, by the events told so far, they met nobody.

    Events may be later than the documents, and nobody who has talked is sent back into the queue. None where they met
    a member.
    """
    try:
        with database.reading() as session:
            leg = conversations.leg_of(session, call)
            if leg is None or leg.conversation.connected_at is not None or leg.conversation.entry is None:
                return None
            again = voice_url("/talk-over", conversation=leg.conversation_id, waited=1)
    except SQLAlchemyError:
        return None
    document = VoiceResponse()
    document.pause(length=1)
    document.redirect(again, method="POST")
    return Document(document)


def _leave() -> Document:
    document = VoiceResponse()
    document.leave()
    return Document(document)


@waiting_callers.post("/connected")
def connected() -> Document:
    """A member has accepted: out of the queue and into the conference room."""
    with database.reading() as session:
        entry = session.get(QueueEntry, number_in(request.args, "entry"))
        if entry is None or entry.call.call_sid != call_sid():
            abort(404)
        leg = session.get(Leg, entry.offered_leg_id or 0)
        room = leg.conversation.room if leg else ""
        looking = leg is not None and interpreters.is_looking(session, leg.conversation)
    state = _resumed(entry)
    turn = engine.answer(script(), state, Bridged(room), present_context())
    return reply(_after(Sentence.CALLING_INTERPRETER, turn) if looking else turn, state)


def _after(sentence: Sentence, turn: Turn) -> Turn:
    """A turn before which a caller hears a sentence in their own language."""
    return replace(turn, verbs=(Speak((PromptLine(sentence),)), *turn.verbs))


@waiting_callers.post("/told")
def told() -> Document:
    """In a conversation: the caller hears what has happened, once, and is back in the room, or hears music on."""
    talking = _talking()
    place, told_now = taking_turns.alone(_heard)
    if place == _Place.OVER:
        return talk_over()
    if told_now:
        return _say(told_now, talking)
    if place == _Place.ON_HOLD:
        document = VoiceResponse()
        twiml.play_music(document, voice_url("/told", conversation=request.args["conversation"]))
        return Document(document)
    return reply(engine.begin(script(), talking, present_context()), talking)


class _Place(Enum):
    """Where a caller is who hears a sentence."""

    OVER, ON_HOLD, IN_ROOM = range(3)


def _heard(session: Session) -> tuple[_Place, Sequence[Sentence]]:
    """Where the caller is, and what they are to hear; what they have heard to its end they do not hear again."""
    leg = conversations.leg_of(session, call_sid())
    if leg is None or leg.conversation.state == ConversationState.ENDED:
        return _Place.OVER, ()
    leg_documents.was_told(session, leg)
    return _Place.IN_ROOM if leg.held_at is None else _Place.ON_HOLD, leg_documents.to_be_told(leg)


def _say(told_now: Sequence[Sentence], state: CallState) -> Document:
    document = VoiceResponse()
    lines = tuple(PromptLine(one) for one in told_now)
    spoken_lines.speak(document, lines, spoken_lines.languages_of(state), {})
    after = {"conversation": request.args["conversation"], **leg_documents.when_told(told_now)}
    document.redirect(voice_url("/told", **after), method="POST")
    return Document(document)


@waiting_callers.post("/no-interpreter")
def no_interpreter() -> Document:
    """In a conversation: no interpreter is available; the caller may be called back together with one."""
    talking = _talking()
    taking_turns.alone(lambda session: interpreters.caller_is_asked(session, call_sid()))
    return reply(engine.answer(script(), talking, NoInterpreter(), present_context()), talking)


@waiting_callers.post("/talk-over")
def talk_over() -> Document:
    """The conversation is over, and the caller has been taken out of its room."""
    talking = _talking()
    if "waited" not in request.args and (late := awaits_late_event(call_sid())) is not None:
        return late
    with database.reading() as session:
        leg = conversations.leg_of(session, call_sid())
        cut_off = leg is not None and leg.to_hear == Sentence.ENDED_BY_US
    if cut_off:
        document = VoiceResponse()
        spoken_lines.speak(document, (PromptLine(Sentence.ENDED_BY_US),), spoken_lines.languages_of(talking), {})
        document.hangup()
        return Document(document)
    return reply(engine.answer(script(), talking, TalkEnded(met=met(call_sid())), present_context()), talking)


def _talking() -> CallState:
    """The state of a caller in a conversation, which only their own call may ask for."""
    with database.reading() as session:
        conversation = session.get(Conversation, number_in(request.args, "conversation"))
        if conversation is None or conversation.entry is None or conversation.entry.call.call_sid != call_sid():
            abort(404)
        entry = conversation.entry
    return engine.answer(script(), _resumed(entry), Bridged(conversation.room), present_context()).state


def _resumed(entry: QueueEntry) -> CallState:
    try:
        return unseal(entry.resume, entry.call.call_sid)
    except Unreadable:  # the secret key has changed in mid-call, or the state is too old
        known = remembered_calls.remembered(entry.call.call_sid)
        in_general = CallState(_STEP, addressed_in(entry.language))
        unlisted = entry.language not in settings().enabled_languages
        return replace(known or in_general.knowing(unlisted_language=unlisted), step=_STEP)
