"""Draws the waveform of a sound as SVG."""

from __future__ import annotations

import itertools

import numpy as np

from ivr.audio.wav import Sound

#: Number of bars, and the height of the drawing in pixels.
_BARS, _HEIGHT = 240, 48


def svg(sound: Sound) -> str:
    """Draw the loudness over time as bars from left to right. Silence is a thin line."""
    edges = np.linspace(0, len(sound.samples), _BARS + 1).astype(int)
    loud = [
        float(np.sqrt(np.mean(sound.samples[a:b].astype(np.float64) ** 2))) if b > a else 0.0
        for a, b in itertools.pairwise(edges)
    ]
    highest = max(*loud, 1.0)
    bars = []
    for number, level in enumerate(loud):
        height = max(1.0, level / highest * (_HEIGHT - 2))
        bars.append(f"M{number * 3 + 1} {(_HEIGHT - height) / 2:.1f}v{height:.1f}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_BARS * 3}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_BARS * 3} {_HEIGHT}" preserveAspectRatio="none">'
        f'<path d="{"".join(bars)}" stroke="#5b6b86" stroke-width="2" fill="none"/></svg>'
    )
