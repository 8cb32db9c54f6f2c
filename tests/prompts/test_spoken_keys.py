"""Each menu names exactly the keys that it has, in every language: what is left out of one text, is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ivr.domain.languages import LANGUAGES
from ivr.flows.steps import Menu
from ivr.prompts import catalogue, spoken_keys
from ivr.prompts.catalogue import KEYS_OUTSIDE
from tests.support.flows import WHOLE
from tests.support.volume import volume

#: Languages whose verbs come last, or whose "one" begins other words too, are among the first.
TRIED = tuple(sorted(LANGUAGES, key=("tr", "fr", "kmr", "fa", "de").__contains__, reverse=True))


def found(monkeypatch: pytest.MonkeyPatch, language: str, prompt: str, text: str) -> list[str]:
    """What is wrong with the keys of a language in which one prompt says something else."""
    words = catalogue(language)
    changed = replace(words, texts={**words.texts, prompt: text})
    with monkeypatch.context() as only:
        only.setattr(spoken_keys, "catalogue", lambda code: changed if code == language else catalogue(code))
        return list(spoken_keys.wrong_keys(WHOLE, dict.fromkeys((language, "en"))))


def asking_prompts() -> Iterator[str]:
    """Every prompt that names keys as words."""
    menus = [step for step in WHOLE.steps.values() if isinstance(step, Menu)]
    for menu in menus:
        yield from {line.prompt for line in menu.lines if "key" not in line.values} or {menu.prompt}
    yield from KEYS_OUTSIDE


def named(language: str, prompt: str) -> dict[str, str]:
    """The keys that a prompt of a language names, each with the text without it."""
    words = catalogue(language)
    text = words.texts.get(prompt, "")
    if language == "ko":
        return {key: text.replace(f"{key}번", "") for key in re.findall(r"(\d)번", text)}
    ends = {
        str(key): list(
            re.finditer(rf"\b{word}(?=(?:\w{{0,2}} {words.after_key})?\s*(?:[.:,،؛]|$))", text, re.IGNORECASE)
        )
        for key, word in enumerate(words.digits)
    }
    return {key: text[: last[-1].start()] + text[last[-1].end() :] for key, last in ends.items() if last}


@pytest.mark.parametrize("language", TRIED[: volume(test=1, ci=len(TRIED), soak=len(TRIED))])
def test_no_key_can_stay_unspoken_in_one_language(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    assert found(monkeypatch, language, "goodbye", catalogue(language)["goodbye"]) == []
    tried = 0
    for prompt in sorted(set(asking_prompts())):
        for key, without in named(language, prompt).items():
            problems = found(monkeypatch, language, prompt, without)
            says = f"{prompt} does not name the key {key} ", f"{prompt} names {key}, and the German text does not"
            assert any(one in problem for problem in problems for one in says), (prompt, without)
            tried += 1
    assert tried >= 100


def test_a_word_that_only_begins_like_a_key_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """ "Un rendez-vous" is no one, "bir şey" neither."""
    text = catalogue("fr")["services"].replace("Formulaires par la poste : le un. ", "")
    assert text.startswith("Un rendez-vous")
    (problem,) = found(monkeypatch, "fr", "services", text)
    assert problem == "voice_prompts/fr.toml: services does not name the key 1 (step services)"


@pytest.mark.parametrize(
    ("language", "prompt", "old", "new", "problem"),
    [
        ("tr", "main", " Tekrar yıldız.", "", "main does not name the key *"),
        ("ar", "not_understood", "زر النجمة", "زر", "not_understood does not name the key *"),
        ("uk", "speak_now", " Наприкінці натисніть решітку.", "", "speak_now does not name the key #"),
        ("de", "enter_code", " Drücken Sie danach die Raute-Taste.", "", "enter_code does not name the key #"),
        ("en", "review", "three.", "three. Go back: hash.", "review names #, and the German text does not"),
        ("en", "line_options", " Emergency: nine.", "", "line_options does not name the key 9"),
        (
            "en",
            "review",
            "two. Record it again: three",
            "three. Record it again: two",
            "review names its keys in another",
        ),
        (
            "kmr",
            "emergency",
            "Mal sê. Tiştekî din çar",
            "Mal çar. Tiştekî din sê",
            "emergency names its keys in another",
        ),
        (
            "ar",
            "consent",
            "بدون تسجيل: اثنان. ماذا يحدث للتسجيل: ثلاثة",
            "بدون تسجيل: ثلاثة. ماذا يحدث للتسجيل: اثنان",
            "consent names its keys in another order than the German text",
        ),
        ("pl", "blocked", "proszę nacisnąć dziewięć", "proszę nacisnąć", "blocked does not name the key 9"),
        ("kmr", "callback_greeting", " Êdî telefon nekin: sê.", "", "callback_greeting does not name the key 3"),
        ("de", "called_before", " Nein: die Zwei.", " Nein: die Vier.", "called_before names 4, which is no key"),
        ("de", "blocked", " Im Notfall drücken Sie die Neun.", "", "blocked does not name the key 9"),
    ],
)
def test_what_stands_beside_the_usual_keys_is_compared_too(
    monkeypatch: pytest.MonkeyPatch, language: str, prompt: str, old: str, new: str, problem: str
) -> None:
    text = catalogue(language)[prompt]
    assert old in text
    problems = found(monkeypatch, language, prompt, text.replace(old, new))
    assert any(f"voice_prompts/{language}.toml: {problem}" in one for one in problems), problems
