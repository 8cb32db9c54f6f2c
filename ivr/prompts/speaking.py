"""Chooses the form in which a caller hears a prompt: text for the carrier's voice, or parts of audio."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby
from string import Formatter
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton

from ivr.config.settings import settings
from ivr.domain import phone_numbers
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.prompts import parts, recordings, rendering, times
from ivr.prompts.catalogue import PLACEHOLDERS, WEEKDAYS, WITH_NUMERALS, WRITTEN, catalogue
from ivr.prompts.parts import Part
from ivr.prompts.times import Form, spoken_times


@dataclass(frozen=True)
class Text:
    """Text for the carrier's voice, with its language tag."""

    text: str
    tag: str
    voice: str


@dataclass(frozen=True)
class Audio:
    """A part to play. `version` changes with the sound, so a URL with it may be cached for ever."""

    part: Part
    version: str


Piece = Text | Audio


def spoken(prompt: str, language: str, values: Mapping[str, str]) -> list[Piece]:
    """A prompt in the best available form: recorded audio, else the carrier's voice, else rendered audio.

    `values`: digits as they are (telephone numbers in E.164), counts as digits, a prompt's name for `form`. A date or
    a time named `x_date` needs the UTC instant `x_at` in ISO form. With `today`, a local day in ISO form, days near it
    are called "today", "tomorrow", or by the day of the week.

    Raises:
        KeyError: the prompt, or a value for one of its placeholders, is missing.
    """
    recorded = recordings.in_use(language)
    voice = settings().carrier_voice(language)

    def is_apart(piece: Part | Text | str) -> bool:
        return isinstance(piece, Text) or (isinstance(piece, Part) and (voice is None or piece.name in recorded))

    found = list(_pieces(prompt, language, values, voice))
    if voice and not any(map(is_apart, found)):
        return [Text(text(prompt, language, values), *voice)]
    pieces: list[Piece] = []
    for apart, group in groupby(found, is_apart):
        if apart or voice is None:
            pieces += [_alone(piece, recorded) for piece in group if not isinstance(piece, str)]
        else:
            said = " ".join(piece.text if isinstance(piece, Part) else str(piece) for piece in group)
            pieces.append(Text(said, *voice))
    return pieces


def _alone(piece: Part | Text, recorded: Mapping[str, str]) -> Piece:
    if isinstance(piece, Text):
        return piece
    return Audio(piece, recorded.get(piece.name) or rendering.version(piece))


#: Distance from today -> the prompt that says the day.
_NEAR = {-1: "yesterday", 0: "today", 1: "tomorrow"}
#: What a moment is told for; any other is one at which something happens.
_FORMS: Mapping[str, Form] = {"opening": "from", "due": "by"}
#: The variety of a language in which dates are told, where it is not the usual one.
_LOCALES = {"en": "en_GB"}
#: What stands between the day of the week and that of the year, where it is not a Latin comma.
_COMMAS = {"ar": "، ", "fr": " ", "ko": " "}
#: Placeholders that stand for something of one caller.
_PERSONAL = frozenset({"callback_number", "receipt_code", "link", "appointment_place"})


@lru_cache(maxsize=4096)
def shared_values(template: str) -> tuple[str, ...] | None:
    """Names of the values that decide what a prompt with this text says, where it may say the same to several callers.

    None where it says something of one caller, or speaks another prompt.
    """
    names = sorted({name for _, name, _, _ in Formatter().parse(template) if name is not None})
    if any(name in _PERSONAL or PLACEHOLDERS[name] == "prompt" for name in names):
        return None
    kinds = {PLACEHOLDERS[name] for name in names}
    of_moment = {f"{name.rpartition('_')[0]}_at" for name in names if PLACEHOLDERS[name] in ("date", "time")}
    others = {name for name in names if PLACEHOLDERS[name] not in ("date", "time")}
    return tuple(sorted(of_moment | others | ({"today"} if "date" in kinds else set())))


def _pieces(
    prompt: str, language: str, values: Mapping[str, str], voice: tuple[str, str] | None
) -> Iterator[Part | Text | str]:
    """The parts of a prompt. Values are parts if there is no voice of the carrier, else text."""
    german = settings().carrier_voice(DEFAULT_LANGUAGE) if language != DEFAULT_LANGUAGE else None
    for piece in parts.fragments(language, prompt):
        if isinstance(piece, Part):
            yield piece
        elif PLACEHOLDERS[piece] == "german" and german is not None:
            yield Text(values[piece], *german)
        elif PLACEHOLDERS[piece] == "prompt":
            yield from _pieces(values[piece], language, values, voice)
        elif voice is not None:
            yield _written(piece, language, values)
        else:
            yield from _parts_of_value(piece, language, values)


def _parts_of_value(name: str, language: str, values: Mapping[str, str]) -> Iterator[Part]:
    match PLACEHOLDERS[name]:
        case "digits":
            for number, group in enumerate(_groups(_digits(name, values))):
                if number:
                    yield parts.pause(language)
                for value in group:
                    yield parts.digit(language, value)
        case "count" if int(values[name]) > parts.HIGHEST:
            yield from (parts.digit(language, value) for value in values[name])
        case "count":
            yield parts.number(language, int(values[name]))
        case "hours" | "minutes" | "days" as unit if int(values[name]) > parts.HIGHEST:
            yield from (parts.digit(language, value) for value in values[name])
            yield parts.counted(language, unit, int(values[name]))[-1]
        case "hours" | "minutes" | "days" as unit:
            yield from parts.counted(language, unit, int(values[name]))
        case "day":
            yield parts.day(language, int(values[name]))
        case "month":
            yield parts.month(language, int(values[name]))
        case kind:
            local = _local(name, values)
            by = _form(name) == "by"
            prompt, inner = _day(times.day_told(local, by=by), values) if kind == "date" else _time(local, by=by)
            yield from (piece for piece in _pieces(prompt, language, inner, None) if isinstance(piece, Part))


