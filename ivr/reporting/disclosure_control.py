"""Disclosure control: hides counts of 1 and 2, and the counts from which a reader could compute them.

A reader knows the published numbers, that a hidden number is at least 1, and which numbers are sums of which. A hidden
number is safe if it may be 3 or more. What else is hidden to make that so (secondary suppression) is the cheapest
choice there is (:mod:`ivr.reporting.cell_suppression`). A zero is hidden only where it says that another number cannot
be 3: where nobody asked in a month, no more can be decided than was open before.

Two reports of the same data could be subtracted from each other. Therefore only whole months are published, each once
(see :mod:`ivr.reporting.publication`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from ivr.reporting.cell_suppression import Limit, Sum, fewest

#: Counts from 1 up to this one are hidden.
SMALL = 2


def suppress(
    counts: Mapping[Any, int],
    sums: Sequence[Sum],
    costs: Mapping[Any, float] | None = None,
    limits: Sequence[Limit] = (),
) -> set[Hashable]:
    """The names of the counts that must be hidden. Zeros are only where a limit asks for it.

    `limits`: what counts a part of what another one has counted, in this month or before.
    `costs`: what hiding a count costs, where that is not 1. The sum of all costs is as low as it can be.

    Raises:
        ValueError: the counts do not add up.
    """
    for total, parts in sums:
        if counts[total] != sum(counts[part] for part in parts):
            raise ValueError(f"{total} is not the sum of its parts")
    if not any(0 < count <= SMALL for count in counts.values()):
        return set()
    return fewest(counts, sums, limits, SMALL, costs or {})


def possible(
    name: Hashable, hidden: Sequence[Hashable], sums: Sequence[Sum], counts: Mapping[Any, int]
) -> tuple[int, int]:
    """The lowest and the highest value of a hidden count that a reader considers possible."""
    # The import takes half a second, so it is not done at the start of every process.
    from scipy.optimize import Bounds, LinearConstraint, milp

    place = {one: number for number, one in enumerate(hidden)}
    matrix, right = [], []
    for total, parts in sums:
        row, known = np.zeros(len(hidden)), 0
        for one, sign in ((total, 1), *((part, -1) for part in parts)):
            if one in place:
                row[place[one]] += sign
            else:
                known += sign * counts[one]
        matrix.append(row)
        right.append(-known)
    most = sum(counts.values()) + 10
    limits = LinearConstraint(np.array(matrix), right, right)
    ends = []
    for sign in (1, -1):
        aim = np.zeros(len(hidden))
        aim[place[name]] = sign
        found = milp(aim, integrality=np.ones(len(hidden)), bounds=Bounds(1, most), constraints=limits)
        ends.append(round(sign * found.fun))
    return ends[0], ends[1]
