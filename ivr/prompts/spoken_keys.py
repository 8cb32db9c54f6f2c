"""Compares the keys that texts name with the keys there are, in every language that is offered.

A menu names its keys as the ends of clauses: "Money: one. Work, training: two." The German text is the original: what
it names, each translation has to name, and nothing else, in the same order: two keys that have changed places are two
wrong ways.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ivr.domain.digits import is_digits
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.flows.checker import MAIN
from ivr.flows.language_menu import EMERGENCY_KEY
from ivr.flows.steps import EnterDigits, Menu
from ivr.flows.whole_script import Flow
from ivr.prompts.catalogue import KEYS_OUTSIDE, Catalogue, catalogue

#: Texts of the script that are no menu of their own, and the keys they name: words read back, and how to reach people.
_BESIDE_MENUS: Mapping[str, str] = {
    "understood_number": "12",
    "understood_yes": "12",
    "understood_no": "12",
    "speak_to_us": "0",
}


@dataclass(frozen=True)
class _Asked:
    """What is asked at one place: the prompts that are spoken together, the keys they must name and those they may."""

    place: str
    prompts: tuple[str, ...]
    must: frozenset[str]
    may: frozenset[str]


def wrong_keys(flow: Flow, languages: Collection[str]) -> Iterator[str]:
    """Each key that a menu has and does not name in a language, or names and does not have; one sentence each.

    Keys that count anywhere are said in the main menu. Elsewhere they may go unsaid, and so may keys that do what
    silence does, but either in every language or in none. Menus that number their lines (languages, forms) say
    every key by themselves. The star and the hash key are named wherever the German text names them, and the hash key
    wherever several digits are keyed in.
    """
    asked = [*_menus(flow), *_others()]
    for language in languages:
        words = catalogue(language)
        file = f"voice_prompts/{language}.toml"
        for one in asked:
            in_order, in_german = _named(words, one.prompts), _named(catalogue(DEFAULT_LANGUAGE), one.prompts)
            said, original = frozenset(in_order), frozenset(in_german)
            if said == original and in_order != in_german:
                yield f"{file}: {one.prompts[-1]} names its keys in another order than the German text ({one.place})"
            for key in sorted((one.must | (original & one.may)) - said):
                yield f"{file}: {one.prompts[-1]} does not name the key {key} ({one.place})"
            for key in sorted(said - one.may):
                yield f"{file}: {one.prompts[-1]} names {key}, which is no key ({one.place})"
            for key in sorted((said & one.may) - original - one.must):
                yield f"{file}: {one.prompts[-1]} names {key}, and the German text does not ({one.place})"
        yield from _star_and_hash(file, words, _entries(flow))


def _menus(flow: Flow) -> Iterator[_Asked]:
    for name, step in flow.steps.items():
        if not isinstance(step, Menu):
            continue
        by_lines = {line.values["key"] for line in step.lines if "key" in line.values}
        if by_lines and not step.only_if:
            continue
        prompts = tuple(line.prompt for line in step.lines if "key" not in line.values) or (step.prompt,)
        keys = frozenset({*step.choices, *flow.anywhere})
        yield _Asked(f"step {name}", prompts, frozenset(_keys_to_say(flow, step)) - by_lines, keys)


def _others() -> Iterator[_Asked]:
    for prompt, keys in {**KEYS_OUTSIDE, **_BESIDE_MENUS}.items():
        yield _Asked("beside the menus of the script", (prompt,), frozenset(keys), frozenset(keys))


def _keys_to_say(flow: Flow, menu: Menu) -> Iterator[str]:
    if menu.prompt == MAIN:
        yield from flow.anywhere
    for key in menu.choices:
        if key == EMERGENCY_KEY or (
            is_digits(key) and key not in flow.anywhere and not menu.does_what_silence_does(key)
        ):
            yield key


def _named(words: Catalogue, prompts: Collection[str]) -> tuple[str, ...]:
    """The keys that texts name, in their order: at the end of a clause, or as a single figure.

    Before a verb ("press one", where the verb comes last) the word may have an ending.
    """
    text = " ".join(words.texts.get(prompt, "") for prompt in prompts)
    verb = rf"(?:\w{{0,2}}\s+{re.escape(words.after_key)})?" if words.after_key else ""
    word = "|".join(map(re.escape, words.digits))
    found = re.finditer(rf"\b({word}){verb}\s*(?=[.:,،؛;!?؟]|$)|(?<!\d)(\d)(?!\d)", text, re.IGNORECASE)
    return tuple(match[2] or str(words.digits.index(match[1].lower())) for match in found)


def _entries(flow: Flow) -> frozenset[str]:
    """The prompts that ask for several digits: the hash key ends them, and who does not know it waits in silence."""
    return frozenset(step.prompt for step in flow.steps.values() if isinstance(step, EnterDigits))


def _star_and_hash(file: str, words: Catalogue, entries: Collection[str]) -> Iterator[str]:
    german = catalogue(DEFAULT_LANGUAGE)
    for prompt, original in german.texts.items():
        text = words.texts.get(prompt)
        if text is None:
            continue
        for key, in_german, here in zip("*#", german.star_hash, words.star_hash, strict=True):
            named = _is_in(original, in_german) or (key == "#" and prompt in entries)
            if named and not _is_in(text, here):
                yield f"{file}: {prompt} does not name the key {key}"
            elif not named and _is_in(text, here):
                yield f"{file}: {prompt} names {key}, and the German text does not"


def _is_in(text: str, word: str) -> bool:
    """Whether a text has a word, with any ending, and in Arabic with its article."""
    return bool(re.search(rf"(?<!\w)(?:ال)?{re.escape(word)}", text, re.IGNORECASE))
