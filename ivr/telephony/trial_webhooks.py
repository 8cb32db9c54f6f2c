"""The trial call of `python -m ivr carrier setup`: its webhooks show that the carrier reaches us, and try voices."""

from __future__ import annotations

from flask import Blueprint
from twilio.twiml.voice_response import VoiceResponse

from ivr import prompts
from ivr.carrier.dialects import event_taken
from ivr.carrier.signature import only_the_carrier
from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now
from ivr.platform import database
from ivr.platform.column_types import insert
from ivr.platform.work_models import Checkpoint
from ivr.telephony.document import Document

trial = Blueprint("trial", __name__, url_prefix="/voice/trial")
trial.before_request(only_the_carrier)

#: The checkpoint that says when a webhook of a trial call has come.
REACHED = "carrier_trial"


@trial.post("")
def document() -> Document:
    """Say a sentence in each language that the carrier speaks, with its voice."""
    _reached()
    said = VoiceResponse()
    for language in settings().enabled_languages:
        if voice := settings().carrier_voice(language):
            said.say(prompts.text("goodbye", language, {}), language=voice[0], voice=voice[1])
    said.hangup()
    return Document(said)


@trial.post("/status")
def status() -> tuple[str, int]:
    """An event of the trial call."""
    _reached()
    return event_taken()


def _reached() -> None:
    with database.writing() as session:
        new = insert(session.get_bind().dialect, Checkpoint).values(name=REACHED, at=utc_now())
        session.execute(new.on_conflict_do_update(index_elements=[Checkpoint.name], set_={"at": utc_now()}))
