"""What each cell of a report has to say, from plain SQL: nothing of the product's statements, sums or formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from ivr.reporting import dimension_labels
from ivr.reporting.tables import translator
from tests.support.plain_sql import recomputed

#: The offices' days of the two months, counted in a calendar: Mondays to Fridays, none of them a holiday.
OFFICE_DAYS = {10: 22, 11: 21}
_DE = translator("de")


@dataclass(frozen=True)
class Number:
    """A number and how it is written; None: there was nothing to measure."""

    value: Fraction | None
    kind: str = "count"

    @property
    def written(self) -> str:
        """As a German reader sees it."""
        if self.value is None:
            return "–"
        match self.kind:
            case "share":
                return f"{_rounded(self.value * 100, '0.1')} %"
            case "hours" if 0 < self.value < 1:
                return f"{max('1', _rounded(self.value * 60, '1'), key=int)} Min."
            case "hours":
                return f"{_rounded(self.value, '0.1')} Std."
            case "mean":
                return _rounded(self.value, "0.1")
        return _rounded(self.value, "1")


def _rounded(value: Fraction, to: str) -> str:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    text = f"{exact.quantize(Decimal(to), ROUND_HALF_EVEN):,}"
    return text.translate(str.maketrans(",.", ".,"))


Row = list[Any]


class Plain:
    """The figures of local days, both ends included."""

    def __init__(self, session: Any, first: date, last: date) -> None:
        self._session, self.first, self.last = session, first, last
        self._found = dict[tuple[str, str], dict[str, int]]()

    def by(self, metric: str, dimension: str = "") -> dict[str, int]:
        if (metric, dimension) not in self._found:
            self._found[metric, dimension] = recomputed(self._session, metric, self.first, self.last, dimension)
        return self._found[metric, dimension]

    def total(self, metric: str) -> int:
        return self.by(metric).get("", 0)

    def rows(self, dimension: str, metrics: Sequence[str], row: Callable[[Callable[[str], int]], Row]) -> list[Row]:
        """A row a key, then one in all. The keys that never occurred are those that the settings name."""
        found = {key for metric in metrics for key in self.by(metric, dimension)}
        keys = dimension_labels.keys(dimension, sorted(found))
        labelled = [
            [dimension_labels.name(dimension, key, "de", _DE), *row(lambda m, k=key: self.by(m, dimension).get(k, 0))]
            for key in keys
        ]
        return [*labelled, ["Insgesamt", *row(self.total)]]


def _share(part: int, whole: int, kind: str = "share") -> Number:
    return Number(Fraction(part, whole) if whole else None, kind)


def _counts(*values: int) -> list[Number]:
    return [Number(Fraction(value)) for value in values]


def statement(of: Plain) -> list[list[Row]]:
    """The monthly statement."""
    urgent, both = of.total("agreed_urgent"), of.total("agreed_urgent_under_25")
    agreed, young = of.total("agreed"), of.total("agreed_under_25")
    appointments = [
        ["aufgrund von persönlichen Not- oder Krisensituationen (1a)", *_counts(urgent, both, urgent - both)],
        ["jenseits einer Notlage (1b)",
         *_counts(agreed - urgent, young - both, agreed - urgent - young + both)],
        ["Vor-Ort-Termine insgesamt (1)", *_counts(agreed, young, agreed - young)],
    ]  # fmt: skip
    reasons = of.by("refused", "reason")
    refused = [
        [dimension_labels.name("reason", key, "de", _DE), *_counts(reasons.get(key, 0))]
        for key in dimension_labels.keys("reason", sorted(reasons))
    ]
    refused += [["Verwehrt insgesamt", *_counts(of.total("refused"))]]
    refused += [["zum Vergleich: im Monat geäußerte Wünsche nach einem persönlichen Gesprächstermin",
                 *_counts(of.total("wishes_in_person"))]]  # fmt: skip
    many, large = of.total("consultations"), of.total("consultations_large")
    consultations = [[Number(None)], [Number(None)], *([one] for one in _counts(many, large, many - large))]
    a_day = [[_share(many, OFFICE_DAYS[of.first.month], "mean")]]
    metrics = ("tasks", "tried_in_time", "tried_missed", "reached_in_time", "reached_missed", "closed_unspoken")

    def promises(get: Callable[[str], int]) -> Row:
        tasks, in_time, missed, reached, not_reached, unspoken = (get(metric) for metric in metrics)
        decided = in_time + missed
        return [*_counts(tasks, decided, in_time, missed), _share(in_time, decided),
                *_counts(reached, not_reached, unspoken)]  # fmt: skip

    by = [of.rows(dimension, metrics, promises) for dimension in ("office", "language", "concern")]
    return [appointments, refused, consultations, a_day, *by]


def scorecard(of: Plain, targets: Mapping[str, float]) -> list[list[Row]]:
    """The service scorecard. The targets are those of the settings."""
    goals = {
        "answered": (of.total("answered_in_time"), of.total("waited")),
        "settled": (of.total("settled"), of.total("conversations")),
        "tried": (of.total("tried_in_time"), of.total("tried_in_time") + of.total("tried_missed")),
        "within_24h": (
            of.total("tried_within_24h"), of.total("tried_within_24h") + of.total("not_tried_within_24h"),
        ),
        "reached": (of.total("reached_in_time"), of.total("reached_in_time") + of.total("reached_missed")),
        "interpreters": (of.total("interpreters_in_time"), of.total("interpreters_wanted")),
    }  # fmt: skip
    promised = [
        [*_counts(whole, kept, whole - kept), _share(kept, whole),
         Number(Fraction(str(targets[goal])) if goal in targets else None, "share")]
        for goal, (kept, whole) in goals.items()
    ]  # fmt: skip
    calls = ("calls", "waited", "answered", "abandoned", "abandoned_early", "to_task", "unserved")
    return [promised, [_counts(of.total(metric)) for metric in calls]]


_IN_ALL = (
    "calls", "waited", "answered", "answered_in_time", "abandoned", "abandoned_early", "to_task", "unserved", "tasks",
    "emergencies", "called_again", "attempts", "tried", "tried_in_time", "tried_missed", "tried_within_24h",
    "not_tried_within_24h", "reached", "reached_in_time", "closed_unspoken", "reached_missed", "put_off", "closed",
    "agreed", "refused", "forms_sent", "interpreters_wanted", "interpreters_joined", "interpreters_unmet",
)  # fmt: skip


def overview(of: Plain) -> list[list[Row]]:
    """The report of a period, for the house."""
    minutes = Fraction(of.total("interpreter_seconds_on_line"), 60)
    in_all = [_counts(of.total(metric)) for metric in _IN_ALL] + [[Number(Fraction(round(minutes)))]]
    metrics = (
        "tasks", "emergencies", "tried", "tried_in_time", "tried_missed", "tried_within_24h", "not_tried_within_24h",
        "tried_seconds", "reached", "reached_missed", "closed",
    )  # fmt: skip
    others = ("attempts", "called_again", "put_off", "closed_unspoken", *("waited", "agreed", "refused"))

    def promises(get: Callable[[str], int]) -> Row:
        tasks, urgent, tried, in_time, missed, within, not_within, seconds, reached, not_reached, closed = (
            get(metric) for metric in metrics
        )
        hours = Number(Fraction(seconds, tried * 3600) if tried else None, "hours")
        return [*_counts(tasks, urgent, tried), _share(in_time, in_time + missed), _share(within, within + not_within),
                *_counts(missed), hours, *_counts(reached, not_reached, closed)]  # fmt: skip

    by = [
        of.rows(dimension, (*metrics, *others), promises)
        for dimension in ("team", "office", "language", "concern", "age_group")
    ]
    return [in_all, *by]
