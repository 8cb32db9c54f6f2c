"""People who ring the hotline in stories: `.dials()`, `.hears("main")`, `.presses("2")`.

The caller rings through the same switch and scripted line that `python -m ivr call` uses; the story's thread
and the call's thread hand over to each other at each question.
"""

from __future__ import annotations

import queue
import re
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from ivr import prompts
from ivr.audio.synthesis import speak
from ivr.audio.wav import Sound, at_telephone_rate
from ivr.config.settings import settings
from ivr.domain.languages import LANGUAGES
from ivr.flows.language_menu import ONE_KEY
from ivr.local_carrier.call import CallReport, Ringing
from ivr.local_carrier.lines import HungUp, Line, RecordedSpeech, ScriptedLine
from ivr.local_carrier.switch import Switch
from ivr.prompts.catalogue import catalogue
from ivr.prompts.parts import Part, fragments

_PATIENCE = 60


class Caller:
    """Somebody with a telephone."""

    def __init__(self, switch: Switch, number: str = "", at: str = "closed", to: str = "", forwarded_from: str = ""):
        self._switch = switch
        # Of their own: whoever rings twice from a number is known, and joins the open task.
        self.number = number or f"+49176{secrets.randbelow(9 * 10**7) + 10**7}"
        self._at = at
        self._to = to
        self._forwarded_from = forwarded_from
        self._heard: queue.Queue[tuple[str, str] | None] = queue.Queue()
        self._asked: queue.Queue[str] = queue.Queue()
        self._acts: queue.Queue[object] = queue.Queue()
        self._thread: threading.Thread | None = None
        self.language = "de"
        #: Stays silent for as long as the story has nothing else in mind.
        self.waits_patiently = False
        self.call_sid = ""
        self.report: CallReport | None = None
        self.everything: list[str] = []

    # -- the story's side -----------------------------------------------------------------------

    def dials(self) -> Caller:
        self._thread = threading.Thread(target=self._call, daemon=True)
        self._thread.start()
        return self

    def speaking(self, language: str) -> Caller:
        """From here on prompts are expected in this language."""
        self.language = language
        return self

    def hears(self, prompt: str) -> Caller:
        """Wait for a prompt; others before it are passed over. Who is asked whether they called before says no."""
        pattern, before = _pattern(self.language, prompt), _pattern(self.language, "called_before")
        self.passed = passed = []
        while True:
            said = self._heard.get(timeout=_PATIENCE)
            assert said is not None, f"the call was over before {prompt!r}; heard {passed}"
            if match := re.fullmatch(pattern, said[0]):
                self.last_values = match.groups()
                return self
            passed.append(said[0])
            if re.fullmatch(before, said[0]):
                self.presses("2")

    def presses(self, keys: str) -> Caller:
        return self._act("keys", keys)

    def chooses(self, language: str) -> Caller:
        """Their language, by the one or two keys that its line says."""
        offered = settings().enabled_languages
        page, key = divmod(offered.index(language), ONE_KEY)
        self.hears("choose_language")
        if page:
            self.presses("0").speaking(language).hears("choose_language")
        return self.presses(str(key + 1)).speaking(language)

    def hears_code(self) -> str:
        """The receipt code as it is spoken, twice the same."""
        self.hears("receipt")
        first = self._digits("receipt_again")
        assert self._digits("goodbye") == first
        return first

    def _digits(self, until: str) -> str:
        """The digits spoken since the last prompt, and the wait for the next one."""
        words = {word: str(digit) for digit, word in enumerate(catalogue(self.language).digits)}
        if LANGUAGES[self.language].carrier_voice is not None:
            spoken = self.last_values[0]
            self.hears(until)
        else:
            self.hears(until)
            spoken = " ".join(self.passed)
        return "".join(words[word] for word in re.sub("[,،]", "", spoken).split())

    def can_be_called(self) -> Caller:
        """Confirms the number, skips the postal code, can be reached at any time."""
        self.hears("confirm_number").presses("1").hears("postal_code").presses("#")
        return self.hears("availability").presses("3")

    def stays_silent(self) -> Caller:
        return self._act(self._question(), None)

    def says(self, sound: Sound | str, then: str = "#") -> Caller:
        """Speak after the tone, ended by a key, by silence ("") or by hanging up ("hangup")."""
        if isinstance(sound, str):
            sound = speak(sound, self.language)
        self._act("speech", RecordedSpeech(at_telephone_rate(sound).samples, then))
        return self.has_hung_up() if then == "hangup" else self

    def hangs_up(self) -> Caller:
        """Put the receiver down. A call that the other side has ended meanwhile is over already."""
        deadline = time.monotonic() + _PATIENCE
        while self._goes_on() and time.monotonic() < deadline:
            with suppress(queue.Empty):
                self._asked.get(timeout=0.05)
                self._acts.put(HungUp())
                break
        return self.has_hung_up()

    def _goes_on(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def is_asked(self) -> bool:
        """Whether the hotline waits for something; False once it has ended the call."""
        while self._asked.empty() and self._thread is not None and self._thread.is_alive():
            self._thread.join(0.01)
        return not self._asked.empty()

    def has_hung_up(self) -> Caller:
        assert self._thread is not None
        self._thread.join(_PATIENCE)
        assert not self._thread.is_alive(), "the call is still going on"
        return self

    def is_sent_off(self) -> Caller:
        """The hotline has said goodbye and ended the call."""
        self.has_hung_up()
        assert self.report is not None
        assert self.report.ended_by == "carrier"
        assert self.report.errors == []
        return self

    def waits_in_line(self) -> Caller:
        """Hears the position in the call queue, and listens to the music from then on."""
        self.hears("line_position")
        self.waits_patiently = True
        return self

    def is_talking(self) -> Caller:
        """In the room, with others."""
        self.waits_patiently = False
        deadline = time.monotonic() + _PATIENCE
        while "talk" not in self._asked.queue:
            assert time.monotonic() < deadline, f"nobody to talk with; heard {self.everything}"
            time.sleep(0.01)
        return self

    def presses_while_talking(self, key: str) -> Caller:
        return self._act("talk", key)

    def gives_up(self) -> None:
        """End of a story, in whatever state: put the receiver down."""
        if self._thread is not None and self._thread.is_alive():
            self._acts.put(HungUp())
            self._thread.join(_PATIENCE)

    def _question(self) -> str:
        return self._asked.get(timeout=_PATIENCE)

    def _act(self, expected: str, act: object) -> Caller:
        asked = expected if act is None else self._question()
        assert asked == expected, f"the hotline waits for {asked}, the story has {expected}"
        self._acts.put(act)
        return self

    # -- the call's side: ivr.local_carrier.lines.Caller ---------------------------------------------

    def _call(self) -> None:
        def began(call_sid: str) -> None:
            self.call_sid = call_sid

        parameters = {} if self._at == "clock" else {"SipHeader_X-Hotline-At": self._at}
        if self._forwarded_from:
            parameters["ForwardedFrom"] = self._forwarded_from
        try:
            self.report = self._switch.call(_StoryLine(self), self.number, parameters, began, self._to)
        finally:  # also where the switch has failed
            self._heard.put(None)

    def _decide(self, question: str, is_over: Callable[[], bool]) -> object:
        """What the story does at a question; None if the hotline has not waited for that."""
        self._asked.put(question)
        began = time.monotonic()
        deadline = began + (_PATIENCE if question != "talk" else 60)
        while True:
            try:
                act = self._acts.get(timeout=0.01)
            except queue.Empty:
                bored = self.waits_patiently and time.monotonic() > began + 0.8 and question in self._asked.queue
                if is_over() or bored:
                    with suppress(queue.Empty):
                        self._asked.get_nowait()
                    return None
                if time.monotonic() > deadline:
                    raise
                continue
            if isinstance(act, HungUp):
                raise act
            return act


def _pattern(language: str, prompt: str) -> str:
    """What is heard of a prompt at once: all of it from the carrier's voice, its first part where it is played."""
    if LANGUAGES[language].carrier_voice is None:
        first = next(part for part in fragments(language, prompt) if isinstance(part, Part))
        return re.escape(first.text)
    template = prompts.catalogue(language)[prompt]
    return re.sub(r"\\\{\w+\\\}", "(.+)", re.escape(template))


class _StoryLine(ScriptedLine):
    def __init__(self, caller: Caller) -> None:
        super().__init__(_Decisions(caller, self))


class _Decisions:
    def __init__(self, caller: Caller, line: ScriptedLine) -> None:
        self._caller = caller
        self._line = line

    def _is_interrupted(self) -> bool:
        return self._line._interrupted

    def hears(self, text: str, language: str) -> None:
        self._caller.everything.append(text)
        self._caller._heard.put((text, language))

    def waits(self, is_over: Callable[[], bool]) -> None:
        pass

    def presses(self, count: int, finish: str) -> str:
        return str(self._caller._decide("keys", self._is_interrupted) or "")

    def speaks(self) -> RecordedSpeech:
        act = self._caller._decide("speech", self._is_interrupted)
        return act if isinstance(act, RecordedSpeech) else RecordedSpeech(np.zeros(0, np.int16))

    def talks(self, is_over: Callable[[], bool]) -> str:
        return str(self._caller._decide("talk", is_over) or "")

    def is_done(self, reason: str) -> None:
        self._caller._heard.put(None)


class Telephone(Caller):
    """A telephone the hotline rings: a member's, an interpreter's, a companion's, or that of who is called back."""

    def __init__(self, switch: Switch, number: str = "", answered_by: str = "human") -> None:
        super().__init__(switch, number)
        self._answered_by = answered_by
        self._rung: queue.Queue[Ringing] = queue.Queue()
        self._picked_up: queue.Queue[str] = queue.Queue()
        self.rung = 0
        switch.telephones[self.number] = self._ring

    def rings(self) -> Telephone:
        """Wait until it does."""
        ringing = self._rung.get(timeout=_PATIENCE)
        self.call_sid = ringing.call_sid
        assert ringing.from_ == self._switch.subscription.number, "it shows the hotline's number"
        return self

    def answers(self) -> Telephone:
        """Pick up; from here on the story goes as with any caller."""
        self.rings()._forgets_that_the_last_call_is_over()
        self._picked_up.put("answers")
        return self

    def accepts(self) -> Telephone:
        """Pick up, press 1, and be in the room."""
        self.answers().presses("1").is_talking()
        return self

    def refuses(self, how: str = "no-answer") -> Telephone:
        """Do not answer (no-answer), be busy or out of order (failed)."""
        self.rings()._picked_up.put(how)
        return self

    def stays_quiet(self, seconds: float = 0.5) -> Telephone:
        """It does not ring."""
        time.sleep(seconds)
        assert self._rung.empty(), "it rings"
        return self

    def is_told(self, words: str) -> Telephone:
        """Hear a sentence with these words in it."""
        while True:
            said = self._heard.get(timeout=_PATIENCE)
            assert said is not None, f"the call was over before {words!r}; heard {self.everything}"
            if words in said[0]:
                return self

    def has_hung_up(self) -> Telephone:
        deadline = time.monotonic() + _PATIENCE
        while self._goes_on():
            assert time.monotonic() < deadline, "the call is still going on"
            time.sleep(0.01)
        return self

    def _goes_on(self) -> bool:
        return self._switch.store.call(self.call_sid).status not in ("completed", "canceled", "no-answer", "busy")

    def _ring(self, ringing: Ringing) -> Line | str:
        self.rung += 1
        self._rung.put(ringing)
        deadline = time.monotonic() + ringing.timeout
        while time.monotonic() < deadline and not ringing.canceled.is_set():
            with suppress(queue.Empty):
                decided = self._picked_up.get(timeout=0.01)
                if decided != "answers":
                    return decided
                line = _StoryLine(self)
                line.answered_by = self._answered_by
                return line
        with suppress(queue.Empty):
            self._rung.get_nowait()
        return "no-answer"

    def _forgets_that_the_last_call_is_over(self) -> None:
        with self._heard.mutex:
            said = [one for one in self._heard.queue if one is not None]
            self._heard.queue.clear()
            self._heard.queue.extend(said)

    def gives_up(self) -> None:
        if self.call_sid and self._switch.live(self.call_sid):
            self._acts.put(HungUp())
