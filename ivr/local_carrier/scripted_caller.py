"""A caller with a script: keys, speech and what to do when the script is at its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ivr.audio.wav import Sound, at_telephone_rate
from ivr.local_carrier.lines import HungUp, Take


@dataclass
class ScriptedCaller:
    """Implements :class:`ivr.local_carrier.lines.Caller`.

    `keys` are consumed one entry a question (`"-"` stays silent, several digits are keyed in together);
    `sounds` one a tone. When both are used up the caller stays silent, or hangs up if `hangs_up`.
    """

    keys: Sequence[str] = ()
    sounds: Sequence[Sound] = ()
    hangs_up: bool = False
    #: How long to talk with others before hanging up.
    talk_seconds: float = 2.0
    #: How long the music of a queue plays between two announcements.
    wait_seconds: float = 1.0
    #: Told of everything as it happens, as small dictionaries with a `type`.
    tell: Callable[[dict[str, object]], None] = lambda event: None
    _keys_used: int = field(default=0, init=False)
    _sounds_used: int = field(default=0, init=False)

    def hears(self, text: str, language: str) -> None:
        """Pass on what is said."""
        self.tell({"type": "said", "text": text, "language": language})

    def presses(self, count: int, finish: str) -> str:
        """The next keys of the script."""
        if self._keys_used >= len(self.keys):
            return self._at_the_end()
        keys = self.keys[self._keys_used]
        self._keys_used += 1
        if keys == "-":
            self.tell({"type": "silent"})
            return ""
        self.tell({"type": "pressed", "keys": keys})
        return keys + "#" if count > 1 and not keys.endswith("#") else keys

    def speaks(self) -> Take:
        """The next sound of the script; silence when there is none left."""
        if self._sounds_used >= len(self.sounds):
            self._at_the_end()
            return Take(np.zeros(0, np.int16))
        sound = at_telephone_rate(self.sounds[self._sounds_used])
        self._sounds_used += 1
        self.tell({"type": "spoke", "seconds": round(sound.seconds, 1)})
        ended = "hangup" if self.hangs_up and self._script_is_over() else "#"
        return Take(sound.samples, ended)

    def waits(self, is_over: Callable[[], bool]) -> None:
        """Wait some seconds, or until something happens."""
        self.tell({"type": "waiting"})
        deadline = time.monotonic() + self.wait_seconds
        while not is_over() and time.monotonic() < deadline:
            time.sleep(0.02)

    def talks(self, is_over: Callable[[], bool]) -> str:
        """Talk until the others have gone; with nothing more to do, for a few seconds."""
        self.tell({"type": "talking"})
        deadline = time.monotonic() + self.talk_seconds
        while not is_over():
            if self.hangs_up and self._script_is_over() and time.monotonic() > deadline:
                self.tell({"type": "hung_up"})
                raise HungUp
            time.sleep(0.02)
        return ""

    def is_done(self, reason: str) -> None:
        """Pass on how it ended."""
        self.tell({"type": "over", "by": reason})

    def _script_is_over(self) -> bool:
        return self._keys_used >= len(self.keys) and self._sounds_used >= len(self.sounds)

    def _at_the_end(self) -> str:
        if self.hangs_up and self._script_is_over():
            self.tell({"type": "hung_up"})
            raise HungUp
        self.tell({"type": "silent"})
        return ""
