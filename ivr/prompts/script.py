"""The configured call script (Ablauf): the hotline's flow with the languages and forms of the settings."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache

from babel.core import UnknownLocaleError

from ivr.config.settings import Settings, settings
from ivr.domain.digits import is_digits
from ivr.flows.checker import MAIN
from ivr.flows.hotline import hotline
from ivr.flows.steps import Flow, Menu
from ivr.prompts.catalogue import BUILDING_BLOCKS, OUTSIDE_THE_SCRIPT, WITH_NUMERALS, catalogue
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

    A language needs `voice_prompts/<language>.toml` with the ten digits and every prompt of the script, a voice of the
    carrier or `[numerals]` for its played prompts, and `voice_prompts/times/<language>.toml`.
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


def missing_prompts() -> Iterator[tuple[str, str]]:
    """Language and name of each prompt that the script needs and an offered language lacks.

    Prompts of forms that the operator has added are included.
    """
    for language in offered_languages():
        for prompt in sorted((script().prompts() | OUTSIDE_THE_SCRIPT) - set(catalogue(language).texts)):
            yield language, prompt


def wrong_keys() -> Iterator[str]:
    """Each key that a menu has and does not name in an offered language, or names and does not have; one sentence each.

    Keys that count anywhere are said in the main menu. Elsewhere they may go unsaid, and so may keys that do what
    silence does, and the hash key, which ends. Menus that number their lines (languages, forms) say
    every key by themselves.
    """
    for language in offered_languages():
        texts, digits = catalogue(language).texts, catalogue(language).digits
        for name, step in script().steps.items():
            said = {line.values["key"] for line in step.lines if "key" in line.values} if isinstance(step, Menu) else ()
            if not isinstance(step, Menu) or (said and not step.only_if):
                continue
            prompts = [line.prompt for line in step.lines if "key" not in line.values] or [step.prompt]
            text = " ".join(texts.get(prompt, "") for prompt in prompts)
            for key in _keys_to_say(step):
                if key not in said and not _names(text, key, digits[int(key)]):
                    yield f"voice_prompts/{language}.toml: {prompts[-1]} does not name the key {key} (step {name})"
            for key in "0123456789":
                if key not in {*step.choices, *script().anywhere} and _offers(text, key, digits[int(key)]):
                    yield f"voice_prompts/{language}.toml: {prompts[-1]} names {key}, which is no key (step {name})"


def _keys_to_say(menu: Menu) -> Iterator[str]:
    if menu.prompt == MAIN:
        yield from script().anywhere
    for key in menu.choices:
        if is_digits(key) and key not in script().anywhere and not menu.does_what_silence_does(key):
            yield key


def _offers(text: str, key: str, word: str) -> bool:
    """Whether a text ends a clause with a key, as menus name theirs: "Money: one." Elsewhere the word may count."""
    return bool(re.search(rf"\b{re.escape(word)}\w{{0,2}}\s*(?=[.:,،؛;]|$)|(?<!\d){key}(?=번)", text, re.IGNORECASE))


def _names(text: str, key: str, word: str) -> bool:
    """Whether a text says a key: as a word, inflected or not, or as a digit."""
    return bool(re.search(rf"\b{re.escape(word)}|(?<!\d){key}(?!\d)", text, re.IGNORECASE))
