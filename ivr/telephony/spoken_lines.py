"""Lines of a flow as verbs of a document: `<Say>` for the carrier's voice, `<Play>` for audio of ours.

What a prompt or a whole menu says is rendered once and kept, because the same few are spoken to every caller; unless it
holds a person's number or code, which stays in no cache.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from xml.sax.saxutils import escape

from twilio.twiml.voice_response import Gather, VoiceResponse

from ivr import prompts
from ivr.config.settings import Settings, settings
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.flows.language_menu import announcing
from ivr.flows.protocol import PromptLine, Said
from ivr.flows.state import CallState
from ivr.notices import own_texts
from ivr.prompts import recordings, speaking
from ivr.prompts.catalogue import Catalogue, catalogue
from ivr.prompts.script import offered_languages

#: As the XML library that twilio renders with writes an attribute.
_IN_ATTRIBUTES = {'"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;"}


#: What is written otherwise in an attribute; most texts have none of it.
_WRITTEN_OTHERWISE = re.compile('[&<>"\r\n\t]')


def attribute(text: str) -> str:
    """Text as it stands between the quotation marks of an attribute."""
    return escape(text, _IN_ATTRIBUTES) if _WRITTEN_OTHERWISE.search(text) else text


def languages_of(state: CallState) -> tuple[str, ...]:
    """The languages in which a caller is spoken to: their own, or those that are said to all where we have none."""
    return announcing(offered_languages()) if state.request.unlisted_language else (state.language,)


def rendered(lines: tuple[PromptLine, ...], languages: tuple[str, ...], values: Mapping[str, str]) -> str:
    """The verbs that speak some lines in each of the languages, as XML. What all callers hear alike is kept whole."""
    said, circumstances = tuple([line.said for line in lines]), _circumstances()
    needed = _values_of_all(said, languages, circumstances)
    if needed is None:
        return _line_by_line(lines, languages, values)
    given = tuple([(name, values[name]) for name in needed if name != "today" or name in values]) if needed else ()
    return _whole(said, languages, given, circumstances)


#: Values that are the same for all callers at one time. What else is named is of one call.
_OF_ALL_CALLERS = frozenset({"today", "opening_at", "hours", "days"})


@lru_cache(maxsize=1024)
def _values_of_all(said: tuple[Said, ...], languages: tuple[str, ...], _circumstances: int) -> tuple[str, ...] | None:
    """Names of the values that decide what some lines say; None where they say something of one call."""
    names: set[str] = set()
    for line, spoken_in in _different(_lines(said), languages):
        needed = None if line.prompt in own_texts.NAMES else speaking.shared_values(catalogue(spoken_in)[line.prompt])
        if needed is None:
            return None
        names.update(name for name in needed if name not in line.values)
    return tuple(sorted(names)) if names <= _OF_ALL_CALLERS else None


@lru_cache(maxsize=1024)
def _whole(
    said: tuple[Said, ...], languages: tuple[str, ...], values: tuple[tuple[str, str], ...], _circumstances: int
) -> str:
    """The verbs of some lines. They are made of the arguments alone, so that what is kept fits whoever asks for it."""
    return _line_by_line(_lines(said), languages, dict(values))


def _lines(said: tuple[Said, ...]) -> tuple[PromptLine, ...]:
    return tuple(PromptLine(prompt, language, dict(own)) for prompt, language, own in said)


def _line_by_line(lines: tuple[PromptLine, ...], languages: tuple[str, ...], values: Mapping[str, str]) -> str:
    found, circumstances = [], _circumstances()
    for line, spoken_in in _different(lines, languages):
        if own_words := _own_pieces(line, spoken_in, values):
            found.append(_verbs(*own_words, settings().calls_url))
            continue
        own, template = line.values, catalogue(spoken_in)[line.prompt]
        needed = speaking.shared_values(template)
        if needed is None:
            pieces = prompts.spoken(line.prompt, spoken_in, _both(own, values))
            found.append(_verbs(pieces, spoken_in, settings().calls_url))
        else:
            known = _both(own, values)
            given = tuple([(name, known[name]) for name in needed if name != "today" or name in known])
            found.append(_prepared(line.prompt, spoken_in, template, given, circumstances))
    return "".join(found)


def speak(
    where: VoiceResponse | Gather, lines: tuple[PromptLine, ...], languages: tuple[str, ...], values: Mapping[str, str]
) -> None:
    """Add the verbs that speak some lines in each of the languages to a document, or within a verb."""
    for line, spoken_in in _different(lines, languages):
        if own_words := _own_pieces(line, spoken_in, values):
            pieces, spoken_in = own_words
        else:
            pieces = prompts.spoken(line.prompt, spoken_in, _both(line.values, values))
        for piece in pieces:
            match piece:
                case prompts.Text(text=text, tag=tag, voice=voice):
                    where.say(text, language=tag, voice=voice)
                case prompts.Audio():
                    where.play(_address(piece, spoken_in, settings().calls_url))


def _own_pieces(line: PromptLine, language: str, values: Mapping[str, str]) -> tuple[list[prompts.Piece], str] | None:
    """What the authority says itself, and the language it is in; None where the catalogue's prompt is spoken."""
    if line.prompt not in own_texts.NAMES:
        return None
    return own_texts.pieces(line.prompt, language, values.get("announcement_id", ""))


