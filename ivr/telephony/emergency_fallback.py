"""Fixed documents for when nothing else works: an apology, and the offer to leave a message.

Needs no database, no Redis, no disk and no call script; only the secret that signs a call's state.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, request
from twilio.twiml.voice_response import Gather, VoiceResponse

from ivr.carrier.signature import only_the_carrier
from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import settings
from ivr.domain.languages import DEFAULT_LANGUAGE, LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.flows.state import CallState
from ivr.telephony.call_session import call_sid, caller_id, from_number
from ivr.telephony.document import Document
from ivr.telephony.last_resort_texts import TEXTS
from ivr.telephony.state_token import Unreadable, seal, unseal

last_resort = Blueprint("last_resort", __name__, url_prefix="/voice/last-resort")
last_resort.before_request(only_the_carrier)

#: What everybody hears whose language is not known, or has no voice.
_COMMON = (DEFAULT_LANGUAGE, "en")
_MESSAGE_SECONDS = 180


def apology(state: str = "") -> Document:
    """What a caller hears instead of an error, in the language of the call's state (`state`, sealed).

    Where that cannot be read, has no voice, or is German, which everybody has before they choose: in every language of
    the menu, one after the other. A key ends it.
    """
    language = _language_of(state)
    document = VoiceResponse()
    agreed = voice_url("/last-resort/agreed", language=language)
    gather = document.gather(input="dtmf", num_digits=1, timeout=6, action=agreed, method="POST")
    _say(gather, "apology", _heard(language, settings().enabled_languages))
    document.redirect(agreed, method="POST")
    return _document(document)


@last_resort.post("/agreed")
def agreed() -> Document:
    """The caller has agreed to be recorded (§ 201 StGB), or has not."""
    document, language = VoiceResponse(), _language_asked_for()
    heard = _heard(language, _COMMON)
    if request.form.get("Digits") != "1":
        _say(document, "again", heard)
        document.hangup()
        return _document(document)
    state = CallState(
        "technical_problem",
        language or DEFAULT_LANGUAGE,
        began_at=utc_now(),
        callback_number=from_number() or "",
        shown_as=caller_id().shown_as,
        recording_number=1,
    )
    _say(document, "speak", heard)
    document.record(
        action=voice_url("/last-resort/thanks", language=language),
        method="POST",
        max_length=_MESSAGE_SECONDS,
        timeout=7,
        play_beep=True,
        trim="trim-silence",
        recording_status_callback=voice_url("/recording", state=seal(state, call_sid())),
        recording_status_callback_method="POST",
        recording_status_callback_event="in-progress completed absent",
    )
    _say(document, "again", heard)
    document.hangup()
    return _document(document)


@last_resort.post("/thanks")
def thanks() -> Document:
    """A message was left."""
    document, language = VoiceResponse(), _language_asked_for()
    _say(document, "thanks", _heard(language, _COMMON))
    document.hangup()
    return _document(document)


def _say(document: VoiceResponse | Gather, text: str, languages: Sequence[str]) -> None:
    """Say a text in the languages that have one, each with its voice; in German and English if none has."""
    heard = [language for language in languages if language in TEXTS and settings().carrier_voice(language)]
    for language in heard or _COMMON:
        # Carrier: without a voice an old one is used, which does not speak every language.
        tag, voice = settings().carrier_voice(language) or ("", "")
        document.say(getattr(TEXTS[language], text), language=tag, voice=voice)


def _language_of(token: str) -> str:
    """The language of the state in a token; empty where everybody's is spoken."""
    try:
        language = unseal(token, call_sid()).language
    except Unreadable:
        return ""
    return language if language != DEFAULT_LANGUAGE else ""


def _language_asked_for() -> str:
    """The caller's language, in which they are called back: also one that the texts here do not have."""
    language = request.args.get("language", "")
    return language if language in LANGUAGES else ""


def _heard(language: str, otherwise: Sequence[str]) -> Sequence[str]:
    """The languages that a caller hears."""
    return (language,) if language in TEXTS else otherwise


def _document(document: VoiceResponse) -> Document:
    return Document(document)
