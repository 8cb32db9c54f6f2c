"""Small numbers cannot be computed from what is published."""

from __future__ import annotations

import itertools
import random
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as patience
from hypothesis import strategies as some
from sqlalchemy import delete

from ivr.models.reporting import DailyMetric
from ivr.platform import database
from ivr.reporting import dimension_labels, disclosure_control, publication, senate_statement
from ivr.reporting.tables import HIDDEN
from tests.support import sample_month
from tests.support.reports import MONTH, published
from tests.support.volume import volume


def test_the_published_statement_can_not_be_solved(counted) -> None:
    """Everything a reader sees in both reports, and all they know of which numbers are sums of which."""
    published()
    true: dict[str, int] = {}
    sums = []
    with database.reading() as session:
        contents = [session.get_one(publication.Publication, (name, MONTH)).content for name in publication._PUBLISHED]
        for counts, _tables in publication._PUBLISHED.values():
            theirs, equations = counts(session, sample_month.FIRST, sample_month.LAST)
            assert all(true.get(key, value) == value for key, value in theirs.items()), "shared numbers are the same"
            true |= theirs
            sums += equations
    assert contents[0]["counts"] == contents[1]["counts"]
    hidden = {key for key, value in contents[0]["counts"].items() if value is None}
    assert {key for key, value in true.items() if value in (1, 2)} <= hidden
    attack(true, sums, hidden)
    assert {"missed", "in_time", "decided"} <= set(true)


def attack(true, sums, hidden) -> None:
    """Nothing hidden is known to be small to somebody who solves every equation."""
    equations = [(total, parts) for total, parts in sums if hidden & {total, *parts}]
    for name in sorted(hidden, key=str):
        if 0 < true[name] <= disclosure_control.SMALL:
            low, high = disclosure_control.possible(name, sorted(hidden, key=str), equations, true)
            assert low < high, f"{name} is {low}"
            assert high > disclosure_control.SMALL, f"{name} is 1 or 2"


# -- houses of all kinds ------------------------------------------------------------------------------


def a_house(dice: random.Random) -> None:
    """The final figures of a month in which little or much happened, in few or many offices and languages."""
    size = dice.choice([0.3, 1, 4, 15, 60])
    keys = {"office": 9, "language": dice.randint(2, 12), "concern": 9}
    of_tasks = {"tasks": 20, "tried_in_time": 15, "tried_missed": 2, "reached_in_time": 12, "reached_missed": 3,
                "closed_unspoken": 4}  # fmt: skip
    figures: dict[tuple[str, str, str], int] = {}
    for name, usual in of_tasks.items():
        count = round(usual * size * dice.uniform(0.5, 2))
        for dimension, many in keys.items():
            names = dimension_labels.keys(dimension)[:many]
            chances = [dice.random() ** 3 + 0.01 for _ in names]
            for key in dice.choices(names, chances, k=count):
                figures[dimension, name, key] = figures.get((dimension, name, key), 0) + 1
    for key in dice.choices(dimension_labels.keys("reason"), k=round(3 * size)):
        figures["reason", "refused", key] = figures.get(("reason", "refused", key), 0) + 1
    young, urgent, both, rest = (round(dice.uniform(0, 3) * size) for _ in range(4))
    answered, late, gone, early, unserved, to_task = (round(dice.uniform(0, 9) * size) for _ in range(6))
    talks, wanted = answered + late, round(dice.uniform(0, 2) * size)
    totals = {
        "agreed": young + urgent + both + rest, "agreed_urgent": urgent + both, "agreed_under_25": young + both,
        "agreed_urgent_under_25": both, "consultations": rest, "consultations_large": dice.randint(0, rest),
        "wishes_in_person": figures.get(("concern", "tasks", "appointment"), 0), "calls": 99 * answered,
        "waited": talks + gone + early + unserved + to_task, "answered": talks, "answered_in_time": answered,
        "abandoned": gone, "abandoned_early": early, "unserved": unserved,
        "tried_within_24h": round(15 * size * dice.random()), "not_tried_within_24h": round(3 * size * dice.random()),
        "to_task": to_task, "conversations": talks, "settled": dice.randint(0, talks), "interpreters_wanted": wanted,
        "interpreters_in_time": dice.randint(0, wanted),
    }  # fmt: skip
    for name in of_tasks:
        totals[name] = sum(
            count for (dimension, of, _), count in figures.items() if (dimension, of) == ("office", name)
        )
    figures |= {("", name, ""): count for name, count in totals.items()}
    with database.writing() as session:
        session.execute(delete(DailyMetric))
        session.add_all(
            DailyMetric(dimension=dimension, name=name, day=MONTH, key=key, value=count)
            for (dimension, name, key), count in figures.items()
        )


