"""The configured call script (Ablauf): the hotline's flow with the languages and forms of the settings."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import lru_cache

from babel.core import UnknownLocaleError

from ivr.config.settings import Settings, settings
from ivr.flows.hotline import hotline
from ivr.flows.whole_script import Flow
from ivr.prompts.catalogue import (
    BUILDING_BLOCKS,
    OUTSIDE_THE_SCRIPT,
    WITH_NUMERALS,
    catalogue,
    wrong_placeholders,
)
from ivr.prompts.times import spoken_times

#: Prompts of the language menu, which other languages' callers hear too.
_LANGUAGE_MENU = frozenset({"welcome", "choose_language", "another_language", "emergency_key", "key_alone"})


@lru_cache(maxsize=8)
def _flow(languages: tuple[str, ...], forms: tuple[str, ...]) -> Flow:
    return hotline(languages, tuple(f"form_{form}" for form in forms))


#: Seconds after which a process looks again whether the model of Korean is installed, on which the languages depend.
_CACHE_SECONDS = 1.0
_cache: tuple[float, Settings, Flow] | None = None


def script() -> Flow:
    """The call script of the present settings. Its language menu offers the languages that are finished."""
    global _cache
    configured, now = settings(), time.monotonic()
    if _cache is None or _cache[1] is not configured or now - _cache[0] > _CACHE_SECONDS:
        _cache = now, configured, _flow(offered_languages(), configured.forms)
    return _cache[2]


def script_in(languages: Sequence[str]) -> Flow:
    """The call script of the present settings, as it is where these languages are offered."""
    return _flow(tuple(languages), settings().forms)


def offered_languages() -> tuple[str, ...]:
    """The enabled languages that are finished, in the order of the menu."""
    return tuple(language for language in settings().enabled_languages if not unfinished(language))


@lru_cache(maxsize=64)
def unfinished(language: str) -> tuple[str, ...]:
    """What a language lacks before it can be offered to callers; nothing where it is finished.

    A language needs `voice_prompts/<language>.toml` with the ten digits, the words for star and hash, and every prompt
    of the script with the placeholders of the original; a voice of the carrier or `[numerals]` for its played prompts;
    and `voice_prompts/times/<language>.toml`.
    """
    file = f"voice_prompts/{language}.toml"
    try:
        texts = catalogue(language)
    except FileNotFoundError:
        return (f"{file} is missing",)
    except (ValueError, KeyError) as error:  # TOMLDecodeError is a ValueError
        return (f"{file}: {error}",)
    blocks = BUILDING_BLOCKS if texts.numerals else BUILDING_BLOCKS - WITH_NUMERALS
    needed = _flow((language,), ()).prompts() | OUTSIDE_THE_SCRIPT | blocks | _LANGUAGE_MENU
    lacks = [f"{file}: the prompt {prompt} is missing" for prompt in sorted(needed - set(texts.texts))]
    wrong = ((prompt, wrong_placeholders(texts, prompt)) for prompt in texts.texts)
    lacks += [f"{file}: {prompt}: {problem}" for prompt, problem in wrong if problem]
    if settings().carrier_voice(language) is None and texts.numerals is None:
        lacks.append(f"{file}: [numerals] is missing, and the carrier has no voice for the language")
    return (*lacks, *_lacking_times(language))


def _lacking_times(language: str) -> Iterator[str]:
    file = f"voice_prompts/times/{language}.toml"
    try:
        said = spoken_times(language)
    except FileNotFoundError:
        yield f"{file} is missing"
    except (ValueError, UnknownLocaleError) as error:
        yield f"{file}: {error}"
    else:
        if said.forms is None and catalogue(language).numerals is None:
            yield f"{file}: [forms] is missing"


def read_again() -> Sequence[str]:
    """Read the texts of the languages that are finished again; what is wrong, and then the former ones count."""
    problems = []
    for language in offered_languages():
        try:
            catalogue.__wrapped__(language)
            spoken_times.__wrapped__(language)
        except (OSError, ValueError, KeyError) as error:
            problems.append(f"{language}: {error}")
    if not problems:
        for kept in (catalogue, spoken_times, unfinished, _flow):
            kept.cache_clear()
    return problems


def missing_prompts() -> Iterator[tuple[str, str]]:
    """Language and name of each prompt that the script needs and an offered language lacks.

    Prompts of forms that the operator has added are included.
    """
    for language in offered_languages():
        for prompt in sorted((script().prompts() | OUTSIDE_THE_SCRIPT) - set(catalogue(language).texts)):
            yield language, prompt
