"""Documents and sentences for the telephones that the hotline calls, and the leg that a request is about."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from flask import abort, request
from sqlalchemy.orm import Session
from twilio.twiml.voice_response import Gather, VoiceResponse

from ivr.callbacks import further_attempts
from ivr.calls import going_on
from ivr.carrier.webhook_urls import leg_url, voice_url
from ivr.config.settings import settings
from ivr.contact_centre import interpreters, listening, outbound_callbacks, sentences
from ivr.domain.conversation_rules import Sentence
from ivr.domain.digits import number_in
from ivr.domain.enums import ConversationKind, LegRole
from ivr.domain.languages import DEFAULT_LANGUAGE, LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.flows.protocol import PromptLine
from ivr.models.contact_centre import Conversation, Leg
from ivr.telephony import agent_announcements, called_person_codes, held_rows, spoken_lines, twiml
from ivr.telephony.call_session import call_sid
from ivr.telephony.document import Document

log = logging.getLogger(__name__)

#: Times that a telephone is kept waiting for a second because somebody else holds a row.
_HELD = 8
#: The languages in which a person is addressed whose language has no prompts, and what is said in place of long ones.
_TO_ALL = (DEFAULT_LANGUAGE, "en", "fr", "ar")
_SHORT = {"callback_greeting": "callback_greeting_short"}


def after_failure(error: Exception) -> Document | tuple[str, int]:
    """Whoever was called hears no silence: the same again after a second, with an apology if that fails too.

    A key that was lost with the first request is asked for again.
    """
    if isinstance(code := getattr(error, "code", None), int) and code < 500:
        return "", code
    # Digits of a receipt code travel sealed.
    code = called_person_codes.carried(called_person_codes.so_far(request.form.get("Digits", ""))) if _is_code() else {}
    if held_rows.is_held(error) and (asked_again := held_rows.ask_again(_HELD, **code)):
        return asked_again
    log.error("a webhook of a leg failed", exc_info=error)
    document = VoiceResponse()
    if "again" in request.args:
        speak_to_all(document, "callback_sorry")
        document.hangup()
        return answer(document)
    # Who may have lost a key is asked for it again.
    path = "/leg" if request.endpoint in ("legs.key", "legs.code") else request.path.removeprefix("/voice")
    document.pause(length=1)
    document.redirect(voice_url(path, again="1", **request.args), method="POST")
    return answer(document)


def _is_code() -> bool:
    return request.endpoint == "legs.code"


def room(document: VoiceResponse, leg: Leg) -> None:
    """Add the verbs that bring a leg into its room."""
    action = leg_url("/left", leg.id)
    muted = leg.role == LegRole.LISTENER
    twiml.join_room(document, leg.conversation.room, action, star=has_star_key(leg), muted=muted)


def has_star_key(leg: Leg) -> bool:
    """Whether the star key asks what is wanted: of members, also while they take a caller over and stay in the room."""
    return leg.role in (LegRole.MEMBER, LegRole.SUCCESSOR) and leg.user_id is not None


def tell(document: VoiceResponse, leg: Leg, sentence: Sentence) -> None:
    """Add a sentence about the conversation: in its language for the caller and their companion, else in German."""
    if leg.role == LegRole.CALLER or (leg.role == LegRole.COMPANION and not is_listed(leg)):
        speak(document, leg, sentence)
    else:
        agent_announcements.say(document, sentence)


def to_be_told(leg: Leg) -> list[Sentence]:
    """What a person is told now, out of the room: what has happened, and whether somebody listens."""
    told: list[Sentence] = [one for one in sentences.being_said(leg) if one != Sentence.SOMEBODY_LISTENS]
    return [*told, Sentence.SOMEBODY_LISTENS] if listening.to_be_told_of(leg) is not None else told


def when_told(told: Sequence[Sentence]) -> dict[str, str]:
    """The parameters of the address that is asked when these sentences are over."""
    return {"said": ",".join(told)}


def was_told(session: Session, leg: Leg) -> None:
    """Note what a person has heard to its end, as the address of this request says."""
    said = request.args.get("said", "").split(",")
    if Sentence.SOMEBODY_LISTENS in said or "heard" in request.args:  # the former version says `heard`
        listening.heard(session, leg, utc_now())
    sentences.said(leg, (*said, Sentence.SOMEBODY_LISTENS))


def speak(where: VoiceResponse | Gather, leg: Leg, prompt: str) -> None:
    """Add a prompt in the language of the conversation, or in a few where it has no prompts."""
    language = leg.conversation.language
    if language in LANGUAGES:
        spoken_lines.speak(where, (PromptLine(prompt),), (language,), {})
    else:
        speak_to_all(where, prompt)


def speak_to_all(where: VoiceResponse | Gather, prompt: str) -> None:
    """Add a prompt in the languages that most people understand one of."""
    short = _SHORT.get(prompt, prompt)
    to_all = tuple(PromptLine(short, code) for code in _TO_ALL if code in settings().enabled_languages)
    spoken_lines.speak(where, to_all, (DEFAULT_LANGUAGE,), {})


def is_listed(leg: Leg) -> bool:
    """Whether a companion is an office or a partner of the directory, who is spoken to in German."""
    return leg.role == LegRole.COMPANION and leg.name is not None


def too_late(leg: Leg) -> VoiceResponse:
    """For somebody who is not needed any more."""
    document = VoiceResponse()
    if leg.role == LegRole.CALLER:
        speak(document, leg, in_vain(leg))
    elif leg.role == LegRole.COMPANION and not is_listed(leg):
        speak(document, leg, "goodbye")
    else:
        agent_announcements.say(document, "too_late")
    document.hangup()
    return document


def released(session: Session, leg: Leg) -> VoiceResponse:
    """For somebody whose conversation is over: what has happened, and the end of the call."""
    document, conversation = VoiceResponse(), leg.conversation
    met = conversation.connected_at is not None
    reached = met or outbound_callbacks.was_reached(session, conversation)  # that they have met may be told later
    match leg.role:
        case LegRole.CALLER if leg.to_hear == Sentence.ENDED_BY_US:
            speak(document, leg, Sentence.ENDED_BY_US)
        case LegRole.CALLER if reached:
            speak(document, leg, "goodbye" if met else "callback_sorry")
        case LegRole.CALLER:
            speak(document, leg, in_vain(leg))
        case LegRole.COMPANION if not is_listed(leg):
            speak(document, leg, "goodbye")
        case _ if leg.released_at is not None:
            agent_announcements.say(document, leg.to_hear or Sentence.GIVEN_AWAY)
        case LegRole.MEMBER if conversation.kind == ConversationKind.CALLBACK and not reached:
            agent_announcements.say(document, _why_in_vain(session, conversation))
        case _:
            agent_announcements.say(document, leg.to_hear or Sentence.TALK_OVER)
    document.hangup()
    return document


def _why_in_vain(session: Session, conversation: Conversation) -> str:
    """The sentence for a member who has called somebody back and spoken with nobody."""
    if not outbound_callbacks.was_put_through(conversation):
        return "not_put_through"
    if outbound_callbacks.was_tried(session, conversation):
        return "not_reached"  # the other sentences say that no attempt was counted
    task = conversation.task
    if task is not None and going_on.is_calling(session, task.callback_number, utc_now()):
        return "is_calling"
    called = [one for one in conversation.legs if one.role == LegRole.CALLER]
    if called and called[-1].call_sid is not None:
        return "not_reached"
    return "no_interpreter" if interpreters.unmet(session, conversation) else "not_dialled"


def in_vain(leg: Leg) -> str:
    """The prompt for somebody who was called in vain. Another call is announced only where there will be one."""
    task = leg.conversation.task
    again = task is not None and further_attempts.follows(task, utc_now())
    return "callback_machine" if again else "callback_machine_last"


def farewell(leg: Leg, prompt: str) -> VoiceResponse:
    """A last prompt."""
    document = VoiceResponse()
    speak(document, leg, prompt)
    document.hangup()
    return document


def hang_up() -> VoiceResponse:
    """The end of a call."""
    document = VoiceResponse()
    document.hangup()
    return document


def answer(document: VoiceResponse) -> Document:
    """A document as the carrier expects it."""
    return Document(document)


def leg_of_request(session: Session) -> Leg:
    """The leg that the address names; an unknown one is not found (404)."""
    return session.get(Leg, number_in(request.args, "leg")) or abort(404)


def own_leg(session: Session) -> Leg:
    """The leg of the call that asks: what was signed for another call does not open this one's."""
    leg = leg_of_request(session)
    return leg if leg.call_sid == call_sid() else abort(404)
