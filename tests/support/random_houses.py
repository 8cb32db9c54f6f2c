"""Houses of all kinds: the figures of months that follow each other, with requests that are decided months later."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete

from ivr.models.reporting import DailyMetric
from ivr.platform import database
from ivr.reporting import dimension_labels

_KEYS = ("office", "language", "concern")


@dataclass
class _Request:
    """One caller's request, by office, language and concern, and which of its promises are still open."""

    keys: dict[str, str]
    tried_open: bool = True
    reached_open: bool = True


class House:
    """A hotline in which little or much happens, in few or many offices and languages."""

    def __init__(self, dice: random.Random) -> None:
        self._dice, self._open = dice, list[_Request]()
        self.size = dice.choice([0.3, 1, 4, 15, 60])
        many = {"office": 9, "language": dice.randint(2, 12), "concern": 9}
        names = {dimension: dimension_labels.keys(dimension)[: many[dimension]] for dimension in _KEYS}
        self._chances = {dimension: {name: dice.random() ** 3 + 0.01 for name in of} for dimension, of in names.items()}
        self._slow = dice.choice([0.0, 0.05, 0.3])

    def happens(self, month: date) -> None:
        """A month's figures, all of them final, in the database."""
        figures = self._requests() + self._calls()
        with database.writing() as session:
            session.execute(delete(DailyMetric).where(DailyMetric.day == month))
            session.add_all(
                DailyMetric(dimension=dimension, name=name, day=month, key=key, value=count)
                for (dimension, name, key), count in figures.items()
            )

    def _requests(self) -> Counter[tuple[str, str, str]]:
        dice, figures = self._dice, Counter[tuple[str, str, str]]()

        def count(name: str, request: _Request) -> None:
            figures["", name, ""] += 1
            figures.update({(dimension, name, key): 1 for dimension, key in request.keys.items()})

        for _ in range(round(20 * self.size * dice.uniform(0.5, 2))):
            keys = {dimension: dice.choices(list(of), list(of.values()))[0] for dimension, of in self._chances.items()}
            self._open.append(_Request(keys))
            count("tasks", self._open[-1])
            if keys["concern"] == "appointment" and dice.random() < 0.8:
                figures["", "wishes_in_person", ""] += 1
        for request in self._open:
            if request.tried_open and dice.random() > self._slow:
                request.tried_open = False
                in_time = dice.random() < 0.9
                count("tried_in_time" if in_time else "tried_missed", request)
                within = in_time or dice.random() < 0.5
                figures["", "tried_within_24h" if within else "not_tried_within_24h", ""] += 1
            if request.reached_open and dice.random() > self._slow + 0.1:
                request.reached_open = False
                count(dice.choice(["reached_in_time"] * 3 + ["reached_missed", "closed_unspoken"]), request)
        self._open = [request for request in self._open if request.tried_open or request.reached_open]
        return figures

    def _calls(self) -> Counter[tuple[str, str, str]]:
        dice, size = self._dice, self.size
        figures = Counter({("reason", "refused", key): 0 for key in dimension_labels.keys("reason")})
        figures.update(("reason", "refused", key) for key in dice.choices(
            dimension_labels.keys("reason"), k=round(3 * size * dice.random())))  # fmt: skip
        young, urgent, both, rest = (round(dice.uniform(0, 3) * size) for _ in range(4))
        answered, late, gone, early, unserved, to_task = (round(dice.uniform(0, 9) * size) for _ in range(6))
        talks, wanted = answered + late, round(dice.uniform(0, 2) * size)
        totals = {
            "agreed": young + urgent + both + rest, "agreed_urgent": urgent + both, "agreed_under_25": young + both,
            "agreed_urgent_under_25": both, "consultations": rest, "consultations_large": dice.randint(0, rest),
            "calls": 99 * answered, "waited": talks + gone + early + unserved + to_task, "answered": talks,
            "answered_in_time": answered, "abandoned": gone, "abandoned_early": early, "unserved": unserved,
            "to_task": to_task, "conversations": talks, "settled": dice.randint(0, talks),
            "interpreters_wanted": wanted, "interpreters_in_time": dice.randint(0, wanted),
        }  # fmt: skip
        figures.update({("", name, ""): count for name, count in totals.items()})
        return figures
