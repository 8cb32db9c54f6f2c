"""Telephones of a conversation that are out of its room: for a sentence, a question or a key, or for good."""

from __future__ import annotations

from flask import Blueprint, request
from sqlalchemy.orm import Session
from twilio.twiml.voice_response import VoiceResponse

from ivr.carrier.signature import only_the_carrier
from ivr.carrier.webhook_urls import leg_url
from ivr.config.settings import settings
from ivr.contact_centre import conversation_control, leg_events, outbound_callbacks, sentences
from ivr.domain.conversation_rules import Sentence
from ivr.domain.digits import whole_number
from ivr.domain.enums import ConversationState
from ivr.domain.languages import DEFAULT_LANGUAGE, UNKNOWN_LANGUAGE
from ivr.domain.timestamps import utc_now
from ivr.models.contact_centre import Leg
from ivr.notices import further_languages
from ivr.platform import database, taking_turns
from ivr.telephony import agent_announcements, doubled_keys, held_rows, leg_documents, twiml
from ivr.telephony.document import Document

rooms = Blueprint("rooms", __name__, url_prefix="/voice")

#: Parameter of an address: the languages that were offered, in the order of their numbers.
_OFFERED = "offered"
#: The caller chose German, or nothing, or none of the languages.
_NOT_TOLD = (DEFAULT_LANGUAGE, UNKNOWN_LANGUAGE)


rooms.before_request(only_the_carrier)
rooms.register_error_handler(Exception, leg_documents.after_failure)


@rooms.post("/leg/left")
def left() -> Document:
    """A leg is out of the room: by the star key, or because the conversation is over."""
    with database.reading() as session:
        leg = leg_documents.own_leg(session)
        over = leg.conversation.state == ConversationState.ENDED or leg.released_at is not None
        if over or not leg_documents.has_star_key(leg):
            return leg_documents.answer(leg_documents.released(session, leg))
        return leg_documents.answer(_ask_key(leg))


def _ask_key(leg: Leg) -> VoiceResponse:
    """What the member wants who has pressed the star key. Pressed twice, it is no answer to that."""
    doubled_keys.pressed("*")
    document = VoiceResponse()
    pressed = leg_url("/star", leg.id, **({doubled_keys.AFTER: after} if (after := doubled_keys.mark()) else {}))
    gather = document.gather(input="dtmf", num_digits=1, finish_on_key="", timeout=4, method="POST", action=pressed)
    agent_announcements.say(gather, "star")
    document.redirect(pressed, method="POST")
    return document


@rooms.post("/leg/too-late")
def too_late() -> Document:
    """Somebody who has picked up is not needed any more."""
    with database.reading() as session:
        return leg_documents.answer(leg_documents.too_late(leg_documents.own_leg(session)))


@rooms.post("/leg/told")
def told() -> Document:
    """A leg hears what has happened, once, and is back in the room; or hears music on, or is let go."""
    return leg_documents.answer(taking_turns.alone(_told))


def _told(session: Session) -> VoiceResponse:
    document, leg = VoiceResponse(), leg_documents.own_leg(session)
    if leg.conversation.state == ConversationState.ENDED or leg.released_at is not None:
        return leg_documents.released(session, leg)
    leg_documents.was_told(session, leg)
    told_now = leg_documents.to_be_told(leg)
    for sentence in told_now:
        leg_documents.tell(document, leg, sentence)
    if told_now:  # they have heard it when it is over
        document.redirect(leg_url("/told", leg.id, **leg_documents.when_told(told_now)), method="POST")
    elif leg.held_at is not None:
        twiml.play_music(document, leg_url("/told", leg.id))
    else:
        leg_documents.room(document, leg)
    return document


@rooms.post("/leg/star")
def star() -> Document:
    """The key after the star key: 7 requests an interpreter. After any key the member joins the conference again."""
    return leg_documents.answer(taking_turns.alone(_after_star))


