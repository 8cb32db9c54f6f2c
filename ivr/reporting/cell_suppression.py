"""Chooses which counts of a publication are hidden, so that as little as possible is lost: an integer programme.

A count that must be hidden is safe if a reader can imagine tables in which it is 3 or more: everything that is shown is
the same in them, every sum adds up, and what is hidden is at least 1. For a choice of hidden counts, a linear programme
finds how high a reader must reckon. Where that is not enough, its dual solution names the counts one of which has to be
hidden as well. These conditions are collected, and the cheapest choice that meets all of them is computed again.

Counts that no chain of sums connects are chosen apart. The conditions are collected first for choices in fractions (a
count is hidden "by a third"), which are found in milliseconds; the last few choices are whole.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The name of a total, and the names of the numbers that it is the sum of.
Sum = tuple[Hashable, Sequence[Hashable]]
#: A number, and others that are part of what it counted in this month or before: where they are imagined to be larger,
#: it is as well.
Limit = tuple[Hashable, Sequence[Hashable]]
Numbers = NDArray[np.float64]
Choice = NDArray[np.bool_]
#: Factors of a choice (1: hidden), and what their sum must not be less than.
Condition = tuple[Numbers, float]

_ENOUGH = 1e-6
#: How far a shown count may move where a condition is looked for, as a share of what a hidden one may. So the condition
#: names only counts that help.
_A_LITTLE = 1e-4
#: How often conditions are collected for choices in fractions.
_ROUNDS = 25
#: How far a count that is hidden by a fraction may rise, in multiples of what is needed: it says which conditions are
#: looked for first, not which hold.
_FAR = 4
#: By how much a condition must be broken to be added.
_BROKEN = 1e-4


def fewest(
    counts: Mapping[Any, int], sums: Sequence[Sum], limits: Sequence[Limit], small: int, costs: Mapping[Any, float]
) -> set[Hashable]:
    """The names of the counts to be hidden. A zero is hidden only where it would cap a small count by a limit."""
    limits = [(total, parts) for total, parts in limits if counts[total] or any(counts[part] for part in parts)]
    caps = _caps(counts, sums, limits)
    # What is left below a limit is a number nobody sees. A 1 may be imagined larger, and not smaller.
    spare = [("spare", number) for number in range(len(limits))]
    counts = {**counts, **dict.fromkeys(spare, 1)}
    sums = [*sums, *((total, [*parts, left]) for (total, parts), left in zip(limits, spare, strict=True))]
    free = frozenset(spare)
    named = [name for name, count in counts.items() if count or name in caps]
    groups = (_Group(group, counts, sums, small, costs, free) for group in _connected(named, sums))
    return {name for group in groups for name in group.cheapest()} - free


def _caps(counts: Mapping[Any, int], sums: Sequence[Sum], limits: Sequence[Limit]) -> set[Hashable]:
    """Zeros that cap what is part of them, and zeros that could not stay zeros if those were larger."""
    caps = {total for total, _parts in limits if not counts[total]}
    before = -1
    while caps and len(caps) > before:
        before = len(caps)
        for total, parts in sums:
            if not counts[total] and caps & {total, *parts}:
                caps |= {total, *parts}
    return caps


def _connected(named: Sequence[Hashable], sums: Sequence[Sum]) -> Iterator[list[Hashable]]:
    """The counts in groups that no sum connects."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    place = {name: number for number, name in enumerate(named)}
    members = ([name for name in (total, *parts) if name in place] for total, parts in sums)
    pairs = [(place[first], place[other]) for first, *others in filter(None, members) for other in others]
    ends = np.array(pairs, dtype=int).reshape(-1, 2)
    links = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(named), len(named)))
    many, group_of = connected_components(links, directed=False)
    for group in range(many):
        yield [named[int(at)] for at in np.flatnonzero(group_of == group)]


