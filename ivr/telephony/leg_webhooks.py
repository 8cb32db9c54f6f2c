"""The telephones that the hotline calls: members, interpreters, companions, and the people who are called back.

Each hears first what the call is about. The called person hears nothing that names the Jobcenter. A leg joins the
conference only after a key press, so that an answering machine never accepts a call; a member's browser joins at once.
"""

from __future__ import annotations

from flask import Blueprint, request
from sqlalchemy.orm import Session
from twilio.twiml.voice_response import VoiceResponse

from ivr.callbacks import contacts
from ivr.carrier.signature import only_the_carrier
from ivr.carrier.webhook_urls import leg_url
from ivr.contact_centre import interpreters, leg_events, listening
from ivr.domain import client_addresses, receipt_codes
from ivr.domain.conversation_rules import Sentence
from ivr.domain.digits import number_in
from ivr.domain.enums import ConversationKind, ConversationState, LegEnding, LegRole, LegState, TransferState
from ivr.domain.timestamps import utc_now
from ivr.models.contact_centre import Leg
from ivr.platform import taking_turns
from ivr.telephony import agent_announcements, called_person_codes, held_rows, leg_documents, twiml
from ivr.telephony.call_session import call_sid
from ivr.telephony.document import Document

legs = Blueprint("legs", __name__, url_prefix="/voice")

#: Number of times a called person may enter the receipt code, and anybody is asked for a key that means something.
_CODE_TRIES = _KEY_TRIES = 3
#: The keys that mean something to a called person, and to all others; no key is silence.
_CALLER_KEYS, _KEYS = ("", "1", "2", "3"), ("", "1", "2")


legs.before_request(only_the_carrier)
legs.register_error_handler(Exception, leg_documents.after_failure)


# -- documents ---------------------------------------------------------------------------------------


@legs.post("/leg")
def answered() -> Document:
    """A leg was answered: announce what the call is about."""
    return leg_documents.answer(taking_turns.alone(_picked_up))


def _picked_up(session: Session) -> VoiceResponse:
    leg, now = leg_documents.leg_of_request(session), utc_now()
    if not leg_events.answered(session, leg, call_sid(), now):
        return leg_documents.too_late(leg)
    detected = request.form.get("AnsweredBy", "")
    if leg.role == LegRole.CALLER and (detected.startswith("machine") or detected == "fax"):
        leg_events.declined(session, leg, LegEnding.MACHINE, now)
        return leg_documents.farewell(leg, leg_documents.in_vain(leg))
    if _is_window(leg):  # the page has shown what the call is about, and only a person presses its button
        return _join(session, leg)
    return _ask(leg)


@legs.post("/leg/key")
def key() -> Document:
    """The key after the announcement: 1 accepts, 2 declines; a called person may also refuse further calls (3).

    Who presses any other key (the star to hear it again, a slip of the finger) is asked again.
    """
    return leg_documents.answer(taking_turns.alone(_has_pressed))


def _has_pressed(session: Session) -> VoiceResponse:
    digits, now = held_rows.pressed(), utc_now()
    leg = leg_documents.leg_of_request(session)
    if leg.call_sid != call_sid():
        return leg_documents.too_late(leg)
    asked = number_in(request.args, "asked", 1)
    if digits not in (_CALLER_KEYS if leg.role == LegRole.CALLER else _KEYS) and asked < _KEY_TRIES:
        over = leg.state == LegState.ENDED or leg.conversation.state == ConversationState.ENDED
        return leg_documents.too_late(leg) if over else _ask(leg, asked + 1)
    if digits == "1" and leg.role == LegRole.CALLER and _demands_code(leg):
        return _ask_code(leg, 1)
    if digits == "1":
        return _join(session, leg)
    if leg.role == LegRole.CALLER:
        ending = {"2": LegEnding.WRONG_PERSON, "3": LegEnding.REFUSED}.get(digits, LegEnding.NOT_CONFIRMED)
        leg_events.declined(session, leg, ending, now)
        return leg_documents.farewell(leg, "callback_sorry") if digits in ("2", "3") else leg_documents.hang_up()
    leg_events.declined(session, leg, LegEnding.DECLINED if digits == "2" else LegEnding.NO_ANSWER, now)
    return leg_documents.hang_up()


@legs.post("/leg/code")
def code() -> Document:
    """The receipt code that a called person has entered, where the task requires it."""
    return leg_documents.answer(taking_turns.alone(_has_entered))