def _after_star(session: Session) -> VoiceResponse:
    document, leg = VoiceResponse(), leg_documents.own_leg(session)
    if leg.conversation.state == ConversationState.ENDED:
        return leg_documents.released(session, leg)
    if doubled_keys.is_doubled():
        return _ask_key(leg)
    if held_rows.pressed() == "7" and leg.conversation.language in _NOT_TOLD:
        return _ask_language(leg)
    if held_rows.pressed() == "7":
        called = conversation_control.want_interpreter(session, leg.conversation, utc_now(), by=leg.user)
        _say_who_comes(document, leg, called=called)
    leg_documents.room(document, leg)
    return document


@rooms.post("/leg/language")
def language() -> Document:
    """The language to interpret. Then the member joins the conference again."""
    return leg_documents.answer(taking_turns.alone(_interpreted))


def _interpreted(session: Session) -> VoiceResponse:
    document, offered, leg = VoiceResponse(), _offered(), leg_documents.own_leg(session)
    if leg.conversation.state == ConversationState.ENDED:
        return leg_documents.released(session, leg)
    if chosen := whole_number(held_rows.pressed(), len(offered)):
        called = conversation_control.want_interpreter(
            session, leg.conversation, utc_now(), by=leg.user, language=offered[chosen - 1]
        )
        _say_who_comes(document, leg, called=called)
    leg_documents.room(document, leg)
    return document


def _say_who_comes(document: VoiceResponse, leg: Leg, *, called: bool) -> None:
    """What became of the wish for an interpreter: one is called, or is there or being called already, or nobody is."""
    if Sentence.NOBODY_INTERPRETS in sentences.pending(leg):
        sentences.said(leg, (Sentence.NOBODY_INTERPRETS,))
        agent_announcements.say(document, Sentence.NOBODY_INTERPRETS)
    else:
        agent_announcements.say(document, "interpreter_called" if called else "interpreter_comes")


def _ask_language(leg: Leg) -> VoiceResponse:
    document, offered = VoiceResponse(), _interpretable()
    entered = leg_url("/language", leg.id, **{_OFFERED: ",".join(offered)})
    gather = document.gather(input="dtmf", num_digits=2, finish_on_key="#", timeout=4, method="POST", action=entered)
    agent_announcements.say(gather, "which_language")
    for number, code in enumerate(offered, start=1):
        agent_announcements.say(
            gather, "language_key", language=agent_announcements.language_name(code), key=str(number)
        )
    document.redirect(entered, method="POST")
    return document


def _offered() -> list[str]:
    """The languages that the member has heard of: each keeps its number, whatever a supervisor changes meanwhile."""
    return request.args[_OFFERED].split(",") if _OFFERED in request.args else _interpretable()


def _interpretable() -> list[str]:
    return [*(code for code in settings().enabled_languages if code != DEFAULT_LANGUAGE), *further_languages.codes()]


@rooms.post("/leg/no-interpreter")
def no_interpreter() -> Document:
    """In a callback: no interpreter is available. 1: called again together with one; else back into the room."""
    return leg_documents.answer(taking_turns.alone(_without_interpreter))


def _without_interpreter(session: Session) -> VoiceResponse:
    document, leg = VoiceResponse(), leg_documents.own_leg(session)
    if leg.conversation.state == ConversationState.ENDED:
        return leg_documents.farewell(leg, "goodbye")
    leg.conversation.caller_asked = True
    if held_rows.pressed() == "1":
        outbound_callbacks.wants_an_interpreted_call(session, leg, utc_now())
        leg_events.postponed(session, leg, utc_now())
        return leg_documents.farewell(leg, "goodbye")
    if "asked" in request.args:
        leg_documents.room(document, leg)
        return document
    again = leg_url("/no-interpreter", leg.id, asked=1)
    gather = document.gather(input="dtmf", num_digits=1, finish_on_key="", timeout=5, method="POST", action=again)
    leg_documents.speak(gather, leg, "no_interpreter")
    document.redirect(again, method="POST")
    return document