class _Group:
    """Counts that sums connect, and a choice of those that are hidden."""

    def __init__(
        self,
        names: Sequence[Hashable],
        counts: Mapping[Any, int],
        sums: Sequence[Sum],
        small: int,
        costs: Mapping[Any, float],
        free: Collection[Hashable],
    ) -> None:
        self._names = names
        self._place = {name: number for number, name in enumerate(names)}
        self._true = np.array([counts[name] for name in names], dtype=float)
        self._costs = np.array([costs.get(name, 1.0) for name in names])
        self._needed = small + 1
        self._free: Choice = np.array([name in free for name in names])
        is_small = (self._true > 0) & (self._true <= small) & ~self._free
        self._must: Choice = is_small | self._free
        self._small = self._places(is_small)
        #: How far a hidden count may fall: to 1, which a zero is below.
        self._fall = np.minimum(1 - self._true, 0)
        rows = (self._row(total, parts) for total, parts in sums if self._place.keys() & {total, *parts})
        self._sums = np.array(list({row.tobytes(): row for row in rows}.values())).reshape(-1, len(names))
        self._conditions = list[Condition](self._never_alone())

    def _row(self, total: Hashable, parts: Sequence[Hashable]) -> Numbers:
        row = np.zeros(len(self._names))
        for name, sign in ((total, 1.0), *((part, -1.0) for part in parts)):
            if name in self._place:
                row[self._place[name]] += sign
        return row

    def _never_alone(self) -> Iterator[Condition]:
        """The only hidden count of a sum is hidden in vain: a reader computes it."""
        for row in self._sums:
            for place in np.flatnonzero(np.where(self._free, 0, row)):
                factors = np.abs(row)
                factors[place] = 0
                yield self._reduced(factors, 1.0) if self._must[place] else (factors - np.eye(len(row))[place], 0.0)

    def cheapest(self) -> set[Hashable]:
        """The names of the counts to be hidden."""
        if not self._small:
            return set()
        for _ in range(_ROUNDS):
            choice = self._solve(whole=False)
            if not self._add(self._condition(place, choice, _A_LITTLE) for place in self._small):
                break
        hidden = self._solve() > 0.5
        while not hidden.all() and self._add(self._to_be_safe(place, hidden) for place in self._unsafe(hidden)):
            hidden = self._solve() > 0.5
        return {self._names[place] for place in self._places(hidden)}

    @staticmethod
    def _places(of: Choice) -> list[int]:
        return [int(place) for place in np.flatnonzero(of)]

    def _add(self, conditions: Iterable[Condition | None]) -> bool:
        found = [condition for condition in conditions if condition is not None]
        self._conditions += found
        return bool(found)

    def _unsafe(self, hidden: Choice) -> list[int]:
        """The small counts that cannot be larger in any table that a reader can imagine."""
        if self._may_be_larger(self._small, hidden):  # mostly all of them may be at once
            return []
        return [place for place in self._small if not self._may_be_larger([place], hidden)]

    def _may_be_larger(self, places: Sequence[int], hidden: Choice) -> bool:
        from scipy.optimize import Bounds, LinearConstraint, milp

        lowest = self._fall.copy()
        lowest[places] = self._needed - self._true[places]
        columns = np.flatnonzero(hidden)
        found = milp(
            np.zeros(len(columns)),
            integrality=np.ones(len(columns)),
            bounds=Bounds(lowest[columns], np.inf),
            constraints=LinearConstraint(self._sums[:, columns], 0, 0),
        )
        return bool(found.status == 0)

    def _to_be_safe(self, place: int, hidden: Choice) -> Condition:
        """A condition that is not met, for a small count that is not safe."""
        choice = hidden.astype(float)
        found = self._condition(place, choice, _A_LITTLE) or self._condition(place, choice, 0)
        # It is safe only for a reader who imagines fractions: something more is hidden.
        return found or (np.where(hidden, 0.0, 1.0), 1.0)

    def _condition(self, place: int, choice: Numbers, little: float) -> Condition | None:
        """What a choice must meet to make a small count safe, and does not; None if there is no such condition."""
        from scipy.optimize import linprog

        need = self._needed - self._true[place]
        far = np.maximum(choice, little)
        lowest, highest = self._fall * far, np.where(far > 1 - _ENOUGH, np.inf, _FAR * need * far)
        highest[place] = need
        aim = np.zeros(len(choice))
        aim[place] = -1
        found = linprog(aim, A_eq=self._sums, b_eq=np.zeros(len(self._sums)), bounds=np.stack([lowest, highest], 1))
        if found.status or -found.fun >= need - _ENOUGH:
            return None
        gain = self._sums.T @ found.eqlin.marginals
        gain[place] += 1
        factors, least = self._reduced(np.where(gain > _ENOUGH, need, gain * self._fall), need)
        return (factors, least) if factors @ choice < least - _BROKEN else None

    def _reduced(self, factors: Numbers, need: float) -> Condition:
        """A condition without the counts that are hidden anyway."""
        need -= factors[self._must].sum()
        factors = np.where(self._must | (factors < _ENOUGH), 0, factors)
        return np.minimum(factors, max(need, 0)), need

    def _solve(self, whole: bool = True) -> Numbers:
        """The cheapest choice that meets all conditions so far; if there is none, everything is hidden."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        if not self._conditions:
            return self._must.astype(float)
        found = milp(
            self._costs,
            integrality=np.full(len(self._names), int(whole)),
            bounds=Bounds(self._must.astype(float), 1),
            constraints=LinearConstraint(
                np.array([factors for factors, _need in self._conditions]),
                np.array([need for _factors, need in self._conditions]) - _ENOUGH,
                np.inf,
            ),
            options={"time_limit": 20.0, "mip_rel_gap": 0.0},
        )
        return np.ones(len(self._names)) if found.x is None else np.asarray(found.x)
