"""The beginning of a call: screened numbers, the greeting of known ones, and the language menu.

Each language says its own name and its key, all on one page. The first eight have a key of their own; `9` is an
emergency there as everywhere; `0` and a second key lead to the others, whether or not their short page is heard. Who
speaks none of them presses `0` once more, and chooses among the languages that the authority has named, if there are
any: no recording, but a callback for which an interpreter is sought.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivr.domain.enums import CallEnding, Concern, EventName
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.flows import conditions
from ivr.flows.own_texts import FURTHER_KEYS, FURTHER_NAMES
from ivr.flows.protocol import PromptLine
from ivr.flows.request import RESET_REQUEST
from ivr.flows.script_blocks import OTHERWISE_OTHER
from ivr.flows.steps import Announce, Branch, Choice, End, Menu, Promise, Step

#: Languages with a key of their own, from 1 on.
ONE_KEY = 8
#: Leads to the languages that have two keys.
MORE = "0"
EMERGENCY_KEY = "9"
#: What the emergency key means wherever the language is known.
EMERGENCY = Choice("emergency_reason", sets={**RESET_REQUEST, "concern": Concern.EMERGENCY})
#: The name of each language beyond the menu, as the authority has recorded it; a text is read by the German voice.
CHOSEN_LANGUAGE = {key: PromptLine(name, DEFAULT_LANGUAGE, {"key": key}) for key, name in FURTHER_NAMES.items()}
_UNLISTED: Mapping[str, object] = {"unlisted_language": True, "further_key": ""}
_SCREENED = {EMERGENCY_KEY: EMERGENCY, "0": Choice("goodbye_screened")}


def beginning(languages: Sequence[str], ahead: Mapping[str, Choice]) -> Mapping[str, Step]:
    """The steps up to the main menu, whose keys (`ahead`) count already while a known caller is greeted."""
    return {
        **_screened(),
        **_greeting(languages, ahead),
        **_language_menu(languages),
        **_in_an_emergency(languages),
        **_unlisted(languages),
    }


def _screened() -> Mapping[str, Step]:
    """A screened caller hears why, and how to write instead. An emergency is heard all the same."""
    return {
        "screened_first": Branch(on=conditions.is_screened, yes="blocked_first", no="answered"),
        "blocked_first": Branch(on=conditions.is_blocked, yes="blocked", no="held_off"),
        "blocked": Menu(prompt="blocked", choices=_SCREENED, otherwise="goodbye_screened", attempts=1),
        "held_off": Menu(prompt="held_off", choices=_SCREENED, otherwise="goodbye_screened", attempts=1),
        "goodbye_screened": End(CallEnding.SCREENED, ("goodbye",)),
    }


def _greeting(languages: Sequence[str], ahead: Mapping[str, Choice]) -> Mapping[str, Step]:
    # Telephones are shared: the next caller may not understand the language of the one before.
    shared = tuple(PromptLine("other_languages", code, {"key": MORE}) for code in languages[:2])
    return {
        "answered": Branch(on=conditions.language_is_known, yes="welcome_back", no="choose_language"),
        "welcome_back": Menu(
            prompt="other_languages",
            lines=(PromptLine("welcome"), PromptLine("other_languages", values={"key": MORE}), *shared),
            choices={MORE: Choice("choose_language")},
            ahead=ahead,
            otherwise="announcement_first",
            attempts=1,
            timeout=2,
            continues=True,
        ),
    }


def _language_menu(languages: Sequence[str]) -> Mapping[str, Step]:
    """Who does not choose is spoken to in German."""
    told = announcing(languages)
    welcome = PromptLine("welcome", DEFAULT_LANGUAGE)
    emergency = tuple(PromptLine("emergency_key", code, {"key": EMERGENCY_KEY}) for code in told)
    return _menus(
        languages,
        ("choose_language", "choose_more_languages"),
        "announcement_first",
        ("emergency_language", "emergency_more_languages"),
        (welcome, *emergency),
        {MORE: Choice("further_first", sets={**OTHERWISE_OTHER, **_UNLISTED})},
    )


def _unlisted(languages: Sequence[str]) -> Mapping[str, Step]:
    """A caller who speaks no language of the menu: called back, where the number is shown. Else all goes on in German.

    It is told in the languages in which the menu speaks to all; nobody is recorded who cannot understand the question.
    """
    told = tuple(PromptLine("interpreter_callback", code) for code in announcing(languages))
    return {
        **_further(languages, ("further_first", "further_language"), "unlisted_number"),
        "unlisted_number": Branch(on=conditions.can_be_called_back, yes="unlisted_task", no="announcement_first"),
        "unlisted_task": Promise(EventName.INTERPRETER_WANTED, to="unlisted_emergency"),
        "unlisted_emergency": Branch(on=conditions.is_emergency, yes="unlisted_urgent", no="unlisted_told"),
        "unlisted_urgent": Announce(("promise_emergency", "emergency_help"), to="unlisted_told"),
        "unlisted_told": Menu(
            prompt="interpreter_callback",
            lines=(*CHOSEN_LANGUAGE.values(), *told),
            choices={},
            only_if={key: conditions.speaks_further(key) for key in CHOSEN_LANGUAGE},
            otherwise="goodbye_unlisted",
            attempts=1,
            timeout=2,
        ),
        "goodbye_unlisted": End(CallEnding.PROMISED, ("goodbye",)),
    }


def _further(languages: Sequence[str], names: tuple[str, str], to: str) -> Mapping[str, Step]:
    """The languages beyond the menu that the authority has named: each name, then its key as the menu says it to all.

    Who chooses none goes on as one whose language nobody knows.
    """
    first, menu = names
    said = [(CHOSEN_LANGUAGE[key], *_to_all(languages, "key_alone", key)) for key in FURTHER_KEYS]
    return {
        first: Branch(on=conditions.further_languages_are_named, yes=menu, no=to),
        menu: Menu(
            prompt="key_alone",
            lines=(*(line for lines in said for line in lines), *_to_all(languages, "another_language", MORE)),
            choices={
                **{key: Choice(to, sets={"further_key": key}) for key in FURTHER_KEYS},
                MORE: Choice(to),
            },
            only_if={key: conditions.names_further(key) for key in FURTHER_KEYS},
            otherwise=to,
            attempts=2,
        ),
    }


def _in_an_emergency(languages: Sequence[str]) -> Mapping[str, Step]:
    """The language of who has pressed 9 in the language menu: asked once, then on in German.

    Who speaks none of them can say which, as without an emergency.
    """
    pages, further = (
        ("emergency_language", "emergency_more_languages"),
        ("emergency_further_first", "emergency_further_language"),
    )
    unlisted = {MORE: Choice(further[0], sets=_UNLISTED)}
    return {
        **_menus(languages, pages, "emergency_reason", unlisted=unlisted),
        **_further(languages, further, "emergency_reason"),
    }


def keys_of(languages: Sequence[str], language: str) -> str:
    """The one or two keys of a language in a menu of these languages.

    Raises:
        ValueError: the language is not among them.
    """
    before = languages.index(language)
    return str(before + 1) if before < ONE_KEY else f"{MORE}{before - ONE_KEY + 1}"


def announcing(languages: Sequence[str]) -> tuple[str, ...]:
    """The languages in which the language menu says what it says to all: German and English."""
    return tuple(dict.fromkeys((DEFAULT_LANGUAGE, *(code for code in ("en",) if code in languages))))


def _menus(
    languages: Sequence[str],
    names: tuple[str, str],
    to: str,
    emergency: tuple[str, ...] = (),
    before: tuple[PromptLine, ...] = (),
    unlisted: Mapping[str, Choice] | None = None,
) -> Mapping[str, Step]:
    """A page of all languages, and the page that `0` leads to, on which the others say their second key alone.

    `emergency`: the pages on which the language of an emergency is asked, where it is not these. `unlisted`: the key of
    who speaks none of the languages, on the last page. The first page tells it to who has not chosen yet.
    """
    first, others = languages[:ONE_KEY], languages[ONE_KEY:]
    unlisted = unlisted or {}
    more = {MORE: Choice(names[1])} if others else unlisted
    urgent = [{EMERGENCY_KEY: Choice(page, sets=EMERGENCY.sets)} for page in emergency] or [{}, {}]
    steps: dict[str, Step] = {
        names[0]: Menu(
            prompt="choose_language",
            lines=(*before, *_lines(first), *_lines(others, MORE)),
            lines_again=_to_all(languages, "another_language", MORE * 2 if others else MORE) if unlisted else (),
            choices={**_choices(first, to), **more, **urgent[0]},
            otherwise=to,
            otherwise_language=DEFAULT_LANGUAGE,
            attempts=2 if before else 1,
        )
    }
    if others:
        steps[names[1]] = Menu(
            prompt="choose_language",
            lines=(*_lines(others), *(_to_all(languages, "another_language", MORE) if unlisted else ())),
            choices={**_choices(others, to), **unlisted, **urgent[1]},
            second_key=True,
            otherwise=to,
            otherwise_language=DEFAULT_LANGUAGE,
            attempts=1,
        )
    return steps


def _lines(languages: Sequence[str], first_key: str = "") -> tuple[PromptLine, ...]:
    keyed = enumerate(languages, start=1)
    return tuple(PromptLine("choose_language", code, {"key": f"{first_key}{key}"}) for key, code in keyed)


def _to_all(languages: Sequence[str], prompt: str, keys: str) -> tuple[PromptLine, ...]:
    return tuple(PromptLine(prompt, code, {"key": keys}) for code in announcing(languages))


def _choices(languages: Sequence[str], to: str) -> dict[str, Choice]:
    return {
        str(key): Choice(
            to,
            language=code,
            # Who then presses nothing has said no more than who is silent from the beginning.
            sets={"unlisted_language": False, "further_key": "", "is_silent": True},
            event=EventName.LANGUAGE_CHOSEN,
        )
        for key, code in enumerate(languages, start=1)
    }
