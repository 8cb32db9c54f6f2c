"""A caller with a script: keys, speech and what to do when the script is at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import soxr

from ivr.audio_files import Sound
from ivr.exchange.lines import RATE, HungUp, Take


def at_telephone_rate(sound: Sound) -> Sound:
    """The sound at 8 kHz."""
    if sound.rate == RATE:
        return sound
    return Sound(np.asarray(soxr.resample(sound.samples, sound.rate, RATE), dtype=np.int16), RATE)


@dataclass
class ScriptedCaller:
    """Implements :class:`ivr.exchange.lines.Caller`.

    `keys` are consumed one entry a question (`"-"` stays silent, several digits are keyed in together);
    `sounds` one a tone. When both are used up the caller stays silent, or hangs up if `hangs_up`.
    """

    keys: Sequence[str] = ()
    sounds: Sequence[Sound] = ()
    #: How a connection to the team ends: no-answer, busy, failed or completed.
    team: str = "no-answer"
    hangs_up: bool = False
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

    def is_connected(self, number: str) -> str:
        """As the script says."""
        self.tell({"type": "rang", "number": number, "status": self.team})
        return self.team

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
