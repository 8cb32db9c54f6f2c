"""Fixed documents for when nothing else works: an apology, and the offer to leave a message.

Needs no database, no Redis, no disk and no call script; only the secret that signs a call's state.
"""

from __future__ import annotations

from flask import Blueprint, Response, request
from twilio.twiml.voice_response import VoiceResponse

from ivr.carrier.signature import only_the_carrier
from ivr.carrier.webhook_urls import voice_url
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.domain.timestamps import utc_now
from ivr.flows.state import CallState
from ivr.telephony.call_session import call_sid, caller_id, from_number
from ivr.telephony.state_token import seal

last_resort = Blueprint("last_resort", __name__, url_prefix="/voice/last-resort")
last_resort.before_request(only_the_carrier)

#: Fixed texts, with voices that every carrier supports.
_APOLOGY = (
    ("de-DE", "Hier ist das Jobcenter Bremen. Wir haben gerade eine technische Störung. Sie können eine Nachricht "
              "hinterlassen, wir rufen zurück. Wenn Sie mit der Aufnahme einverstanden sind, drücken Sie die 1."),
    ("en-US", "This is Jobcenter Bremen. We have a technical problem. You can leave a message and we will call back. "
              "If you agree to be recorded, press 1."),
    ("tr-TR", "Jobcenter Bremen. Teknik bir arıza var. Mesaj bırakabilirsiniz, sizi geri ararız. Kayda onay "
              "veriyorsanız 1'e basın."),
    ("ru-RU", "Джобцентр Бремена. У нас технические неполадки. Вы можете оставить сообщение, мы перезвоним. Если вы "
              "согласны на запись, нажмите 1."),
    ("ar-AE", "جوب سنتر بريمن. لدينا عطل تقني. يمكنكم ترك رسالة وسنعاود الاتصال. "
              "إذا كنتم موافقين على التسجيل فاضغطوا 1."),
)  # fmt: skip
_SPEAK = "Bitte sprechen Sie nach dem Ton: Ihren Namen, Ihre Rufnummer und Ihr Anliegen. Please speak after the tone."
_THANKS = "Vielen Dank. Wir rufen zurück. Thank you. We will call back."
_AGAIN = "Bitte rufen Sie später noch einmal an. Please call again later."
_MESSAGE_SECONDS = 180


def apology() -> Response:
    """What a caller hears instead of an error."""
    document = VoiceResponse()
    agreed = voice_url("/last-resort/agreed")
    gather = document.gather(input="dtmf", num_digits=1, timeout=6, action=agreed, method="POST")
    for tag, text in _APOLOGY:
        gather.say(text, language=tag)
    document.redirect(agreed, method="POST")
    return _document(document)


@last_resort.post("/agreed")
def agreed() -> Response:
    """The caller has agreed to be recorded (§ 201 StGB), or has not."""
    document = VoiceResponse()
    if request.form.get("Digits") != "1":
        document.say(_AGAIN, language="de-DE")
        document.hangup()
        return _document(document)
    state = CallState(
        "technical_problem",
        DEFAULT_LANGUAGE,
        began_at=utc_now(),
        callback_number=from_number() or "",
        shown_as=caller_id().shown_as,
        recording_number=1,
    )
    document.say(_SPEAK, language="de-DE")
    document.record(
        action=voice_url("/last-resort/thanks"),
        method="POST",
        max_length=_MESSAGE_SECONDS,
        timeout=7,
        play_beep=True,
        trim="trim-silence",
        recording_status_callback=voice_url("/recording", state=seal(state, call_sid())),
        recording_status_callback_method="POST",
        recording_status_callback_event="in-progress completed absent",
    )
    document.say(_AGAIN, language="de-DE")
    document.hangup()
    return _document(document)


@last_resort.post("/thanks")
def thanks() -> Response:
    """A message was left."""
    document = VoiceResponse()
    document.say(_THANKS, language="de-DE")
    document.hangup()
    return _document(document)


def _document(document: VoiceResponse) -> Response:
    return Response(str(document), mimetype="text/xml")
