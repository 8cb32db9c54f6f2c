"""Looks at the settings on which the carrier depends, without asking it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from ivr.carrier import outside
from ivr.carrier.finding import Finding
from ivr.config.settings import settings

#: The carrier's old voices, by their whole names, and the languages that they speak; how the names of others begin.
_OLD_VOICES = {
    "alice": frozenset(
        ["ca", "da", "de", "en", "es", "fi", "fr", "it", "ja", "ko", "nb", "nl", "pl", "pt", "ru", "sv", "zh"]
    ),
    "man": frozenset(["de", "en", "es", "fr", "it"]),
    "woman": frozenset(["de", "en", "es", "fr", "it"]),
}
_VOICE_KINDS = ("Polly.", "Google.")


def address() -> Iterator[Finding]:
    """Whether the carrier can reach our addresses; not looked at in local mode, where the carrier is here, too."""
    configured = settings()
    if configured.local:
        return
    for name, url in (("PUBLIC_BASE_URL", configured.calls_url), ("FALLBACK_BASE_URL", configured.fallback_url)):
        if name == "FALLBACK_BASE_URL" and not configured.fallback_base_url:
            continue
        for fault in outside.faults(url):
            yield Finding(fault, f"Set {name} to an address that the carrier reaches from the internet by HTTPS.")


def voices() -> Iterator[Finding]:
    """Whether every voice of `voices` can speak its language, as far as its name tells."""
    for code, given in settings().voices.items():
        tag = _tag_in(given.voice)
        spoken = _OLD_VOICES.get(given.voice)
        if tag and tag.lower() != given.language.lower():
            yield Finding(
                f"The voice {given.voice} speaks {tag}, but VOICES gives it to {code} as {given.language}.",
                "Choose a voice of that language: another one can fail the whole document.",
            )
        elif spoken is not None and given.language.lower().partition("-")[0] not in spoken:
            yield Finding(
                f"The voice {given.voice} does not speak {given.language}, which VOICES gives to {code}.",
                "Choose a voice of that language: another one can fail the whole document.",
            )
        elif spoken is None and not given.voice.startswith(_VOICE_KINDS):
            yield Finding(
                f"The voice {given.voice} of {code} is of no kind that the carrier has "
                f"({', '.join((*_VOICE_KINDS, *_OLD_VOICES))}).",
                "Set VOICES to one of the carrier's voices: an unknown one fails the whole document.",
            )
    yield Finding(
        "Whether the carrier has each voice cannot be read by the REST interface.",
        "The trial call of `python -m ivr carrier setup` speaks with every one of them.",
        wrong=False,
    )


def _tag_in(voice: str) -> str:
    """The language in the name of a voice such as `Google.uk-UA-Standard-A`; empty where it names none."""
    found = re.match(r"Google\.([a-z]{2,3}-[A-Z]{2})-", voice)
    return found.group(1) if found else ""


def fallback() -> Iterator[Finding]:
    """Whether the carrier has another host to ask while ours is away."""
    configured = settings()
    if urlsplit(configured.fallback_url).hostname == urlsplit(configured.calls_url).hostname:
        yield Finding(
            "The fallback is asked at the same host, so callers hear an error of the carrier while that host is away.",
            "Set FALLBACK_BASE_URL to another host that serves /voice/fallback.",
            wrong=False,
        )


#: All checks of this module, in their order.
CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (address, fallback, voices)