def _both(own: Mapping[str, str], values: Mapping[str, str]) -> Mapping[str, str]:
    # A chain, not a new dict: it asks for those values only that the prompt names.
    return ChainMap(own, values) if own else values  # type: ignore[arg-type]


def _different(lines: tuple[PromptLine, ...], languages: tuple[str, ...]) -> Iterator[tuple[PromptLine, str]]:
    """Each line once in a language. Lines that follow each other are said in one language before the next."""
    said: set[tuple[str, str, tuple[str, ...]]] = set()
    for line, spoken_in in _in_each(lines, languages):
        line_said = line.prompt, spoken_in, tuple(line.values.values())
        if line_said in said:
            continue  # a caller who is greeted in German need not hear in German that there are other languages
        said.add(line_said)
        yield line, spoken_in


def _in_each(lines: tuple[PromptLine, ...], languages: tuple[str, ...]) -> Iterator[tuple[PromptLine, str]]:
    for has_language, following in groupby(lines, key=lambda line: line.language is not None):
        together = tuple(following)
        for spoken_in in ("",) if has_language else languages:
            for line in together:
                yield line, line.language or spoken_in


_seen: tuple[Settings, int, Catalogue, int] | None = None


def _circumstances() -> int:
    """A number that changes with the settings, recordings and texts on which the rendering of prompts depends."""
    global _seen
    configured, revision, texts = settings(), recordings.revision(), catalogue(DEFAULT_LANGUAGE)
    seen = _seen
    if seen is None or seen[0] is not configured or seen[1] != revision or seen[2] is not texts:
        _seen = seen = configured, revision, texts, (seen[3] if seen else 0) + 1
    return seen[3]


@lru_cache(maxsize=4096)
def _prepared(
    prompt: str, language: str, _template: str, values: tuple[tuple[str, str], ...], _circumstances: int
) -> str:
    return _verbs(prompts.spoken(prompt, language, dict(values)), language, settings().calls_url)


def _verbs(pieces: list[prompts.Piece], language: str, base_url: str) -> str:
    verbs = []
    for piece in pieces:
        match piece:
            case prompts.Text(text=text, tag=tag, voice=voice):
                verbs.append(f'<Say language="{attribute(tag)}" voice="{attribute(voice)}">{escape(text)}</Say>')
            case prompts.Audio():
                verbs.append(f"<Play>{escape(_address(piece, language, base_url))}</Play>")
    return "".join(verbs)


def _address(piece: prompts.Audio, language: str, base_url: str) -> str:
    return f"{base_url}/voice/prompts/{language}/{piece.part.name}.{piece.version}.wav"
