"""Says a share as a band ("80–100 %") where the counts it is made of are hidden, if that gives none of them away."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from ivr.reporting.cell_suppression import Limit, Numbers, Sum

#: Widths of bands in percent, the narrowest first. The bands of a width stand side by side from 0 to 100.
_WIDTHS = (20, 50)
Band = tuple[int, int]
#: A share: the name of its part, and that of the whole.
Share = tuple[Hashable, Hashable]


def bands(
    counts: Mapping[Any, int],
    sums: Sequence[Sum],
    limits: Sequence[Limit],
    hidden: set[Hashable],
    small: int,
    shares: Mapping[str, Share],
) -> dict[str, Band]:
    """The band of each share that can be said. A reader knows all of them together, and everything that is shown."""
    known, found = _Knowledge(counts, sums, limits, hidden, small), dict[str, Band]()
    for name, (part, whole) in shares.items():
        if not counts[whole] or not hidden & {part, whole}:
            continue
        for width in _WIDTHS:
            low = min(100 * counts[part] // counts[whole] // width * width, 100 - width)
            if known.allows(part, whole, low, low + width):
                found[name] = (low, low + width)
                break
    return found


class _Knowledge:
    """What a reader knows: sums, bands, and that what is hidden is at least 1, or a zero that would cap another count.

    For each small count it keeps a table that a reader can imagine and in which that count is larger. A new band makes
    a new table necessary only where it does not fit the kept one.
    """

    def __init__(
        self,
        counts: Mapping[Any, int],
        sums: Sequence[Sum],
        limits: Sequence[Limit],
        hidden: set[Hashable],
        small: int,
    ) -> None:
        self._counts, self._needed = counts, small + 1
        self._hidden = [name for name in counts if name in hidden]
        self._place = {name: number for number, name in enumerate(self._hidden)}
        self._rows, self._lowest, self._highest = list[Any](), list[float](), list[float]()
        for total, parts in sums:
            if hidden & {total, *parts}:
                self._add({total: 1.0, **dict.fromkeys(parts, -1.0)}, 0, 0)
        for total, parts in limits:
            if hidden & {total, *parts}:
                least = counts[total] - sum(counts[part] for part in parts)
                self._add({total: 1.0, **dict.fromkeys(parts, -1.0)}, least, np.inf)
        self._small = [place for place, name in enumerate(self._hidden) if 0 < counts[name] < self._needed]
        self._tables = dict[int, Numbers]()
        self._imagine(self._small)

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

    def allows(self, part: Hashable, whole: Hashable, low: int, high: int) -> bool:
        """Whether it gives nothing away that a share lies in a band. If so, a reader knows it from now on."""
        before = len(self._rows), dict(self._tables)
        self._add({part: 100.0, whole: -float(low)}, 0, np.inf)
        self._add({part: 100.0, whole: -float(high)}, -np.inf, 0)
        if self._imagine([place for place in self._small if not self._fits(self._tables.get(place))]):
            return True
        for of in (self._rows, self._lowest, self._highest):
            del of[before[0] :]
        self._tables = before[1]
        return False

    def _fits(self, table: Numbers | None) -> bool:
        """Whether a table agrees with the last band."""
        if table is None:
            return False
        sums = np.array(self._rows[-2:]) @ table
        return bool((sums >= np.array(self._lowest[-2:])).all() and (sums <= np.array(self._highest[-2:])).all())

    def _imagine(self, places: Sequence[int]) -> bool:
        """Find tables in which small counts are larger; False if there is none for one of them."""
        # Mostly all of them may be at once, which is found with one question.
        wanted, together = list(places), True
        while wanted:
            asked = wanted if together else wanted[:1]
            table = self._table(asked)
            if table is None and not (together and len(wanted) > 1):
                return False
            together = False
            if table is not None:
                self._tables |= {place: table for place in self._small if table[place] >= self._needed}
                wanted = [place for place in wanted if table[place] < self._needed]
        return True

    def _table(self, places: Sequence[int]) -> Numbers | None:
        """A table that a reader can imagine and in which all these counts are larger."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        lowest = np.array([min(1.0, self._counts[name]) for name in self._hidden])
        lowest[list(places)] = self._needed
        found = milp(
            np.zeros(len(self._hidden)),
            integrality=np.ones(len(self._hidden)),
            bounds=Bounds(lowest, np.inf),
            constraints=LinearConstraint(np.array(self._rows), np.array(self._lowest), np.array(self._highest)),
        )
        return np.rint(found.x) if found.status == 0 else None
