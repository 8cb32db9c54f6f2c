"""What team members and interpreters hear on the telephone: German sentences of `voice_prompts/staff.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from twilio.twiml.voice_response import Gather, VoiceResponse

from ivr.config.sections import ConfigurationError
from ivr.config.settings import settings
from ivr.domain.enums import Concern, EmergencyKind
from ivr.domain.languages import UNKNOWN_LANGUAGE, name_in
from ivr.models.contact_centre import Conversation, Leg
from ivr.prompts.catalogue import DIRECTORY


@dataclass(frozen=True)
class StaffPrompts:
    """What `voice_prompts/staff.toml` holds: sentences by name, and spoken names of concerns and emergencies."""

    sentences: Mapping[str, str]
    concerns: Mapping[Concern, str]
    emergencies: Mapping[EmergencyKind, str]


@lru_cache(maxsize=1)
def staff_prompts() -> StaffPrompts:
    """The prompts for staff, read once.

    Raises:
        ConfigurationError: a concern or a kind of emergency has no spoken name; the message names each.
    """
    with (DIRECTORY / "staff.toml").open("rb") as file:
        content = tomllib.load(file)
    missing = [f"[concerns] {member}" for member in Concern if not content["concerns"].get(member)]
    missing += [f"[emergencies] {member}" for member in EmergencyKind if member not in content["emergencies"]]
    if missing:
        raise ConfigurationError("voice_prompts/staff.toml lacks: " + ", ".join(missing))
    return StaffPrompts(
        dict(content["prompts"]),
        {member: content["concerns"][member] for member in Concern},
        {member: content["emergencies"][member] for member in EmergencyKind},
    )


def read_again() -> Sequence[str]:
    """Read the prompts for staff again; what is wrong with them, and then the former ones count."""
    try:
        staff_prompts.__wrapped__()
    except (OSError, ValueError, KeyError, ConfigurationError) as error:
        return [f"voice_prompts/staff.toml: {error}"]
    staff_prompts.cache_clear()
    return []


def say(where: VoiceResponse | Gather, sentence: str, **values: str) -> None:
    """Say a sentence."""
    tag, voice = settings().carrier_voice("de") or ("de-DE", "Polly.Vicki")
    where.say(staff_prompts().sentences[sentence].format_map(values), language=tag, voice=voice)


def language_name(code: str) -> str:
    """A language as members call it."""
    return name_in(code.replace("kmr", "ku"), "de")


def announce(where: VoiceResponse | Gather, conversation: Conversation) -> None:
    """Who is calling, before it is decided whether to answer: language, concern, urgency."""
    _say_what_about(where, conversation)
    say(where, "accept")


def announce_transfer(where: VoiceResponse | Gather, leg: Leg) -> None:
    """Who transfers a caller, and what the call is about; a number of the directory hears only that somebody calls."""
    if leg.user_id is None or leg.transfer is None:
        say(where, "invite_transfer")
        return
    say(where, "transfer", name=leg.transfer.by.name)
    _say_what_about(where, leg.conversation)
    say(where, "accept")


def _say_what_about(where: VoiceResponse | Gather, conversation: Conversation) -> None:
    entry, task = conversation.entry, conversation.task
    kept_place = entry is not None and entry.mode == "callback"
    sentence = "callback" if conversation.kind == "callback" or kept_place else "call"
    concern = staff_prompts().concerns[conversation.concern]
    if conversation.urgency == "emergency":
        kind = (entry.emergency_kind if entry else None) or (task.emergency_kind if task else None)
        sentence, concern = f"emergency_{sentence}", (staff_prompts().emergencies[kind] if kind else "")
    if conversation.language == UNKNOWN_LANGUAGE:
        sentence = f"{sentence}_unknown"
    say(where, sentence, language=language_name(conversation.language), concern=concern)


def ask_interpreter(where: VoiceResponse | Gather, language: str) -> None:
    """What is wanted of an interpreter who is rung."""
    say(where, "interpret_unknown" if language == UNKNOWN_LANGUAGE else "interpret", language=language_name(language))
