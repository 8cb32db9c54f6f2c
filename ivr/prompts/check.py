"""Checks the prompts for errors that callers would hear: missing, outdated, too long, clipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.audio.synthesis import speak
from ivr.audio.wav import read_wav
from ivr.config.settings import settings
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.flows.whole_script import Flow
from ivr.platform import database
from ivr.prompts import parts, recordings, rendering
from ivr.prompts.catalogue import (
    BUILDING_BLOCKS,
    KEYS_OUTSIDE,
    OUTSIDE_THE_SCRIPT,
    WITH_NUMERALS,
    WRITTEN,
    catalogue,
    wrong_placeholders,
)
from ivr.prompts.parts import Part
from ivr.prompts.speaking import Audio, Text, spoken

#: The longest duration in seconds of a prompt that asks for a key, and of any other.
LONGEST_QUESTION = 12.0
LONGEST = 20.0
#: The longest duration in seconds of a digit, a number, a day or a month.
LONGEST_VALUE = 4.0
STALE = "the German text has changed: translate it again, then python -m ivr prompts translated"
#: Example values that take long to say.
EXAMPLES: Mapping[str, str] = {
    "key": "9",
    "callback_number": "+4915112345678",
    "receipt_code": "27384950",
    "place": "12",
    "wait_minutes": "45",
    "hours": "24",
    "opening_at": "2026-11-23T07:30:00Z",
    "due_at": "2026-11-23T09:45:00Z",
    "tried_at": "2026-11-27T16:25:00Z",
    "appointment_at": "2026-12-28T12:50:00Z",
    "appointment_place": "Utbremer Straße 90, dritte Etage, Zimmer 312",
    "days": "365",
    "form": "form_education",
    "today": "2026-10-26",
    "h": "17",
    "m": "45",
    "weekday": "thursday",
    "day": "28",
    "month": "12",
    "link": "https://www.jobcenter.digital",
    "hotline_number": "+494211782666",
}


@dataclass(frozen=True)
class Finding:
    """A problem of a prompt, or of a part of one."""

    language: str
    prompt: str
    problem: str


def longest(prompt: str, flow: Flow) -> float:
    """The longest allowed duration of a prompt, or of a part that says a value; in seconds."""
    return _longest(prompt, flow.questions())


def _longest(prompt: str, questions: frozenset[str]) -> float:
    if prompt not in catalogue(DEFAULT_LANGUAGE).texts:
        return LONGEST_VALUE
    return LONGEST_QUESTION if prompt in questions | KEYS_OUTSIDE.keys() else LONGEST


def findings(language: str, flow: Flow) -> Iterator[Finding]:
    """Find all problems of a language's prompts."""
    words, needed, questions = catalogue(language), _needed(flow, language), flow.questions()
    for prompt in sorted(needed - set(words.texts)):
        yield Finding(language, prompt, "missing")
    for prompt in words.texts:
        if prompt not in needed and not prompt.startswith("form_"):
            yield Finding(language, prompt, "not used in any call")
        elif problem := wrong_placeholders(words, prompt):
            yield Finding(language, prompt, problem)
        elif prompt in words.stale:
            yield Finding(language, prompt, STALE)
        elif prompt not in WRITTEN | BUILDING_BLOCKS:
            yield from _too_long(language, prompt, _longest(prompt, questions))
    if settings().carrier_voice(language) is None:
        yield from _rendered(language)
    yield from _recorded(language)


def _needed(flow: Flow, language: str) -> set[str]:
    blocks = BUILDING_BLOCKS if catalogue(language).numerals else BUILDING_BLOCKS - WITH_NUMERALS
    return {*flow.prompts(), *OUTSIDE_THE_SCRIPT, *blocks, *WRITTEN, "welcome", "choose_language"}


def _too_long(language: str, prompt: str, allowed: float) -> Iterator[Finding]:
    seconds = seconds_of(prompt, language)
    if seconds > allowed:
        yield Finding(language, prompt, f"too long: {seconds:.1f} s, {allowed:.0f} s at most")


def seconds_of(
    prompt: str, language: str, values: Mapping[str, str] = EXAMPLES, replaced: Mapping[str, float] | None = None
) -> float:
    """The duration of a prompt in seconds.

    For text that the carrier speaks, this is the duration of our synthesis. `replaced` are the seconds of parts that
    are about to be recorded.
    """
    total = 0.0
    with database.reading() as session:
        recorded = {name: found.seconds for name, found in recordings.current(session, language).items()}
    recorded |= replaced or {}
    for piece in spoken(prompt, language, values):
        match piece:
            case Text(text=text):
                total += speak(text, language).seconds
            case Audio(part=part, version=version) if version.startswith("r") or part.name in (replaced or {}):
                total += recorded[part.name]
            case Audio(part=part) if rendering.is_there(part):
                total += rendering.seconds_of(part)
            case Audio(part=part):  # the check must not render missing audio
                total += speak(part.text, language).seconds if part.text else 0.0
    return total


def _rendered(language: str) -> Iterator[Finding]:
    for part in played_parts(language):
        if not rendering.is_there(part):
            problem = "stale audio" if rendering.outdated(part) else "no audio"
            yield Finding(language, part.name, f"{problem}: python -m ivr prompts render")
        elif part.name != parts.PAUSE:
            yield from _audible(language, part.name, rendering.path_of(part).read_bytes())


def played_parts(language: str) -> list[Part]:
    """All parts of a language whose prompts are played."""
    return [*parts.texts_of(catalogue(language)), *parts.values_of(language)]


def _recorded(language: str) -> Iterator[Finding]:
    with database.reading() as session:
        found = recordings.current(session, language)
        audio = {name: recordings.audio(session, recording.id) for name, recording in found.items()}
    for name, recording in found.items():
        if not recordings.is_up_to_date(recording):
            yield Finding(language, name, "outdated recording: the text has changed, so the recording is not played")
        elif data := audio[name]:
            yield from _audible(language, name, data)


def _audible(language: str, name: str, data: bytes) -> Iterator[Finding]:
    samples = read_wav(data).samples
    if rendering.is_clipped(samples):
        yield Finding(language, name, "clipped")
    elif not rendering.LOUDNESS[0] <= (level := rendering.level(samples)) <= rendering.LOUDNESS[1]:
        yield Finding(language, name, f"loudness {level:.1f} dB")


def unreviewed(language: str) -> int:
    """The number of prompts that no native speaker has approved."""
    words = catalogue(language)
    return len(set(words.texts) - words.reviewed)
