"""Chooses which counts of a publication are hidden, so that as little as possible is lost: an integer programme.

A count that must be hidden is safe if a reader can imagine tables in which it is 3 or more: everything that is shown is
the same in them, every sum adds up, and what is hidden is at least 1. For a choice of hidden counts, a linear programme
finds how high a reader must reckon. Where that is not enough, its dual solution names the counts one of which has to be
hidden as well. These conditions are collected, and the cheapest choice that meets all of them is computed again.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: The name of a total, and the names of the numbers that it is the sum of.
Sum = tuple[Hashable, Sequence[Hashable]]
Numbers = NDArray[np.float64]

_ENOUGH = 1e-6


class Suppression:
    """A choice of counts that are hidden, for counts of which some must be."""

    def __init__(self, counts: Mapping[Any, int], sums: Sequence[Sum], small: int, costs: Mapping[Any, float]) -> None:
        self.names = [name for name, count in counts.items() if count]
        self._place = {name: number for number, name in enumerate(self.names)}
        self._true = np.array([counts[name] for name in self.names], dtype=float)
        self._costs = np.array([costs.get(name, 1.0) for name in self.names])
        self._needed = small + 1
        self._must = self._true <= small
        self._sums = np.zeros((len(sums), len(self.names)))
        for row, (total, parts) in enumerate(sums):
            for name, sign in ((total, 1.0), *((part, -1.0) for part in parts)):
                if name in self._place:
                    self._sums[row, self._place[name]] += sign
        self._conditions: list[tuple[Numbers, float]] = []

    def cheapest(self) -> set[Hashable]:
        """The names of the counts to be hidden."""
        hidden = self._must.copy()
        while self._add_conditions(hidden):
            hidden = self._solve()
        for place in sorted(self._places(hidden & ~self._must), key=lambda one: -self._costs[one]):
            if self._is_known(place, hidden):  # a reader computes it, so it may as well be shown
                hidden[place] = False
        return {self.names[place] for place in np.flatnonzero(hidden)}

    def _add_conditions(self, hidden: NDArray[np.bool_]) -> bool:
        """Whether a count is not safe. What would make it safe becomes a condition."""
        before = len(self._conditions)
        for place in self._places(self._must):
            condition = self._condition(place, hidden)
            if condition is not None:
                self._conditions.append(condition)
        if before == len(self._conditions) and (unsafe := self._fractions_only(hidden)):
            self._conditions += unsafe
        return len(self._conditions) > before

    def _condition(self, place: int, hidden: NDArray[np.bool_]) -> tuple[Numbers, float] | None:
        """Factors of the choice (1: hidden) whose sum must not be less than the second value; None if it is safe."""
        found = self._highest(place, hidden)
        need = self._needed - self._true[place]
        if found is None or -found.fun >= need - _ENOUGH:
            return None
        gain = self._sums.T @ found.eqlin.marginals
        gain[place] += 1
        factors = np.where(gain > _ENOUGH, need, -gain * (self._true - 1))
        need -= factors[self._must].sum()
        factors[self._must] = 0
        factors[factors < _ENOUGH] = 0
        return np.minimum(factors, need), need

    def _highest(self, place: int, hidden: NDArray[np.bool_], sign: float = 1) -> Any:
        """By how much a hidden count may be higher (or lower, `sign` -1) than it is; None for without an end."""
        from scipy.optimize import linprog

        columns = np.flatnonzero(hidden)
        aim = np.where(columns == place, -sign, 0.0)
        limits = [(1 - self._true[one], None) for one in columns]
        found = linprog(aim, A_eq=self._sums[:, columns], b_eq=np.zeros(len(self._sums)), bounds=limits)
        return found if found.status == 0 else None

    @staticmethod
    def _places(of: NDArray[np.bool_]) -> list[int]:
        return [int(place) for place in np.flatnonzero(of)]

    def _is_known(self, place: int, hidden: NDArray[np.bool_]) -> bool:
        ends = (self._highest(place, hidden, sign) for sign in (1.0, -1.0))
        return all(end is not None and abs(end.fun) < _ENOUGH for end in ends)

    def _fractions_only(self, hidden: NDArray[np.bool_]) -> list[tuple[Numbers, float]]:
        """A condition if a count is safe only for a reader who imagines fractions: something more is hidden."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        columns = np.flatnonzero(hidden)
        for place in self._places(self._must):
            lowest = np.where(columns == place, self._needed, 1) - self._true[columns]
            found = milp(
                np.zeros(len(columns)),
                integrality=np.ones(len(columns)),
                bounds=Bounds(lowest, np.inf),
                constraints=LinearConstraint(self._sums[:, columns], 0, 0),
            )
            if found.status != 0:
                return [(np.where(hidden, 0.0, 1.0), 1.0)]
        return []

    def _solve(self) -> NDArray[np.bool_]:
        """The cheapest choice that meets all conditions so far."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        found = milp(
            self._costs,
            integrality=np.ones(len(self.names)),
            bounds=Bounds(self._must.astype(float), 1),
            constraints=LinearConstraint(
                np.array([factors for factors, _need in self._conditions]),
                np.array([need for _factors, need in self._conditions]) - _ENOUGH,
                np.inf,
            ),
            options={"time_limit": 20.0},
        )
        return np.asarray(found.x > 0.5)