def text(prompt: str, language: str, values: Mapping[str, str]) -> str:
    """A prompt as text, with its placeholders filled: in words, or in figures if it is a text message.

    Raises:
        KeyError: the prompt, or a value for one of its placeholders, is missing.
    """
    words, said = catalogue(language), _figures if prompt in WRITTEN else _written
    return words[prompt].format_map({name: said(name, language, values) for name in words.placeholders(prompt)})


def _figures(name: str, language: str, values: Mapping[str, str]) -> str:
    """A value of a text message: moments are exact, and dates and times are in figures where the language has them."""
    kind = PLACEHOLDERS[name]
    if kind == "time":
        return f"{_exactly(name, values):%H:%M}"
    if kind == "date" and catalogue(language).numerals is None:
        return _date(_exactly(name, values), language)
    return _written(name, language, values)


def _written(name: str, language: str, values: Mapping[str, str]) -> str:
    match PLACEHOLDERS[name]:
        case "digits":
            return digit_by_digit(_digits(name, values), language)
        case "prompt":
            return text(values[name], language, values)
        case "date":
            local = times.day_told(_local(name, values), by=_form(name) == "by")
            prompt, inner = _day(local, values)
            if prompt not in WITH_NUMERALS or catalogue(language).numerals is not None:
                return text(prompt, language, inner)
            if prompt != "date":
                return _weekday(local, language)
            return _date(local, language, spoken_times(language).days)
        case "time":
            local, forms = _local(name, values), spoken_times(language).forms
            if forms is not None:
                return forms[_form(name)].said(local.hour, local.minute)
            prompt, inner = _time(local, by=_form(name) == "by")
            return text(prompt, language, inner)
        case "hours" | "minutes" | "days" as unit:
            return times.counted(language, unit, int(values[name])).format(n=values[name])
        case "day" | "month" as kind:
            return (parts.day if kind == "day" else parts.month)(language, int(values[name])).text
        case _:
            return values[name]


def _weekday(local: datetime, language: str) -> str:
    return str(format_date(local, "EEEE", locale=_LOCALES.get(language, language)))


def _date(local: datetime, language: str, days: Sequence[str] = ()) -> str:
    """The day of the week and of the year; `days` are the words for the days of the month, where figures do not do."""
    locale = _LOCALES.get(language, language)
    figures = format_skeleton("MMMMd", local, locale=locale)
    day = f"{days[local.day - 1]} {format_date(local, 'MMMM', locale=locale)}" if days else figures
    return f"{_weekday(local, language)}{_COMMAS.get(language, ', ')}{day}"


def _day(local: datetime, values: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The prompt that says a day, and its values: by its distance from today within a week, else by its date."""
    today = values.get("today")
    distance = (local.date() - date.fromisoformat(today)).days if today else None
    if distance in _NEAR:
        return _NEAR[distance], {}
    if distance is not None and abs(distance) < 7:
        return WEEKDAYS[local.weekday()], {}
    return "date", {"weekday": WEEKDAYS[local.weekday()], "day": str(local.day), "month": str(local.month)}


def _time(local: datetime, *, by: bool) -> tuple[str, dict[str, str]]:
    """The prompt that says a time of day in a language with numerals, and its values.

    Midnight as a deadline is twenty-four o'clock of the day before.
    """
    hour = 24 if by and times.is_midnight(local) else local.hour
    values = {"h": str(hour), "m": str(local.minute)}
    return "hour" if local.minute == 0 else "hour_and_minutes", values


def _form(name: str) -> Form:
    return _FORMS.get(name.rpartition("_")[0], "at")


def _exactly(name: str, values: Mapping[str, str]) -> datetime:
    instant = datetime.fromisoformat(values[name.rpartition("_")[0] + "_at"])
    return instant.astimezone(ZoneInfo(settings().hours.timezone))


def _local(name: str, values: Mapping[str, str]) -> datetime:
    return times.rounded(_exactly(name, values), _form(name))


def _digits(name: str, values: Mapping[str, str]) -> str:
    value = values[name]
    return phone_numbers.digits_to_speak(value) if name == "callback_number" and value else value


def _groups(digits: str) -> list[str]:
    groups = [digits[start : start + 2] for start in range(0, len(digits), 2)]
    if len(groups) > 1 and len(groups[-1]) == 1:  # an odd number of digits ends with a group of three
        groups[-2:] = [groups[-2] + groups[-1]]
    return groups


def digit_by_digit(digits: str, language: str) -> str:
    """Digits as words, in groups of two (the last one may have three) with a pause, so that a caller can note them."""
    words = catalogue(language).digits
    comma = "، " if language == "ar" else ", "
    return comma.join(" ".join(words[int(digit)] for digit in group) for group in _groups(digits))
