"""Counts what a caller hears and presses up to their language, the main menu, a tone and a person.

Seconds are those of the texts as this machine speaks them, without recordings. Every prompt is heard to its end, the
whole language menu too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ivr.audio.synthesis import speak
from ivr.domain.enums import AnsweredQuestion, CallQueueState, RequestStatus, RoutingQuestion
from ivr.flows import engine
from ivr.flows.language_menu import EMERGENCY_KEY
from ivr.flows.protocol import JoinQueue, Keys, Listen, PromptLine, RecordSpeech, Speak, StatusAnswer
from ivr.flows.state import CallState
from ivr.flows.steps import Menu
from ivr.flows.whole_script import Flow
from ivr.prompts.catalogue import OUTSIDE_THE_SCRIPT
from ivr.prompts.check import EXAMPLES, LONGEST, LONGEST_QUESTION
from ivr.prompts.speaking import text

#: Where a caller is on the way -> the most seconds up to there.
LIMITS: Mapping[str, float] = {
    "own language": 15.0,
    "main menu": 17.0,
    "known caller's menu": 12.0,
    "benefits tone": 45.0,
    "emergency tone": 40.0,
    "emergency tone, keys known": 15.0,
}
#: The longest duration in seconds of a choice of the emergency's reason, and of what is told about a recording.
LONGEST_REASON = 3.0
LONGEST_ABOUT_RECORDING = 15.0
#: Languages that are left out. Korean is there to try the recogniser out (see `Settings.enabled_languages`).
ON_TRIAL = frozenset({"ko"})
#: Places without a limit: where people wait for a person.
OTHERS = ("call queue",)


@dataclass(frozen=True)
class Distance:
    """How far it is to a place in a call: seconds of audio, and keys."""

    seconds: float
    keys: int


class _Hours:
    """Answers the questions of a call of a first-time caller whose number is shown."""

    def __init__(self, *, is_open: bool) -> None:
        self._is_open = is_open

    def team_is_open(self, _state: CallState) -> bool:
        return self._is_open

    def announcement_runs(self, _state: CallState) -> bool:
        return False

    def has_answer(self, _question: AnsweredQuestion, _state: CallState) -> bool:
        return False

    def further_languages(self) -> Collection[str]:
        return ()

    def place_is_kept(self, _state: CallState) -> bool:
        return False

    def queue_state(self, _state: CallState) -> CallQueueState:
        return CallQueueState.OPEN

    def recording_is_ready(self, _state: CallState) -> bool:
        return False

    def decides(self, _question: RoutingQuestion, _state: CallState) -> bool:
        return False

    def office_of(self, _postal_code: str) -> str | None:
        return None

    def shown_number(self) -> str:
        return "+4942100000"

    def is_ours(self, _number: str) -> bool:
        return False

    def may_be_called(self, _number: str) -> bool:
        return True

    def may_be_texted(self, _number: str) -> bool:
        return True

    def texts_are_sent(self) -> bool:
        return True

    def link_can_be_sent(self, _number: str) -> bool:
        return True

    def can_be_called_back(self, _state: CallState) -> bool:
        return True

    def silence_is_answered(self, _state: CallState) -> bool:
        return True

    def understands(self, _language: str) -> bool:
        return False

    def works_in_time(self, _state: CallState) -> bool:
        return True

    def request_status(self, state: CallState) -> StatusAnswer:
        return StatusAnswer(RequestStatus.UNKNOWN, state.request)


class _Caller:
    """Somebody who rings, listens, and presses keys at the ends of prompts."""

    def __init__(self, flow: Flow, *, is_open: bool = False, known_in: str = "") -> None:
        self._flow, self._questions = flow, _Hours(is_open=is_open)
        state = CallState(flow.start, known_in or "de", greeted=bool(known_in), callback_number="+4915112345678")
        self.keys = 0
        self._before = 0.0
        self._turn = engine.begin(flow, state, self._questions)

    @property
    def seconds(self) -> float:
        """Seconds of audio, if all that is said now is heard to its end."""
        return self._before + sum(self._seconds_of(line) for line in self._lines)

    @property
    def before(self) -> Distance:
        """How far it is to the beginning of what is said now."""
        return Distance(self._before, self.keys)

    def at(self, verb: type[RecordSpeech | JoinQueue]) -> Distance:
        """How far it is to the tone, or the call queue, that follows what is said now.

        Raises:
            ValueError: something else follows.
        """
        if not any(isinstance(one, verb) for one in self._turn.verbs):
            raise ValueError(f"{self._turn.state.step} is not followed by {verb.__name__}")
        return Distance(self.seconds, self.keys)

    def presses(self, *keys: str) -> _Caller:
        """Press keys, each at the end of what is said."""
        for key in keys:
            self.presses_at(key, self.seconds)
        return self

    def presses_at_once(self, *keys: str) -> _Caller:
        """Press keys before anything is said of what they answer."""
        for key in "".join(keys):
            self.presses_at(key, self._before)
        return self

    def presses_at(self, key: str, seconds: float) -> None:
        """Press a key so many seconds after the call began."""
        self._go_on(key, seconds)
        self.keys += 1

    def waits_silently(self) -> _Caller:
        """Press nothing at a menu that is passed by waiting."""
        menu = self._flow.steps[self._turn.state.step]
        pause = menu.timeout if isinstance(menu, Menu) else 0
        self._go_on("", self.seconds + pause)
        return self

    def seconds_to_line(self, key: str, language: str) -> float:
        """Seconds up to the end of the line that names a key in a language.

        Raises:
            ValueError: there is no such line.
        """
        seconds = self._before
        for line in self._lines:
            seconds += self._seconds_of(line)
            if line.values.get("key") == key and line.language == language:
                return seconds
        raise ValueError(f"no line names the key {key} in {language}")

    def language_keys(self, language: str) -> str:
        """The one or two keys of a language in the menu that is heard now.

        Raises:
            ValueError: the language is not offered.
        """
        for line in self._lines:
            if line.prompt == "choose_language" and line.language == language:
                return line.values["key"]
        raise ValueError(f"{language} is not offered")

    def chooses(self, language: str) -> _Caller:
        """Choose a language at the end of the menu; a second key follows at once."""
        keys = self.language_keys(language)
        self.presses_at(keys[0], self.seconds)
        return self.presses_at_once(*keys[1:])

    @property
    def _lines(self) -> Sequence[PromptLine]:
        return [line for verb in self._turn.verbs if isinstance(verb, Speak | Listen) for line in verb.lines]

    def _go_on(self, key: str, seconds: float) -> None:
        self._before = seconds
        self._turn = engine.answer(self._flow, self._turn.state, Keys(key), self._questions)

    def _seconds_of(self, line: PromptLine) -> float:
        language = line.language or self._turn.state.language
        return speak(text(line.prompt, language, {**EXAMPLES, **line.values}), language).seconds


def of(flow: Flow, language: str) -> Mapping[str, Distance]:
    """How far it is for a caller of a language: each place of :data:`LIMITS` and of :data:`OTHERS`.

    Raises:
        ValueError: the language is not offered.
    """
    rings = _Caller(flow)
    knows = _Caller(flow).presses_at_once(EMERGENCY_KEY)
    knows.presses_at_once(*knows.language_keys(language), "1")
    return {
        "own language": Distance(rings.seconds_to_line(rings.language_keys(language), language), 0),
        "main menu": _Caller(flow).chooses(language).before,
        "known caller's menu": _Caller(flow, known_in=language).waits_silently().before,
        "benefits tone": _Caller(flow).chooses(language).presses("1", "1").at(RecordSpeech),
        "emergency tone": _Caller(flow).presses(EMERGENCY_KEY).chooses(language).presses("1", "1").at(RecordSpeech),
        "emergency tone, keys known": knows.presses("1").at(RecordSpeech),
        "call queue": _Caller(flow, is_open=True).chooses(language).presses("1").waits_silently().at(JoinQueue),
    }


def problems(flow: Flow, language: str) -> Iterator[str]:
    """Each limit that is exceeded for a caller of a language, one sentence each."""
    seconds, prompt = longest_question(flow, language)
    if seconds > LONGEST_QUESTION:
        yield f"{language}: {prompt} lasts {seconds:.1f} s, {LONGEST_QUESTION:.0f} s at most"
    seconds, prompt = longest_prompt(flow, language)
    if seconds > LONGEST:
        yield f"{language}: {prompt} lasts {seconds:.1f} s, {LONGEST:.0f} s at most"
    for reason in _clauses(text("emergency", language, EXAMPLES)):
        if (seconds := speak(reason, language).seconds) > LONGEST_REASON:
            yield f"{language}: {reason!r} of emergency lasts {seconds:.1f} s, {LONGEST_REASON:.0f} s at most"
    if (seconds := speak(text("about_recording", language, EXAMPLES), language).seconds) > LONGEST_ABOUT_RECORDING:
        yield f"{language}: about_recording lasts {seconds:.1f} s, {LONGEST_ABOUT_RECORDING:.0f} s at most"
    for place, distance in of(flow, language).items():
        if place in LIMITS and distance.seconds > LIMITS[place]:
            yield f"{language}: {distance.seconds:.1f} s to the {place}, {LIMITS[place]:.0f} s at most"


def _clauses(said: str) -> list[str]:
    """The choices of a menu whose clauses each name one."""
    return [clause for clause in re.split(r"(?<=\.)\s+", said) if clause]


def longest_question(flow: Flow, language: str) -> tuple[float, str]:
    """Seconds and name of the longest prompt that asks for a key in a language."""
    return _longest(flow.questions(), language)


def longest_prompt(flow: Flow, language: str) -> tuple[float, str]:
    """Seconds and name of the longest prompt that a caller may hear in a language."""
    return _longest(flow.prompts() | OUTSIDE_THE_SCRIPT, language)


def _longest(prompts: Collection[str], language: str) -> tuple[float, str]:
    return max((speak(text(prompt, language, EXAMPLES), language).seconds, prompt) for prompt in prompts)


def table(flow: Flow, languages: Sequence[str]) -> Iterator[str]:
    """The lines of a Markdown table: a row for each language, seconds and keys of each place."""
    yield f"| language | {' | '.join((*LIMITS, *OTHERS))} |"
    yield "|---" * (len(LIMITS) + len(OTHERS) + 1) + "|"
    for language in languages:
        cells = [
            f"{one.seconds:.1f} s, {one.keys} key{'' if one.keys == 1 else 's'}" for one in of(flow, language).values()
        ]
        yield f"| {language} | {' | '.join(cells)} |"
