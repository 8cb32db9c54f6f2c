"""The telephones that the hotline calls: members, interpreters, companions, and the people who are called back.

Each hears first what the call is about. The called person hears nothing that names the Jobcenter. A leg joins the
conference only after a key press, so that an answering machine never accepts a call.
"""

from __future__ import annotations

import logging

from flask import Blueprint, Response, abort, request
from sqlalchemy.orm import Session
from twilio.twiml.voice_response import Gather, VoiceResponse

from ivr.carrier.signature import only_the_carrier
from ivr.carrier.webhook_urls import leg_url, voice_url
from ivr.config.settings import settings
from ivr.contact_centre import interpreters, leg_events, outbound_callbacks
from ivr.domain import receipt_codes
from ivr.domain.digits import number_in, whole_number
from ivr.domain.enums import ConversationKind, ConversationState, LegEnding, LegRole, TaskState
from ivr.domain.languages import DEFAULT_LANGUAGE, LANGUAGES, UNKNOWN_LANGUAGE
from ivr.domain.timestamps import utc_now
from ivr.flows.protocol import PromptLine
from ivr.models.contact_centre import Leg
from ivr.notices import further_languages
from ivr.platform import database
from ivr.telephony import agent_announcements, entered_codes, spoken_lines, twiml
from ivr.telephony.call_session import call_sid

log = logging.getLogger(__name__)
legs = Blueprint("legs", __name__, url_prefix="/voice")

#: The caller chose German, or nothing, or none of the languages.
_NOT_TOLD = (DEFAULT_LANGUAGE, UNKNOWN_LANGUAGE)
#: The languages in which a person is addressed whose language has no prompts, and what is said in place of long ones.
_TO_ALL = (DEFAULT_LANGUAGE, "en", "fr", "ar")
_SHORT = {"callback_greeting": "callback_greeting_short"}
#: Number of times a called person may enter the receipt code.
_CODE_TRIES = 3


legs.before_request(only_the_carrier)


@legs.errorhandler(Exception)
def _something_broke(error: Exception) -> Response | tuple[str, int]:
    """Whoever was called hears no silence: the same again after a second, with an apology if that fails too.

    A key that was lost with the first request is asked for again.
    """
    if isinstance(code := getattr(error, "code", None), int) and code < 500:
        return "", code
    log.error("a webhook of a leg failed", exc_info=error)
    document = VoiceResponse()
    if "again" in request.args:
        _speak_to_all(document, "callback_sorry")
        document.hangup()
        return _document(document)
    path = "/leg" if request.endpoint in ("legs.key", "legs.code") else request.path.removeprefix("/voice")
    document.pause(length=1)
    document.redirect(voice_url(path, again="1", **request.args), method="POST")
    return _document(document)


# -- documents ---------------------------------------------------------------------------------------


@legs.post("/leg")
def answered() -> Response:
    """A leg was answered: announce what the call is about."""
    with database.writing_alone() as session:
        leg, now = _leg(session), utc_now()
        if not leg_events.answered(session, leg, call_sid(), now):
            return _document(_too_late(leg))
        detected = request.form.get("AnsweredBy", "")
        if leg.role == LegRole.CALLER and (detected.startswith("machine") or detected == "fax"):
            leg_events.declined(session, leg, LegEnding.MACHINE, now)
            return _document(_farewell(leg, _in_vain(leg)))
        return _document(_ask(leg))


@legs.post("/leg/key")
def key() -> Response:
    """The key after the announcement: 1 accepts, 2 declines; a called person may also refuse further calls (3)."""
    digits, now = request.form.get("Digits", ""), utc_now()
    with database.writing_alone() as session:
        leg = _leg(session)
        if leg.call_sid != call_sid():
            return _document(_too_late(leg))
        if digits == "1" and leg.role == LegRole.CALLER and _demands_code(leg):
            return _document(_ask_code(leg, 1))
        if digits == "1":
            return _document(_join(session, leg))
        if leg.role == LegRole.CALLER:
            ending = {"2": LegEnding.WRONG_PERSON, "3": LegEnding.REFUSED}.get(digits, LegEnding.NOT_CONFIRMED)
            leg_events.declined(session, leg, ending, now)
            return _document(_farewell(leg, "callback_sorry") if digits in ("2", "3") else _hang_up())
        leg_events.declined(session, leg, LegEnding.DECLINED if digits == "2" else LegEnding.NO_ANSWER, now)
        return _document(_hang_up())


