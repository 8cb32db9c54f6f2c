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
from ivr.telephony import twiml
from ivr.telephony.call_session import call_sid, caller_id, from_number
from ivr.telephony.document import Document
from ivr.telephony.last_resort_texts import TEXTS
from ivr.telephony.state_token import Unreadable, unseal

last_resort = Blueprint("last_resort", __name__, url_prefix="/voice/last-resort")
last_resort.before_request(only_the_carrier)

#: What everybody hears whose language is not known, or has no voice.
_COMMON = (DEFAULT_LANGUAGE, "en")
_MESSAGE_SECONDS = 180


def apology(state: str = "") -> Document:
    """What a caller hears instead of an error, in the language of the call's state (`state`, sealed).

    Where that cannot be read, has no voice, or is German, which everybody has before they choose: in every language of
    the menu, one after the other. A key before the first question agrees to nothing, and skips to it.
    """
    language = _language_of(state)
    document = VoiceResponse()
    early = voice_url("/last-resort/question", language=language)
    gather = document.gather(input="dtmf", num_digits=1, timeout=1, action=early, method="POST")
    _say(gather, "apology", _spoken(_heard(language, settings().enabled_languages))[:1])
    return _ask(document, language)


@last_resort.post("/question")
def question() -> Document:
    """A key was pressed before the question was heard: it is asked."""
    return _ask(VoiceResponse(), _language_asked_for())


def _ask(document: VoiceResponse, language: str) -> Document:
    """Ask whether a message may be recorded; in each language but the first one after its apology."""
    agreed = voice_url("/last-resort/agreed", language=language)
    gather = document.gather(input="dtmf", num_digits=1, timeout=6, action=agreed, method="POST")
    for number, heard in enumerate(_spoken(_heard(language, settings().enabled_languages))):
        if number:
            _say(gather, "apology", [heard])
        _say(gather, "question", [heard])
    document.redirect(agreed, method="POST")
    return Document(document)


@last_resort.post("/agreed")
def agreed() -> Document:
    """The caller has agreed to be recorded (§ 201 StGB), or has not."""
    document, language = VoiceResponse(), _language_asked_for()
    heard = _heard(language, _COMMON)
    if request.form.get("Digits") != "1":
        _say(document, "again", heard)
        document.hangup()
        return Document(document)
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
        recording_status_callback=twiml.url("recording", state, call_sid()),
        recording_status_callback_method="POST",
        recording_status_callback_event="in-progress completed absent",
    )
    _say(document, "again", heard)
    document.hangup()
    return Document(document)


@last_resort.post("/thanks")
def thanks() -> Document:
    """A message was left."""
    document, language = VoiceResponse(), _language_asked_for()
    _say(document, "thanks", _heard(language, _COMMON))
    document.hangup()
    return Document(document)


def _spoken(languages: Sequence[str]) -> Sequence[str]:
    """Those of some languages that have texts and a voice; German and English if none has."""
    return [code for code in languages if code in TEXTS and settings().carrier_voice(code)] or _COMMON


def _say(document: VoiceResponse | Gather, text: str, languages: Sequence[str]) -> None:
    """Say a text in the languages that have one, each with its voice; in German and English if none has."""
    for language in _spoken(languages):
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
