"""Disclosure control: hides counts of 1 and 2, and the counts from which a reader could compute them.

A reader knows the published numbers, that a hidden number is at least 1, and which numbers are sums of which. A hidden
number is safe if it may be 3 or more, and if more than one value is possible. An exact solver decides that for every
hidden number. While one is not safe, the smallest number beside it is hidden as well (secondary suppression).

Two reports of the same data could be subtracted from each other. Therefore only whole months are published, each once
(see :mod:`ivr.reporting.publication`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

#: Counts from 1 up to this one are hidden.
SMALL = 2

#: The name of a total, and the names of the numbers that it is the sum of.
Sum = tuple[Hashable, Sequence[Hashable]]


def suppress(counts: Mapping[Any, int], sums: Sequence[Sum]) -> set[Hashable]:
    """The names of the counts that must be hidden. Zeros never are.

    Raises:
        ValueError: the counts do not add up.
    """
    for total, parts in sums:
        if counts[total] != sum(counts[part] for part in parts):
            raise ValueError(f"{total} is not the sum of its parts")
    hidden: set[Hashable] = {name for name, count in counts.items() if 0 < count <= SMALL}
    while unsafe := _first_unsafe(counts, sums, hidden):
        beside = {name for total, parts in sums if unsafe & {total, *parts} for name in (total, *parts)}
        visible = [name for name in beside if name not in hidden and counts[name]]
        if not visible:  # everything beside it is hidden, so any number that is part of a sum is considered
            visible = [
                name for name, count in counts.items() if count and name not in hidden and _is_summed(name, sums)
            ]
        if not visible:
            break
        totals = {total for total, _ in sums}
        hidden.add(min(visible, key=lambda name: (name in totals, counts[name], str(name))))
    return hidden


def _is_summed(name: Hashable, sums: Sequence[Sum]) -> bool:
    return any(name == total or name in parts for total, parts in sums)


def _first_unsafe(counts: Mapping[Any, int], sums: Sequence[Sum], hidden: set[Hashable]) -> set[Hashable]:
    """The first hidden count that a reader can infer; empty if there is none."""
    for group in _groups(sums, hidden):
        equations = [(total, parts) for total, parts in sums if group & {total, *parts}]
        names = sorted(group, key=str)
        for name in names:
            low, high = possible(name, names, equations, counts)
            if high <= SMALL or low == high:
                return {name}
    return set()


def _groups(sums: Sequence[Sum], hidden: set[Hashable]) -> list[set[Hashable]]:
    """Sets of hidden counts that are connected by sums."""
    groups: list[set[Hashable]] = []
    for total, parts in sums:
        here = hidden & {total, *parts}
        if here:
            joined = [group for group in groups if group & here]
            groups = [group for group in groups if not group & here]
            groups.append(here.union(*joined))
    return groups


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
