"""People who ring the hotline in stories: `.dials()`, `.hears("choose_concern")`, `.presses("2")`.

The caller rings through the same switch and scripted line that `python -m ivr call` uses; the story's thread
and the call's thread hand over to each other at each question.
"""

from __future__ import annotations

import queue
import re
import threading

import numpy as np

from ivr import prompts
from ivr.audio_files import Sound
from ivr.exchange.callers import at_telephone_rate
from ivr.exchange.calls import CallReport
from ivr.exchange.lines import HungUp, ScriptedLine, Take
from ivr.exchange.speech import speak
from ivr.exchange.switch import Switch

_PATIENCE = 20.0


class Caller:
    """Somebody with a telephone."""

    def __init__(self, switch: Switch, number: str = "+4915112345678", at: str = "closed", team: str = "no-answer"):
        self._switch = switch
        self._number = number
        self._at = at
        self._team = team
        self._heard: queue.Queue[tuple[str, str] | None] = queue.Queue()
        self._asked: queue.Queue[str] = queue.Queue()
        self._acts: queue.Queue[object] = queue.Queue()
        self._thread: threading.Thread | None = None
        self.language = "de"
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
        """Wait for a prompt; others before it are passed over."""
        template = prompts.catalogue(self.language)[prompt]
        pattern = re.sub(r"\\\{\w+\\\}", "(.+)", re.escape(template))
        passed = []
        while True:
            said = self._heard.get(timeout=_PATIENCE)
            assert said is not None, f"the line was closed before {prompt!r}; heard {passed}"
            if match := re.fullmatch(pattern, said[0]):
                self.last_values = match.groups()
                return self
            passed.append(said[0])

    def presses(self, keys: str) -> Caller:
        return self._act("keys", keys)

    def stays_silent(self) -> Caller:
        return self._act(self._question(), None)

    def says(self, sound: Sound | str, then: str = "#") -> Caller:
        """Speak after the tone, ended by a key, by silence ("") or by hanging up ("hangup")."""
        if isinstance(sound, str):
            sound = speak(sound, self.language)
        self._act("speech", Take(at_telephone_rate(sound).samples, then))
        return self.has_hung_up() if then == "hangup" else self

    def hangs_up(self) -> Caller:
        self._question()
        self._acts.put(HungUp())
        return self.has_hung_up()

    def has_hung_up(self) -> Caller:
        assert self._thread is not None
        self._thread.join(_PATIENCE)
        assert not self._thread.is_alive(), "the call is still going on"
        return self

    def is_sent_off(self) -> Caller:
        """The hotline closed the line, politely."""
        self.has_hung_up()
        assert self.report is not None
        assert self.report.ended_by == "exchange"
        assert self.report.errors == []
        return self

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

    # -- the call's side: ivr.exchange.lines.Caller ---------------------------------------------

    def _call(self) -> None:
        def began(call_sid: str) -> None:
            self.call_sid = call_sid

        parameters = {} if self._at == "clock" else {"SipHeader_X-Hotline-At": self._at}
        try:
            self.report = self._switch.call(_StoryLine(self), self._number, parameters, began)
        finally:
            self._heard.put(None)

    def _decide(self, question: str) -> object:
        self._asked.put(question)
        act = self._acts.get(timeout=_PATIENCE)
        if isinstance(act, HungUp):
            raise act
        return act


class _StoryLine(ScriptedLine):
    def __init__(self, caller: Caller) -> None:
        super().__init__(_Decisions(caller))


class _Decisions:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def hears(self, text: str, language: str) -> None:
        self._caller.everything.append(text)
        self._caller._heard.put((text, language))

    def presses(self, count: int, finish: str) -> str:
        return str(self._caller._decide("keys") or "")

    def speaks(self) -> Take:
        act = self._caller._decide("speech")
        return act if isinstance(act, Take) else Take(np.zeros(0, np.int16))

    def is_connected(self, number: str) -> str:
        self._caller.everything.append(f"[rings {number}]")
        return self._caller._team

    def is_done(self, reason: str) -> None:
        pass