@legs.post("/leg/code")
def code() -> Response:
    """The receipt code that a called person has entered, where the task requires it."""
    digits, tries = request.form.get("Digits", ""), number_in(request.args, "tries", 1)
    keyed = entered_codes.so_far(digits)
    with database.writing_alone() as session:
        leg = _own_leg(session)
        task = leg.conversation.task
        codes = [one.receipt_code for one in task.contacts] if task is not None else []
        if entered_codes.has_one(keyed, codes):
            return _document(_join(session, leg))
        if entered_codes.lacks_one_digit(keyed, codes):
            return _document(_ask_code(leg, tries, keyed, digits=1))
        if tries < _CODE_TRIES:
            return _document(_ask_code(leg, tries + 1, keyed))
        leg_events.declined(session, leg, LegEnding.WRONG_PERSON, utc_now())
        return _document(_farewell(leg, "callback_sorry"))


@legs.post("/leg/left")
def left() -> Response:
    """A leg is out of the room: by the star key, or because the conversation is over."""
    document = VoiceResponse()
    with database.reading() as session:
        leg = _own_leg(session)
        conversation = leg.conversation
        if conversation.state != ConversationState.ENDED and leg.role == LegRole.MEMBER:
            gather = document.gather(
                input="dtmf", num_digits=1, finish_on_key="", timeout=4, method="POST", action=leg_url("/star", leg.id)
            )
            agent_announcements.say(gather, "star")
            document.redirect(leg_url("/star", leg.id), method="POST")
            return _document(document)
        if (
            leg.role == LegRole.MEMBER
            and conversation.kind == ConversationKind.CALLBACK
            and conversation.connected_at is None
        ):
            dialled = any(one.role == LegRole.CALLER for one in conversation.legs)
            put_through = outbound_callbacks.was_put_through(conversation)
            lacks = not dialled and interpreters.unmet(session, conversation)  # else they were calling us
            said = "no_interpreter" if lacks else "not_reached" if put_through else "not_put_through"
            agent_announcements.say(document, said)
        elif leg.role == LegRole.CALLER:
            _speak(document, leg, "goodbye" if conversation.connected_at else _in_vain(leg))
    document.hangup()
    return _document(document)


@legs.post("/leg/star")
def star() -> Response:
    """The key after the star key: 7 requests an interpreter. After any key the member joins the conference again."""
    document = VoiceResponse()
    with database.writing_alone() as session:
        leg = _own_leg(session)
        if leg.conversation.state == ConversationState.ENDED:
            return _document(_hang_up())
        if request.form.get("Digits") == "7" and leg.conversation.language in _NOT_TOLD:
            return _document(_ask_language(leg))
        if request.form.get("Digits") == "7":
            interpreters.request(session, leg.conversation, utc_now(), by=leg.user)
            agent_announcements.say(document, "interpreter_called")
        _room(document, leg)
    return _document(document)


@legs.post("/leg/language")
def language() -> Response:
    """The language to interpret. Then the member joins the conference again."""
    document, offered = VoiceResponse(), _interpretable()
    with database.writing_alone() as session:
        leg = _own_leg(session)
        if leg.conversation.state == ConversationState.ENDED:
            return _document(_hang_up())
        chosen = whole_number(request.form.get("Digits", ""), len(offered))
        if chosen:
            interpreters.request(session, leg.conversation, utc_now(), by=leg.user, language=offered[chosen - 1])
            agent_announcements.say(document, "interpreter_called")
        _room(document, leg)
    return _document(document)


def _ask_language(leg: Leg) -> VoiceResponse:
    document, entered = VoiceResponse(), leg_url("/language", leg.id)
    gather = document.gather(input="dtmf", num_digits=2, finish_on_key="#", timeout=4, method="POST", action=entered)
    agent_announcements.say(gather, "which_language")
    for number, code in enumerate(_interpretable(), start=1):
        agent_announcements.say(
            gather, "language_key", language=agent_announcements.language_name(code), key=str(number)
        )
    document.redirect(entered, method="POST")
    return document


def _interpretable() -> list[str]:
    return [*(code for code in settings().enabled_languages if code != DEFAULT_LANGUAGE), *further_languages.codes()]


@legs.post("/leg/no-interpreter")
def no_interpreter() -> Response:
    """In a callback: no interpreter is available. 1: called again together with one; else back into the room."""
    document = VoiceResponse()
    with database.writing_alone() as session:
        leg = _own_leg(session)
        if leg.conversation.state == ConversationState.ENDED:
            return _document(_farewell(leg, "goodbye"))
        if request.form.get("Digits") == "1":
            outbound_callbacks.wants_an_interpreted_call(session, leg, utc_now())
            return _document(_farewell(leg, "goodbye"))
        if "asked" in request.args:
            _room(document, leg)
            return _document(document)
        again = leg_url("/no-interpreter", leg.id, asked=1)
        gather = document.gather(input="dtmf", num_digits=1, finish_on_key="", timeout=5, method="POST", action=again)
        _speak(gather, leg, "no_interpreter")
        document.redirect(again, method="POST")
    return _document(document)