@pytest.mark.soak
def test_no_house_gives_a_small_number_away(empty_database) -> None:
    """What a reader of both reports does: every sum they can think of, and every share that is said."""
    dice = random.Random(22)
    said = many = 0
    for _ in range(volume(test=3, ci=10, soak=1000)):
        a_house(dice)
        with database.reading() as session:
            true, sums = publication._counted(session, MONTH, sample_month.LAST)
        seen = publication._seen(true, sums)
        small = [name for name, count in true.items() if count in (1, 2)]
        assert all(seen[name] is HIDDEN for name in small)
        assert recovered(true, seen) == []
        for name, count in true.items():
            if name.partition("/")[0] == "decided" and count >= 10:
                at = name.removeprefix("decided")
                many += 1
                said += f"share{at}" in seen or HIDDEN not in (seen[name], seen[f"in_time{at}"])
    assert said >= 0.8 * many


def recovered(true: dict[str, int], seen: dict) -> list[str]:
    """The small numbers that follow from what is seen. The equations are a reader's, not those of the product."""
    names = [name for name in true if not name.endswith(("/late", "/open", "wishes/rest"))]
    place = {name: number for number, name in enumerate(names)}
    rows: list[np.ndarray] = []
    lowest: list[float] = []
    highest: list[float] = []

    def know(factors: dict[str, float], low: float = 0, high: float = 0) -> None:
        row = np.zeros(len(names))
        for name, factor in factors.items():
            row[place[name]] += factor
        rows.append(row)
        lowest.append(low)
        highest.append(high)

    def adds_up(total: str, *parts: str) -> None:
        know({total: 1.0, **dict.fromkeys(parts, -1.0)})

    for measure, (kept, missed) in {
        "decided": ("in_time", "missed"), "reached_decided": ("reached_in_time", "reached_missed"),
    }.items():  # fmt: skip
        for name in [name for name in names if name.partition("/")[0] == measure]:
            at = name.removeprefix(measure)
            adds_up(name, kept + at, missed + at)
    for what in (
        "tasks",
        "decided",
        "in_time",
        "missed",
        "reached_decided",
        "reached_in_time",
        "reached_missed",
        "closed_unspoken",
    ):
        for dimension in senate_statement.BREAKDOWNS:
            adds_up(what, *(name for name in names if name.startswith(f"{what}/{dimension}/")))
    adds_up("refused", *(name for name in names if name.startswith("refused/")))
    adds_up("consultations", "consultations/large", "consultations/small")
    for one, other in (("urgent", "other"), ("/under_25", "/25_and_over")):
        adds_up("agreed", f"agreed/{one}", f"agreed/{other}")
    for group in ("under_25", "25_and_over"):
        adds_up(f"agreed//{group}", f"agreed/urgent/{group}", f"agreed/other/{group}")
    for row in ("urgent", "other"):
        adds_up(f"agreed/{row}", f"agreed/{row}/under_25", f"agreed/{row}/25_and_over")
    adds_up("waited", "answered_in_time", "waited/rest")
    adds_up("waited", "answered", "abandoned", "abandoned_early", "to_task", "unserved")
    adds_up("decided_24h", "tried_within_24h", "not_tried_within_24h")
    adds_up("conversations", "settled", "conversations/rest")
    adds_up("answered", "conversations")
    adds_up("interpreters_wanted", "interpreters_in_time", "interpreters_wanted/rest")
    know({"answered": 1.0, "answered_in_time": -1.0}, 0, np.inf)
    know({"tasks/concern/appointment": 1.0, "wishes": -1.0}, 0, np.inf)
    for name, band in seen.items():
        if name.startswith("share"):
            at = name.removeprefix("share")
            low, high = (float(number) for number in band.removesuffix("\u202f%").split("–"))
            know({f"in_time{at}": 100.0, f"decided{at}": -low}, 0, np.inf)
            know({f"in_time{at}": 100.0, f"decided{at}": -high}, -np.inf, 0)
    from scipy.optimize import linprog  # takes a second

    bounds = [(1, None) if seen[name] is HIDDEN else (true[name], true[name]) for name in names]
    matrix, equal = np.array(rows), np.array(lowest) == np.array(highest)
    unequal = matrix[~equal]
    limits = {
        "A_eq": matrix[equal], "b_eq": np.zeros(equal.sum()),
        "A_ub": np.vstack([np.where(np.isinf(highest)[~equal][:, None], -unequal, unequal)]),
        "b_ub": np.zeros((~equal).sum()),
    }  # fmt: skip
    found = []
    for name in names:
        if true[name] in (1, 2):
            best = linprog(-np.eye(len(names))[place[name]], bounds=bounds, **limits)
            assert best.status in (0, 3), best.message
            if best.status == 0 and -best.fun < 3 - 1e-6:
                found.append(name)
    return found


