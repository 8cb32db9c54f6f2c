"""Speech synthesis with espeak-ng, whose library and voices come with a Python package."""

from __future__ import annotations

import ctypes
import threading
from functools import lru_cache

import espeakng_loader
import numpy as np

from ivr.audio.wav import Samples, Sound, at_telephone_rate

_SYNCHRONOUS = 2
_RATE = 1
_WORDS_A_MINUTE = 175
#: Words a minute, if not 175. The Ukrainian voice reduces its own speed to 80 %.
_WORDS_A_MINUTE_OF = {"uk": 250}
_UTF8 = 1
_BY_CHARACTER = 1
#: espeak-ng's names of languages, if they differ from ours.
_VOICES = {"kmr": "ku", "arb": "ar"}
_PAUSE_SECONDS = 0.25
#: Samples with an amplitude below this count as silent.
_SILENT = 60
_lock = threading.Lock()
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class _Espeak:
    """The library, initialised once. It has one voice at a time, so a lock serialises the calls."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path()
        self.rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, str(data).encode(), 0)
        if self.rate <= 0:
            raise RuntimeError("espeak-ng could not be initialised")
        self._chunks: list[Samples] = []
        self._callback = _Callback(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)

    def _collect(self, samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if samples and count > 0:
            self._chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def speak(self, text: str, language: str) -> Samples:
        """Synthesise a text, at the library's own sample rate."""
        with _lock:
            if self._library.espeak_SetVoiceByName(language.encode()) != 0:
                raise ValueError(f"espeak-ng has no voice for {language!r}")
            # Some voices change the speed for the voices after them.
            self._library.espeak_SetParameter(_RATE, _WORDS_A_MINUTE_OF.get(language, _WORDS_A_MINUTE), 0)
            self._chunks = []
            data = text.encode()
            self._library.espeak_Synth(data, len(data) + 1, 0, _BY_CHARACTER, 0, _UTF8, None, None)
            self._library.espeak_Synchronize()
            return np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.int16)


_engine: _Espeak | None = None


def _espeak() -> _Espeak:
    """The library of this process. A second instance would replace the first one's callback and crash the process."""
    global _engine
    with _lock:
        _engine = _engine or _Espeak()
        return _engine


@lru_cache(maxsize=512)
def speak(text: str, language: str) -> Sound:
    """Synthesise a text in a language (`de` or `de-DE`), at 8 kHz.

    Raises:
        ValueError: espeak-ng has no voice for the language.
    """
    engine = _espeak()
    voice = language.partition("-")[0]
    return at_telephone_rate(
        Sound(_without_long_pauses(engine.speak(text, _VOICES.get(voice, voice)), engine.rate), engine.rate)
    )


def _without_long_pauses(samples: Samples, rate: int) -> Samples:
    # espeak-ng pauses for half a second or more between sentences. That makes menus long.
    frame, longest = rate // 100, int(_PAUSE_SECONDS * 100)
    whole = len(samples) // frame * frame
    quiet = np.abs(samples[:whole].reshape(-1, frame).astype(np.int32)).max(axis=1, initial=0) < _SILENT
    run = 0
    kept = np.ones(len(quiet), dtype=bool)
    for index, is_quiet in enumerate(quiet):
        run = run + 1 if is_quiet else 0
        kept[index] = run <= longest
    return np.concatenate([samples[:whole].reshape(-1, frame)[kept].reshape(-1), samples[whole:]])
