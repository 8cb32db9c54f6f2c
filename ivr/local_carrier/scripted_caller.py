"""A caller who follows a script of keys and speech."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ivr.audio import synthesis
from ivr.audio.wav import Sound, at_telephone_rate
from ivr.local_carrier.lines import HungUp, RecordedSpeech

#: Marks keys that are pressed while a prompt plays.
EARLY = "!"
#: Seconds between two presses of the same key.
_SAME_KEY_AFTER = 0.5


@dataclass
class ScriptedCaller:
    """Implements :class:`ivr.local_carrier.lines.Caller`.

    Each question takes the next entry of `keys`: `"-"` stays silent, several digits are keyed in together. An entry
    that begins with `"!"` is pressed early, during the first prompt after the entry before it. Each tone takes the
    next of `sounds`: a recording, or a text that a synthetic voice speaks. After the last entry the caller
    stays silent, or hangs up if `hangs_up`.
    """

    keys: Sequence[str] = ()
    sounds: Sequence[Sound | str] = ()
    #: Language of the synthetic voice; empty: the one in which the caller was last spoken to.
    language: str = ""
    hangs_up: bool = False
    #: Seconds of conversation before the caller hangs up.
    talk_seconds: float = 2.0
    #: Seconds of queue music between two announcements.
    wait_seconds: float = 1.0
    #: Receives each event of the call as a small dictionary with a `type`.
    on_event: Callable[[dict[str, object]], None] = lambda event: None
    _keys_used: int = field(default=0, init=False)
    #: The key pressed last, and when what follows it was heard first.
    _pressed: tuple[str, float | None] = field(default=("", 0.0), init=False)
    _sounds_used: int = field(default=0, init=False)
    _heard_language: str = field(default="de", init=False)

    def hears(self, text: str, language: str) -> str | None:
        """Report what is said, remember its language, and press the next keys if they are early ones."""
        self._heard_language = language or self._heard_language
        key, heard_at = self._pressed
        self._pressed = key, time.monotonic() if heard_at is None else heard_at
        self.on_event({"type": "said", "text": text, "language": language})
        if self._keys_used >= len(self.keys) or not self.keys[self._keys_used].startswith(EARLY):
            return None
        keys = self.keys[self._keys_used].removeprefix(EARLY)
        self._keys_used += 1
        self._moves_finger(keys)
        self.on_event({"type": "pressed", "keys": keys})
        return keys

    def presses(self, count: int, finish: str) -> str:
        """The next keys of the script."""
        if self._keys_used >= len(self.keys):
            return self._at_the_end()
        keys = self.keys[self._keys_used]
        self._keys_used += 1
        if keys == "-":
            self.on_event({"type": "silent"})
            return ""
        self._moves_finger(keys)
        self.on_event({"type": "pressed", "keys": keys})
        return keys + "#" if count > 1 and not keys.endswith("#") else keys

    def _moves_finger(self, keys: str) -> None:
        """Nobody answers the next question by the same key in less time than a doubled key takes.

        The time counts from what is heard of the question: the hotline may take long to ask it.
        """
        key, heard_at = self._pressed
        if key == keys:
            since = time.monotonic() if heard_at is None else heard_at
            time.sleep(max(0.0, since + _SAME_KEY_AFTER - time.monotonic()))
        self._pressed = keys, None

    def speaks(self) -> RecordedSpeech:
        """The next sound of the script, or silence if none is left."""
        if self._sounds_used >= len(self.sounds):
            self._at_the_end()
            return RecordedSpeech(np.zeros(0, np.int16))
        spoken = self.sounds[self._sounds_used]
        if isinstance(spoken, str):
            spoken = synthesis.speak(spoken, self.language or self._heard_language)
        sound = at_telephone_rate(spoken)
        self._sounds_used += 1
        self.on_event({"type": "spoke", "seconds": round(sound.seconds, 1)})
        ended = "hangup" if self.hangs_up and self._script_is_over() else "#"
        return RecordedSpeech(sound.samples, ended)

    def waits(self, is_over: Callable[[], bool]) -> None:
        """Wait for `wait_seconds`, or until the waiting is over."""
        self.on_event({"type": "waiting"})
        deadline = time.monotonic() + self.wait_seconds
        while not is_over() and time.monotonic() < deadline:
            time.sleep(0.02)

    def talks(self, is_over: Callable[[], bool]) -> str:
        """Talk until the others have left. If the script is used up, hang up after `talk_seconds`."""
        self.on_event({"type": "talking"})
        deadline = time.monotonic() + self.talk_seconds
        while not is_over():
            if self.hangs_up and self._script_is_over() and time.monotonic() > deadline:
                self.on_event({"type": "hung_up"})
                raise HungUp
            time.sleep(0.02)
        return ""

    def is_done(self, reason: str) -> None:
        """Report how the call ended."""
        self.on_event({"type": "over", "by": reason})

    def _script_is_over(self) -> bool:
        return self._keys_used >= len(self.keys) and self._sounds_used >= len(self.sounds)

    def _at_the_end(self) -> str:
        if self.hangs_up and self._script_is_over():
            self.on_event({"type": "hung_up"})
            raise HungUp
        self.on_event({"type": "silent"})
        return ""
