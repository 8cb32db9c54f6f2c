"""Small numbers cannot be computed from what is published."""

from __future__ import annotations

import itertools
import random
from datetime import date

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as patience
from hypothesis import strategies as some

from ivr.models.reporting import DailyMetric
from ivr.platform import database
from ivr.reporting import disclosure_control, publication
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


@pytest.mark.soak
@patience(max_examples=volume(test=8, ci=30, soak=80, night=300), suppress_health_check=list(HealthCheck))
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
@patience(max_examples=volume(test=8, ci=30, soak=80, night=300), suppress_health_check=list(HealthCheck))
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
