"""Says a share as a band ("80–100 %") where the counts it is made of are hidden, if that gives none of them away."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from ivr.reporting.cell_suppression import Sum

#: Widths of bands in percent, the narrowest first. The bands of a width stand side by side from 0 to 100.
_WIDTHS = (20, 50)
Band = tuple[int, int]
#: A share: the name of its part, and that of the whole.
Share = tuple[Hashable, Hashable]


def bands(
    counts: Mapping[Any, int], sums: Sequence[Sum], hidden: set[Hashable], small: int, shares: Mapping[str, Share]
) -> dict[str, Band]:
    """The band of each share that can be said. A reader knows all of them together, and everything that is shown."""
    known, found = _Knowledge(counts, sums, hidden, small), dict[str, Band]()
    for name, (part, whole) in shares.items():
        if not counts[whole] or not hidden & {part, whole}:
            continue
        for width in _WIDTHS:
            low = min(100 * counts[part] // counts[whole] // width * width, 100 - width)
            known.learn(part, whole, low, low + width)
            if known.gives_nothing_away():
                found[name] = (low, low + width)
                break
            known.forget()
    return found


class _Knowledge:
    """What a reader knows: sums, bands, and that what is hidden is at least 1."""

    def __init__(self, counts: Mapping[Any, int], sums: Sequence[Sum], hidden: set[Hashable], small: int) -> None:
        self._counts, self._needed = counts, small + 1
        self._hidden = [name for name in counts if name in hidden]
        self._place = {name: number for number, name in enumerate(self._hidden)}
        self._rows, self._lowest, self._highest = list[Any](), list[float](), list[float]()
        for total, parts in sums:
            if hidden & {total, *parts}:
                self._add({total: 1.0, **dict.fromkeys(parts, -1.0)}, 0, 0)

    def _add(self, factors: Mapping[Hashable, float], lowest: float, highest: float) -> None:
        row, shown = np.zeros(len(self._hidden)), 0.0
        for name, factor in factors.items():
            if name in self._place:
                row[self._place[name]] += factor
            else:
                shown += factor * self._counts[name]
        self._rows.append(row)
        self._lowest.append(lowest - shown)
        self._highest.append(highest - shown)

    def learn(self, part: Hashable, whole: Hashable, low: int, high: int) -> None:
        """Learn that a share lies in a band."""
        self._add({part: 100.0, whole: -float(low)}, 0, np.inf)
        self._add({part: 100.0, whole: -float(high)}, -np.inf, 0)

    def forget(self) -> None:
        """Forget the last band."""
        for of in (self._rows, self._lowest, self._highest):
            del of[-2:]

    def gives_nothing_away(self) -> bool:
        """Whether each small count may be larger, for all that a reader knows."""
        places = [place for place, name in enumerate(self._hidden) if self._counts[name] < self._needed]
        # Mostly all of them may be at once, which is found with one question.
        return self._may_be_larger(places) or all(self._may_be_larger([place]) for place in places)

    def _may_be_larger(self, places: Sequence[int]) -> bool:
        from scipy.optimize import Bounds, LinearConstraint, milp

        lowest = np.ones(len(self._hidden))
        lowest[list(places)] = self._needed
        found = milp(
            np.zeros(len(self._hidden)),
            integrality=np.ones(len(self._hidden)),
            bounds=Bounds(lowest, np.inf),
            constraints=LinearConstraint(np.array(self._rows), np.array(self._lowest), np.array(self._highest)),
        )
        return bool(found.status == 0)
