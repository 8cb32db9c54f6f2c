"""The exchange's voice: espeak-ng, from the library and voices that its Python package carries."""

from __future__ import annotations

import ctypes
import threading
from functools import lru_cache

import espeakng_loader
import numpy as np
import soxr

from ivr.audio_files import Samples, Sound
from ivr.exchange.lines import RATE

_SYNCHRONOUS = 2
_UTF8 = 1
_BY_CHARACTER = 1
_lock = threading.Lock()
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class _Espeak:
    """The library, initialised once; it has one voice at a time, so calls take turns."""

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
        """Samples of a text at the library's own rate."""
        with _lock:
            if self._library.espeak_SetVoiceByName(language.encode()) != 0:
                raise ValueError(f"espeak-ng has no voice for {language!r}")
            self._chunks = []
            data = text.encode()
            self._library.espeak_Synth(data, len(data) + 1, 0, _BY_CHARACTER, 0, _UTF8, None, None)
            self._library.espeak_Synchronize()
            return np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.int16)


@lru_cache(maxsize=1)
def _espeak() -> _Espeak:
    with _lock:
        return _Espeak()


@lru_cache(maxsize=512)
def speak(text: str, language: str) -> Sound:
    """A text spoken in a language (`de` or `de-DE`), at 8 kHz.

    Raises:
        ValueError: no such voice.
    """
    engine = _espeak()
    samples = engine.speak(text, language.partition("-")[0])
    return Sound(np.asarray(soxr.resample(samples, engine.rate, RATE), dtype=np.int16), RATE)