def _ask(leg: Leg) -> VoiceResponse:
    document = VoiceResponse()
    pressed = leg_url("/key", leg.id)
    gather = document.gather(input="dtmf", num_digits=1, finish_on_key="", timeout=5, action=pressed, method="POST")
    for repeated in (False, True):
        if repeated:
            gather.pause(length=1)
        match leg.role:
            case LegRole.MEMBER:
                agent_announcements.announce(gather, leg.conversation)
            case LegRole.INTERPRETER:
                agent_announcements.ask_interpreter(gather, _interpreted(leg))
            case LegRole.COMPANION:
                _speak(gather, leg, "companion_greeting")
            case _:
                _speak(gather, leg, "callback_greeting")
    document.redirect(pressed, method="POST")
    return document


def _interpreted(leg: Leg) -> str:
    return leg.request.language if leg.request is not None else leg.conversation.language


def _ask_code(leg: Leg, tries: int, keyed: str = "", *, digits: int = receipt_codes.LENGTH) -> VoiceResponse:
    document = VoiceResponse()
    entered = leg_url("/code", leg.id, tries=tries, **entered_codes.carried(keyed))
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
        _speak(gather, leg, "code_not_usable")
    _speak(gather, leg, "callback_code")
    document.redirect(entered, method="POST")
    return document


def _demands_code(leg: Leg) -> bool:
    return leg.conversation.task is not None and leg.conversation.task.demands_code


def _join(session: Session, leg: Leg) -> VoiceResponse:
    if not leg_events.accepted(session, leg, utc_now()):
        return _too_late(leg)
    document = VoiceResponse()
    if leg.role == LegRole.CALLER:
        _speak(document, leg, "callback_connecting")
    elif leg.role == LegRole.MEMBER and leg.conversation.kind == ConversationKind.CALLBACK:
        task = leg.conversation.task
        looked_for = interpreters.can_be_asked(leg.conversation.language, utc_now())
        agent_announcements.say(
            document, "waiting_for_interpreter" if task and task.needs_interpreter and looked_for else "connecting"
        )
    _room(document, leg)
    return document


def _room(document: VoiceResponse, leg: Leg) -> None:
    action = leg_url("/left", leg.id)
    twiml.join_room(document, leg.conversation.room, action, star=leg.role == LegRole.MEMBER)


def _speak(where: VoiceResponse | Gather, leg: Leg, prompt: str) -> None:
    language = leg.conversation.language
    if language in LANGUAGES:
        spoken_lines.speak(where, (PromptLine(prompt),), (language,), {})
    else:
        _speak_to_all(where, prompt)


def _speak_to_all(where: VoiceResponse | Gather, prompt: str) -> None:
    short = _SHORT.get(prompt, prompt)
    to_all = tuple(PromptLine(short, code) for code in _TO_ALL if code in settings().enabled_languages)
    spoken_lines.speak(where, to_all, (DEFAULT_LANGUAGE,), {})


def _too_late(leg: Leg) -> VoiceResponse:
    document = VoiceResponse()
    if leg.role in (LegRole.MEMBER, LegRole.INTERPRETER):
        agent_announcements.say(document, "too_late")
    elif leg.role == LegRole.CALLER:
        _speak(document, leg, _in_vain(leg))
    document.hangup()
    return document


def _in_vain(leg: Leg) -> str:
    """The prompt for somebody who was called in vain. Another call is announced only where there will be one."""
    task = leg.conversation.task
    if task is None:
        return "callback_machine"
    is_last = task.silent_caller or task.letter_proposed_at is not None or task.state == TaskState.CLOSED
    return "callback_machine_last" if is_last else "callback_machine"


def _farewell(leg: Leg, prompt: str) -> VoiceResponse:
    document = VoiceResponse()
    _speak(document, leg, prompt)
    document.hangup()
    return document


def _hang_up() -> VoiceResponse:
    document = VoiceResponse()
    document.hangup()
    return document


def _document(document: VoiceResponse) -> Response:
    return Response(str(document), mimetype="text/xml")


def _leg(session: Session) -> Leg:
    return session.get(Leg, number_in(request.args, "leg")) or abort(404)


def _own_leg(session: Session) -> Leg:
    """The leg of the call that asks: what was signed for another call does not open this one's."""
    leg = _leg(session)
    return leg if leg.call_sid == call_sid() else abort(404)
