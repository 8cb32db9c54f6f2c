"""G.711: the two laws by which telephone networks write a sample as one byte.

The library's A-law has the wrong sign, which nobody hears; its tables are not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_BYTES = np.arange(256)


def _a_law() -> NDArray[np.int16]:
    """What each byte means by A-law: every other bit is inverted, and a set sign is positive."""
    bits = _BYTES ^ 0x55
    exponent, mantissa = (bits >> 4) & 7, bits & 15
    magnitude = (mantissa << 4) + 8 + np.where(exponent > 0, 256, 0)
    magnitude = magnitude << np.maximum(exponent - 1, 0)
    values: NDArray[np.int16] = np.where(bits & 0x80, magnitude, -magnitude).astype(np.int16)
    return values


def _mu_law() -> NDArray[np.int16]:
    """What each byte means by µ-law: every bit is inverted, and a set sign is negative."""
    bits = _BYTES ^ 0xFF
    exponent, mantissa = (bits >> 4) & 7, bits & 15
    magnitude = (((mantissa << 3) + 132) << exponent) - 132
    return np.where(bits & 0x80, -magnitude, magnitude).astype(np.int16)


@dataclass(frozen=True)
class Law:
    """One of the laws: the value of each byte, and the byte of silence."""

    values: NDArray[np.int16]
    silence: int

    @cached_property
    def _codes(self) -> NDArray[np.uint8]:
        """The byte whose value is nearest to each sample, by the sample as an unsigned number."""
        order = np.argsort(self.values, kind="stable")
        levels = self.values[order].astype(np.int32)
        samples = np.arange(65536).astype(np.uint16).view(np.int16).astype(np.int32)
        codes = order[np.searchsorted((levels[1:] + levels[:-1]) / 2, samples)].astype(np.uint8)
        codes[samples == 0] = self.silence
        return codes

    def encode(self, pcm: bytes) -> bytes:
        """16-bit samples as bytes of this law."""
        return bytes(self._codes[np.frombuffer(pcm, "<u2")].tobytes())

    def decode(self, payload: bytes) -> bytes:
        """Bytes of this law as 16-bit samples."""
        return self.values[np.frombuffer(payload, np.uint8)].astype("<i2").tobytes()


A_LAW, MU_LAW = Law(_a_law(), 0xD5), Law(_mu_law(), 0xFF)
