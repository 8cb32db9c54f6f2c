"""Lines between the boxes of a drawing, with what stands on them."""

from __future__ import annotations

from html import escape
from itertools import pairwise

from ivr.flows.layered_layout import Point


def route(start: Point, bends: list[Point], end: Point, height: float) -> list[Point]:
    """Points of a line from the border of a box, through the layers between, to the border of another box."""
    half = height / 2 if start[1] <= end[1] else -height / 2
    return [(start[0], start[1] + half), *bends, (end[0], end[1] - half)]


def line(points: list[Point], label: str) -> str:
    """A curved line with an arrow, and its label."""
    (x, y), *rest = points
    path = f"M{x:.0f} {y:.0f}"
    for (x0, y0), (x1, y1) in pairwise([(x, y), *rest]):
        middle = (y0 + y1) / 2
        path += f"C{x0:.0f} {middle:.0f} {x1:.0f} {middle:.0f} {x1:.0f} {y1:.0f}"
    drawn = f'<path d="{path}" fill="none" stroke="#475569" stroke-opacity=".7" marker-end="url(#tip)"/>'
    if label:
        # On the curve, far enough from its start for the labels of neighbouring lines to part.
        x1, y1 = rest[0]
        drawn += (
            f'<text x="{x + (x1 - x) * 0.78 + 4:.0f}" y="{y + (y1 - y) * 0.66:.0f}" fill="#1e3a8a" '
            f'font-size="11" font-weight="bold" paint-order="stroke" stroke="#ffffff" stroke-width="3">'
            f"{escape(label)}</text>"
        )
    return drawn
