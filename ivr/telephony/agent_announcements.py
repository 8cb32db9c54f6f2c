"""What team members and interpreters hear on the telephone: German sentences of `voice_prompts/staff.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache

from babel import Locale
from twilio.twiml.voice_response import Gather, VoiceResponse

from ivr.config.settings import settings
from ivr.models.contact_centre import Conversation
from ivr.prompts.catalogue import DIRECTORY

#: A conversation's concern and kind of emergency, as members say them.
_CONCERNS = {
    "benefits": "Leistung", "work": "Arbeit", "under_25": "unter 25", "rehab": "Reha", "emergency": "Notfall",
    "forms": "Vordrucke", "appointment": "Termin", "other": "Anderes",
}  # fmt: skip
_EMERGENCIES = {
    "no_money": "Kein Geld.", "power_cut": "Stromsperre.", "housing": "Wohnung.", "food_voucher": "Gutschein.",
}  # fmt: skip


@lru_cache(maxsize=1)
def texts() -> Mapping[str, str]:
    """The sentences by name."""
    with (DIRECTORY / "staff.toml").open("rb") as file:
        return dict(tomllib.load(file)["prompts"])


def say(where: VoiceResponse | Gather, sentence: str, **values: str) -> None:
    """Say a sentence."""
    tag, voice = settings().carrier_voice("de") or ("de-DE", "Polly.Vicki")
    where.say(texts()[sentence].format_map(values), language=tag, voice=voice)


def language_name(code: str) -> str:
    """A language as members call it."""
    return str(Locale("de").languages.get(code.replace("kmr", "ku")) or code)


def announce(where: VoiceResponse | Gather, conversation: Conversation) -> None:
    """Who is calling, before it is decided whether to answer: language, concern, urgency."""
    entry, task = conversation.entry, conversation.task
    kept_place = entry is not None and entry.mode == "callback"
    sentence = "callback" if conversation.kind == "callback" or kept_place else "call"
    concern = _CONCERNS.get(conversation.concern, "")
    if conversation.urgency == "emergency":
        kind = (entry.emergency_kind if entry else None) or (task.emergency_kind if task else None)
        sentence, concern = f"emergency_{sentence}", _EMERGENCIES.get(kind or "", "")
    say(where, sentence, language=language_name(conversation.language), concern=concern)
    say(where, "accept")
