"""Callers who press and say whatever they like, each in a way of their own, and remember what was promised to them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ivr.audio.synthesis import speak
from ivr.audio.wav import RATE, Samples, at_telephone_rate
from ivr.domain.languages import LANGUAGES, UNKNOWN_LANGUAGE
from ivr.flows.steps import USUAL_SECONDS, Menu, Record
from ivr.local_carrier.lines import HungUp, KeyEntry, RecordedSpeech, ScriptedLine
from ivr.prompts.catalogue import WRITTEN, catalogue
from ivr.prompts.parts import Part, fragments
from tests.support.flows import WHOLE

_NOISE = (np.sin(np.arange(RATE * 2) / 3) * 9000).astype(np.int16)
_SILENCE = np.zeros(RATE, np.int16)
_ENTRIES = ["015112345678", "1782666", "09001234567", "0049", "28195", "80331", "214123456", "12345674", "12345678",
            "0", "9", "7" * 40, "*", "**", "", ""]  # fmt: skip


def _prompts() -> dict[str, str]:
    """What is heard of each prompt at once, in any language -> its name."""
    heard = {}
    for language in LANGUAGES:
        for prompt in catalogue(language).texts.keys() - WRITTEN:
            heard |= {part.text: prompt for part in fragments(language, prompt)[:1] if isinstance(part, Part)}
    return heard


_PROMPTS = _prompts()


@lru_cache(maxsize=10_000)
def _prompt_of(text: str) -> str:
    """The prompt that is heard. One with values is heard whole from a voice; its first text is enough to know it by."""
    if text in _PROMPTS:
        return _PROMPTS[text]
    begun = [first for first in _PROMPTS if len(first) > 12 and text.startswith(first)]
    return _PROMPTS[max(begun, key=len)] if begun else ""


#: Question and key by which a caller asks for something; the tone is judged by what is said after it.
_ASKING = {
    ("consent", "2"): "callback",
    ("offer_callback", "1"): "callback",
    ("appointment_consent", "2"): "appointment",
    ("withdraw", "1"): "withdrawal",
    ("confirm_sms_number", "1"): "link",
}
#: What is asked only of those whose wish has been taken down: how to send the forms is settled, an appointment is.
_TOLD = {
    "choose_form": "forms",
    "appointment_mode": "appointment",
    "silent_callback": "silence",
    "interpreter_callback": "interpreter",
}
#: Questions whose key agrees to a recording.
_AGREEING = {
    (step.prompt, key)
    for step in WHOLE.steps.values()
    if isinstance(step, Menu)
    for key, choice in step.choices.items()
    if choice.sets.get("speech_agreed")
}
#: Questions that may lead to a tone, and what is said between the answer and the tone.
_MAY_RECORD = {step.prompt for name, step in WHOLE.steps.items() if name in WHOLE.consents}
_BEFORE_TONE = {step.prompt for step in WHOLE.steps.values() if isinstance(step, Record)}
#: What is said after a tone when nothing was heard, and the tone is given again.
_TONE_AGAIN = {"nothing_heard", *_BEFORE_TONE}
_LANGUAGE_MENU = ("choose_language", "another_language")
#: What is said right before the tone for a single word.
_BEFORE_WORD = ("say_yes_or_no", "say_the_number")
#: Languages beyond the menu that the hotline of this test offers, each by the name that callers hear, key 1 first.
FURTHER = {"ti": "Tigrinja sprechen Sie", "so": "Soomaali sprechen Sie", "sq": "Shqip sprechen Sie"}
#: The key of the language in which this hotline understands words.
_SPEAKERS_LANGUAGE, _SPEAKERS_KEY = "ko", "3"


@dataclass
class Stranger:
    """Keys, silences and hang-ups at random; remembers what was promised to them."""

    dice: random.Random
    wishes: set[str] = field(default_factory=set)
    #: They were asked what their emergency is: where the number is shown, each answer opens a task.
    has_emergency: bool = False
    #: Their telephone shows a number that can be called back.
    is_shown: bool = False
    #: Tones that followed a key which was pressed before the question about the recording had begun.
    unasked: list[str] = field(default_factory=list)
    #: They have pressed the key that agrees to a recording.
    has_agreed: bool = False
    #: How many tones were heard before that.
    recorded_before_consent: int = 0
    #: Tones for a single word.
    words: int = 0
    _question: str = field(default="")
    #: The prompt during or after which the last key was pressed that can have led to a tone.
    _answered: str = field(default="")
    #: There was a tone, and nothing has been asked since: who agreed to it has agreed to a tone that is given again.
    _tone_is_due: bool = field(default=False)

    def hears(self, text: str, language: str) -> str | None:
        self._question = _prompt_of(text) or self._question
        self._tone_is_due = self._tone_is_due and self._question in _TONE_AGAIN
        if wish := _TOLD.get(self._question):
            self.wishes.add(wish)
        self.has_emergency = self.has_emergency or self._question == "emergency"
        return None

    def waits(self, is_over: Callable[[], bool]) -> None:
        pass

    def presses(self, count: int, finish: str) -> str:
        chance = self.dice.random()
        if chance < 0.13:  # most calls to a hotline are short
            raise HungUp
        if chance < 0.18:
            return ""
        return self.chosen(count)

    def chosen(self, count: int) -> str:
        """The keys of a question; what they ask for is remembered."""
        if count > 1:
            self._answered = self._question
            return self.dice.choice(_ENTRIES) + "#"
        often = "0123456789" if self._question in _LANGUAGE_MENU else "111111222222333445569*#0"
        return self.pressed(self.dice.choice(often))

    def pressed(self, key: str) -> str:
        """A key at the present prompt. `#` answers nothing: it may lead back to a tone that was agreed to."""
        if self._question not in _BEFORE_TONE and not self._tone_is_due and key != "#":
            self._answered = self._question
        self.has_agreed = self.has_agreed or (self._question, key) in _AGREEING
        if wish := _ASKING.get((self._question, key)):
            self.wishes.add(wish)
        return key

    def speaks(self) -> RecordedSpeech:
        self.recorded_before_consent += not self.has_agreed
        if self._question in _BEFORE_WORD:
            self.words += 1
            return self.word()
        if self._answered not in _MAY_RECORD:
            self.unasked.append(self._answered)
        self._tone_is_due = True
        chance = self.dice.random()
        if chance < 0.4:
            raise HungUp
        if chance < 0.5:
            return RecordedSpeech(_SILENCE, "")
        self.wishes.add("speech")
        seconds = self.dice.uniform(0.8, 2)
        return RecordedSpeech(_NOISE[: int(seconds * RATE)], self.dice.choice(["#", "", "5", "hangup"]))

    def word(self) -> RecordedSpeech:
        """What is said at the tone for a single word."""
        return RecordedSpeech(self.dice.choice([_NOISE, _SILENCE]), self.dice.choice(["", "", "#", "2", "hangup"]))

    def talks(self, is_over: Callable[[], bool]) -> str:
        raise HungUp

    def is_done(self, reason: str) -> None:
        pass


class Silent(Stranger):
    """Never a key and never a word: a dial telephone, or somebody who cannot."""

    def presses(self, count: int, finish: str) -> str:
        return ""

    def speaks(self) -> RecordedSpeech:
        return RecordedSpeech(_SILENCE, "")


class Slow(Stranger):
    """Needs three times the usual time for every key, and holds the line."""

    def presses(self, count: int, finish: str) -> str:
        return self.chosen(count)


class Early(Stranger):
    """Presses keys while prompts play, also before they can know what is asked."""

    def hears(self, text: str, language: str) -> str | None:
        super().hears(text, language)
        return self.pressed(self.dice.choice("1112229*")) if self.dice.random() < 0.2 else None


class Foreign(Stranger):
    """Speaks none of the languages of the menu, and some of them one that is named behind it."""

    #: The language that they have chosen by its name; None where no name was said.
    language: str | None = None
    _names_are_said = False

    def hears(self, text: str, language: str) -> str | None:
        self._names_are_said = self._names_are_said or text in FURTHER.values()
        if _prompt_of(text) == "choose_language":
            self._names_are_said = False
        return super().hears(text, language)

    def chosen(self, count: int) -> str:
        if self._question not in _LANGUAGE_MENU:
            return super().chosen(count)
        if not self._names_are_said:
            return self.pressed("0")
        key = self.dice.choice("1112223309")
        self.language = dict(enumerate(FURTHER, start=1)).get(int(key), UNKNOWN_LANGUAGE)
        return self.pressed(key)


class Speaker(Stranger):
    """Uses the keys up to the tone, and words from then on where it is told that they count."""

    def presses(self, count: int, finish: str) -> str:
        if self._question in _LANGUAGE_MENU:
            return self.pressed(_SPEAKERS_KEY)
        if (self._question, "1") in _AGREEING:
            return self.pressed("1")
        return "" if self.has_agreed and self.dice.random() < 0.8 else super().presses(count, finish)

    def speaks(self) -> RecordedSpeech:
        if self._question in _BEFORE_WORD:
            return super().speaks()
        return RecordedSpeech(super().speaks().samples, "#")

    def word(self) -> RecordedSpeech:
        words = catalogue(_SPEAKERS_LANGUAGE)
        return RecordedSpeech(_spoken(self.dice.choice([*words.yes_no * 3, *words.digits[1:5]])), "")


@lru_cache(maxsize=32)
def _spoken(word: str) -> Samples:
    return at_telephone_rate(speak(word, _SPEAKERS_LANGUAGE)).samples


class Sudden(Stranger):
    """Hangs up in the middle of any prompt."""

    def hears(self, text: str, language: str) -> str | None:
        if self.dice.random() < 0.05:
            raise HungUp
        return super().hears(text, language)


class SlowLine(ScriptedLine):
    """The line of somebody who needs three times the usual time."""

    def keys(self, count: int, finish: str, timeout: int) -> KeyEntry:
        return super().keys(count, finish, timeout if timeout >= 3 * USUAL_SECONDS else 1)


class PatientLine(ScriptedLine):
    """The line of somebody who waits in real time until a word is understood."""

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)
        self._check_interrupted()