def _has_entered(session: Session) -> VoiceResponse:
    digits, tries = request.form.get("Digits", ""), number_in(request.args, "tries", 1)
    keyed = called_person_codes.so_far(digits)
    leg = leg_documents.own_leg(session)
    task = leg.conversation.task
    codes = contacts.codes_of_whose_it_is(session, task) if task is not None else []
    if called_person_codes.has_one(keyed, codes):
        return _join(session, leg)
    if called_person_codes.lacks_one_digit(keyed, codes):
        return _ask_code(leg, tries, keyed, digits=1)
    if tries < _CODE_TRIES:
        return _ask_code(leg, tries + 1, keyed)
    leg_events.declined(session, leg, LegEnding.WRONG_PERSON, utc_now())
    return leg_documents.farewell(leg, "callback_sorry")


def _ask(leg: Leg, asked: int = 1) -> VoiceResponse:
    document = VoiceResponse()
    pressed = leg_url("/key", leg.id, asked=asked)
    gather = document.gather(input="dtmf", num_digits=1, finish_on_key="", timeout=5, action=pressed, method="POST")
    for repeated in (False, True):
        if repeated:
            gather.pause(length=1)
        match leg.role:
            case LegRole.MEMBER:
                agent_announcements.announce(gather, leg.conversation)
            case LegRole.SUCCESSOR:
                agent_announcements.announce_transfer(gather, leg)
            case LegRole.LISTENER:
                agent_announcements.say(gather, "listen")
            case LegRole.INTERPRETER:
                agent_announcements.ask_interpreter(gather, _interpreted(leg))
            case LegRole.COMPANION if leg.user_id is not None:
                agent_announcements.say(gather, "second")
            case LegRole.COMPANION if leg_documents.is_listed(leg):
                agent_announcements.say(gather, "invite")
            case LegRole.COMPANION:
                leg_documents.speak(gather, leg, "companion_greeting")
            case _:
                leg_documents.speak(gather, leg, "callback_greeting")
    document.redirect(pressed, method="POST")
    return document


def _interpreted(leg: Leg) -> str:
    return leg.request.language if leg.request is not None else leg.conversation.language


def _ask_code(leg: Leg, tries: int, keyed: str = "", *, digits: int = receipt_codes.LENGTH) -> VoiceResponse:
    document = VoiceResponse()
    entered = leg_url("/code", leg.id, tries=tries, **called_person_codes.carried(keyed))
    gather = document.gather(
        input="dtmf",
        num_digits=digits,
        finish_on_key="#",
        timeout=8,
        action=entered,
        method="POST",
        action_on_empty_result=True,
    )
    if tries > 1 or keyed:
        leg_documents.speak(gather, leg, "code_not_usable")
    leg_documents.speak(gather, leg, "callback_code")
    document.redirect(entered, method="POST")
    return document


def _demands_code(leg: Leg) -> bool:
    return leg.conversation.task is not None and leg.conversation.task.demands_code


def _is_window(leg: Leg) -> bool:
    """Whether a telephone is a window of a member's browser, whatever they are rung for."""
    return leg.user_id is not None and client_addresses.is_one(leg.number)


def _join(session: Session, leg: Leg) -> VoiceResponse:
    if not leg_events.accepted(session, leg, utc_now()):
        return leg_documents.too_late(leg)
    document, conversation = VoiceResponse(), leg.conversation
    looking = interpreters.is_looking(session, conversation)
    if leg.role == LegRole.LISTENER:
        agent_announcements.say(document, "listening_soon")
        twiml.play_music(document, leg_url("/told", leg.id))
        return document
    if leg.role == LegRole.CALLER:
        leg_documents.speak(document, leg, "callback_connecting")
        if looking:
            leg_documents.speak(document, leg, "calling_interpreter")
    elif leg.transfer is not None and leg.transfer.state == TransferState.TALKING:
        agent_announcements.say(document, "talk_first", name=leg.transfer.by.name)
    elif leg.transfer is not None and _is_window(leg) and leg.transfer.by_id != leg.user_id:
        agent_announcements.say(document, "transfer", name=leg.transfer.by.name)
    elif leg.transfer is not None:
        agent_announcements.say(document, "connecting")
    elif leg.role == LegRole.MEMBER and conversation.kind == ConversationKind.CALLBACK:
        dialled = any(one.role == LegRole.CALLER for one in conversation.legs)
        agent_announcements.say(document, "waiting_for_interpreter" if looking and not dialled else "connecting")
    elif leg.role == LegRole.MEMBER and looking:
        agent_announcements.say(document, "interpreter_called")
    if listening.to_be_told_of(leg) is not None:  # told before they are in the room
        leg_documents.tell(document, leg, Sentence.SOMEBODY_LISTENS)
        when_told = leg_documents.when_told((Sentence.SOMEBODY_LISTENS,))
        document.redirect(leg_url("/told", leg.id, **when_told), method="POST")
        return document
    leg_documents.room(document, leg)
    return document
