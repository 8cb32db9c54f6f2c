"""What each language has of all that callers of it need: texts, numbers, voice, audio, and a speech model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from ivr.config.settings import settings
from ivr.domain.languages import DEFAULT_LANGUAGE, LANGUAGES, name_in
from ivr.flows.language_menu import keys_of
from ivr.notices import present
from ivr.platform import database
from ivr.prompts import check, recordings, rendering, voices
from ivr.prompts.catalogue import WRITTEN, Catalogue, catalogue, wrong_placeholders
from ivr.prompts.script import offered_languages, unfinished
from ivr.transcription import whisper_engine
from ivr.transcription.vosk_engine import installed_languages

Model = Literal["installed", "second engine", "none"]
#: The prompt that says a language's name and key.
_MENU_LINE = "choose_language"


@dataclass(frozen=True)
class LanguageState:
    """A language. Where it has no prompt file, there are no prompts; one beyond the menu has a spoken name alone."""

    code: str
    name: str
    #: In the language menu, or on the page beyond it.
    level: Literal["menu", "further"]
    #: Keys in the menu, or on the page beyond it; empty where it is not offered.
    keys: str = ""
    #: Why it is not offered; empty where it is.
    lacks: tuple[str, ...] = ()
    #: It lacks something that every language needs.
    is_unfinished: bool = False
    has_menu_line: bool = False
    has_numerals: bool = False
    #: The carrier's voice, or the one in its place; empty where prompts are played.
    voice: str = ""
    #: Texts that are spoken, and those that the German file has and this one lacks, or that the German text has left
    #: behind.
    prompts: int = 0
    missing: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    #: Recordings of present texts, and those whose text has changed since.
    recorded: int = 0
    outdated: int = 0
    #: Parts whose audio is rendered, of those that are played; none where the carrier's voice speaks.
    rendered: int = 0
    to_render: int = 0
    #: What transcribes its messages here.
    model: Model = "none"


def all_languages() -> Sequence[LanguageState]:
    """The hotline's languages in the order of the code, then those that supervisors have named beyond the menu."""
    return [*map(_of_the_hotline, LANGUAGES), *_named()]


def _of_the_hotline(code: str) -> LanguageState:
    lacks, is_unfinished = unfinished(code), bool(unfinished(code))
    if not lacks and code not in offered_languages():
        lacks = ("the setting languages does not name it, or its speech model is missing",)
    about = partial(
        LanguageState, code, name_in(code, "en"), "menu", "" if lacks else keys_of(offered_languages(), code),
        lacks, is_unfinished, model=_model(code), voice=_voice(code),
    )  # fmt: skip
    try:
        words = catalogue(code)
    except (OSError, ValueError, KeyError):  # `lacks` says which
        return about()
    recorded = _recordings(code)
    played = [] if settings().carrier_voice(code) or is_unfinished else check.played_parts(code)
    return about(
        has_menu_line=_MENU_LINE in words.texts and not wrong_placeholders(words, _MENU_LINE),
        has_numerals=words.numerals is not None,
        prompts=len(_spoken(words)),
        missing=tuple(sorted(_spoken(catalogue(DEFAULT_LANGUAGE)) - _spoken(words))),
        stale=tuple(sorted(words.stale)),
        recorded=sum(recorded),
        outdated=len(recorded) - sum(recorded),
        rendered=sum(rendering.is_there(part) for part in played),
        to_render=len(played),
    )


def _voice(code: str) -> str:
    of_carrier, voice = settings().carrier_voice(code), voices.voice_of(code)
    if of_carrier is None or voice.kind == "carrier":
        return " ".join(of_carrier or ())
    return f"{voice.kind} {voice.name}"


def _spoken(words: Catalogue) -> set[str]:
    return set(words.texts) - WRITTEN


def _recordings(code: str) -> list[bool]:
    """Of each recorded part, whether the recording says its present text."""
    with database.reading() as session:
        return [recordings.is_up_to_date(one) for one in recordings.current(session, code).values()]


def _named() -> Sequence[LanguageState]:
    return [
        LanguageState(
            named.language, name_in(named.language, "en"), "further", key,
            prompts=1, recorded=int(named.name.has_audio), model=_model(named.language),
        )
        for key, named in sorted(present.notices().languages.items())
    ]  # fmt: skip


def _model(code: str) -> Model:
    if code in installed_languages():
        return "installed"
    return "second engine" if whisper_engine.serves(code) else "none"