@pytest.mark.soak
@patience(max_examples=volume(test=8, ci=30, soak=300), suppress_health_check=list(HealthCheck))
@given(some.lists(some.lists(some.sampled_from([0, 0, 1, 2, 3, 5]), min_size=3, max_size=3), min_size=2, max_size=3))
def test_no_choice_hides_less(cells: list[list[int]]) -> None:
    """Every choice that hides fewer numbers gives one away."""
    true, sums = with_margins(cells)
    chosen = disclosure_control.suppress(true, sums)
    small = {name for name, value in true.items() if value in (1, 2)}
    others = [name for name, value in true.items() if value and name not in small]
    for count in range(len(chosen) - len(small)):
        for more in itertools.islice(itertools.combinations(others, count), 40):
            hidden = small | set(more)
            equations = [(total, parts) for total, parts in sums if hidden & {total, *parts}]
            known = sorted(hidden, key=str)
            assert any(disclosure_control.possible(name, known, equations, true)[1] <= 2 for name in small)


@pytest.mark.soak
@patience(max_examples=volume(test=8, ci=30, soak=300), suppress_health_check=list(HealthCheck))
@given(some.lists(some.lists(some.sampled_from([0, 0, 1, 2, 3, 4, 9]), min_size=3, max_size=3), min_size=2, max_size=3))
def test_no_table_with_margins_can_be_recovered_by_trying_everything(cells: list[list[int]]) -> None:
    """The attack by brute force: all tables a reader can imagine that fit what is published."""
    true, sums = with_margins(cells)
    hidden = disclosure_control.suppress(true, sums)
    assert {name for name, value in true.items() if value in (1, 2)} <= hidden
    assert not {name for name, value in true.items() if value == 0} & hidden
    unknown = sorted((name for name in hidden if len(name) == 2), key=str)
    if len(unknown) > 4:
        return
    possible: dict = {name: set() for name in hidden}
    for guess in itertools.product(range(1, 14), repeat=len(unknown)):
        table = [list(row) for row in cells]
        for (row, column), value in zip(unknown, guess, strict=True):
            table[row][column] = value
        imagined, _ = with_margins(table)
        if all(imagined[name] == true[name] for name in true if name not in hidden):
            for name in hidden:
                possible[name].add(imagined[name])
    for name, values in possible.items():
        assert len(values) > 1, (name, values)
        assert max(values) > 2, (name, values)


def with_margins(cells: list[list[int]]) -> tuple[dict, list]:
    rows, columns = range(len(cells)), range(len(cells[0]))
    found = {(row, column): cells[row][column] for row in rows for column in columns}
    found |= {("row", row, ""): sum(cells[row]) for row in rows}
    found |= {("column", column, ""): sum(cells[row][column] for row in rows) for column in columns}
    found["all", "", ""] = sum(map(sum, cells))
    sums = [(("row", row, ""), [(row, column) for column in columns]) for row in rows]
    sums += [(("column", column, ""), [(row, column) for row in rows]) for column in columns]
    sums += [(("all", "", ""), [("row", row, "") for row in rows])]
    sums += [(("all", "", ""), [("column", column, "") for column in columns])]
    return found, sums


def test_two_successive_reports_cannot_be_subtracted(counted) -> None:
    """A late entry changes nothing that is published; and no published period overlaps another."""
    before = published()
    with database.writing() as session:
        session.add(DailyMetric(dimension="", name="agreed", day=date(2026, 10, 31), key="", value=1.0))
    assert published() == before
    with pytest.raises(publication.NotYet):
        published(month=date(2026, 11, 1))


def test_numbers_that_do_not_add_up_are_noticed() -> None:
    with pytest.raises(ValueError, match="not the sum"):
        disclosure_control.suppress({"all": 4, "a": 1, "b": 2}, [("all", ["a", "b"])])


def test_hiding_stops_where_nothing_is_left_to_hide() -> None:
    assert disclosure_control.suppress({"all": 2, "a": 2, "b": 0}, [("all", ["a", "b"])]) == {"all", "a"}
    assert disclosure_control.suppress({"all": 12, "a": 5, "b": 7}, [("all", ["a", "b"])]) == set()
    dice = random.Random(5)
    many = {f"k{n}": dice.choice([0, 1, 5, 40]) for n in range(12)}
    total = {"all": sum(many.values())}
    attack(many | total, [("all", list(many))], disclosure_control.suppress(many | total, [("all", list(many))]))


def test_a_small_count_that_is_in_no_sum_is_hidden_alone() -> None:
    assert disclosure_control.suppress({"calls": 1, "all": 5, "a": 5}, [("all", ["a"])]) == {"calls"}
