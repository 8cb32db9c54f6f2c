"""Puts the frames of a caller where they belong in time, by their RTP timestamps.

Lost, late and doubled frames do not shift what follows.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from aiortp.plc import PcmConcealer

from ivr.audio.wav import RATE, Samples

#: Samples by which timestamps may leap before they count as those of another stream.
_LEAP = 5 * RATE
#: A gap up to so many samples is a loss, and filled with what was heard before; a longer one is silence.
_LONGEST_LOSS = RATE * 6 // 50
#: What stands before each frame on disk: its place and its length in samples.
_HEAD = struct.Struct("<II")


class Timeline:
    """What was heard since a recording began, as it comes; also in a file, frame by frame, if there is one."""

    def __init__(self, path: Path | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._began = now()
        self._frames: dict[int, bytes] = {}
        self._keys: list[tuple[int, int]] = []
        self._stream: tuple[int, int] | None = None
        self._file: BinaryIO | None = path.open("wb") if path else None
        #: The end of what has come, in samples since the beginning.
        self.end = 0

    def add(self, ssrc: int, timestamp: int, pcm: bytes) -> None:
        """A frame of 16-bit samples has come."""
        place = self._place(ssrc, timestamp, len(pcm) // 2)
        if place < 0 or place in self._frames:
            return
        self._frames[place] = pcm
        self.end = max(self.end, place + len(pcm) // 2)
        if self._file is not None:
            self._file.write(_HEAD.pack(place, len(pcm) // 2) + pcm)
            self._file.flush()

    def key(self, ssrc: int, timestamp: int, samples: int) -> None:
        """A key was pressed from this timestamp on, for so many samples: its tone is not kept."""
        place = self._place_in_stream(ssrc, timestamp)
        if place is not None:
            self._keys = [key for key in self._keys if key[0] != place]
            self._keys.append((place, place + samples))

    def finish(self) -> Samples:
        """Everything that was heard, with small gaps filled. Nothing is added after that."""
        if self._file is not None:
            self._file.close()
            self._file = None
        return assemble(self._frames, self._keys)

    def _place(self, ssrc: int, timestamp: int, length: int) -> int:
        """Where a frame belongs. Another stream, or one that has leapt, begins where the time is now."""
        known = self._place_in_stream(ssrc, timestamp)
        if known is not None:
            return known
        elapsed = int((self._now() - self._began) * RATE)
        begins = max(elapsed - length, self.end if self._stream is not None else 0, 0)
        self._stream = ssrc, (timestamp - begins) % 2**32
        return begins

    def _place_in_stream(self, ssrc: int, timestamp: int) -> int | None:
        """The place of a timestamp in the stream that is heard; None where it belongs to another one."""
        if self._stream is None or self._stream[0] != ssrc:
            return None
        place = (timestamp - self._stream[1] + 2**31) % 2**32 - 2**31
        return place if abs(place - (self._now() - self._began) * RATE) < _LEAP else None


def assemble(frames: dict[int, bytes], keys: list[tuple[int, int]] | None = None) -> Samples:
    """The samples of frames at their places. A short gap repeats what was before it, fading; a long one is silent."""
    if not frames:
        return np.zeros(0, np.int16)
    whole = np.zeros(max(place + len(pcm) // 2 for place, pcm in frames.items()), np.int16)
    concealer = PcmConcealer(sample_rate=RATE)
    end = min(frames)
    for place in sorted(frames):
        if 0 < place - end <= _LONGEST_LOSS and concealer.frame_samples:
            whole[end:place] = np.frombuffer(concealer.conceal(place - end), "<i2")
        samples = np.frombuffer(frames[place], "<i2")
        whole[place : place + len(samples)] = samples
        concealer.update(frames[place])
        end = max(end, place + len(samples))
    for begins, ends in keys or ():
        whole[max(0, begins) : ends] = 0
    return whole


def read_frames(path: Path) -> Samples:
    """What a process had recorded that has ended since: a last frame that is cut short is left out."""
    data, frames, at = path.read_bytes(), dict[int, bytes](), 0
    while at + _HEAD.size <= len(data):
        place, length = _HEAD.unpack_from(data, at)
        pcm = data[at + _HEAD.size : at + _HEAD.size + 2 * length]
        if len(pcm) < 2 * length or place > 24 * 3600 * RATE:
            break
        frames[place] = pcm
        at += _HEAD.size + 2 * length
    return assemble(frames)
