"""The picture of the call script can be read: boxes apart, lines downwards, few of them crossing."""

from __future__ import annotations

from itertools import combinations

from ivr.flows.layered_layout import Layout
from ivr.prompts.script import script


def test_a_diamond_is_drawn_as_one() -> None:
    widths = dict.fromkeys(("start", "left", "right", "end"), 50.0)
    layout = Layout(widths, [("start", "left"), ("start", "right"), ("left", "end"), ("right", "end")])
    (start_x, start_y), (end_x, end_y) = layout.at["start"], layout.at["end"]
    assert start_x == end_x
    assert start_y < layout.at["left"][1] == layout.at["right"][1] < end_y
    assert layout.at["left"][0] < start_x < layout.at["right"][0]


def test_lines_that_would_cross_are_sorted_out() -> None:
    widths = dict.fromkeys(("start", "a", "b", "under_b", "under_a"), 40.0)
    layout = Layout(widths, [("start", "a"), ("start", "b"), ("b", "under_b"), ("a", "under_a")])
    assert (layout.at["a"][0] < layout.at["b"][0]) == (layout.at["under_a"][0] < layout.at["under_b"][0])


def test_a_circle_has_one_line_upwards_and_a_long_line_bends_at_every_layer() -> None:
    widths = dict.fromkeys("abc", 40.0)
    layout = Layout(widths, [("a", "b"), ("b", "c"), ("c", "a"), ("a", "c")])
    assert [layout.at[name][1] for name in "abc"] == [0.0, 80.0, 160.0]
    assert len(layout.bends["a", "c"]) == len(layout.bends["c", "a"]) == 1
    assert layout.bends["a", "b"] == []


def test_a_step_that_leads_to_itself_needs_no_line() -> None:
    assert Layout({"a": 40.0}, [("a", "a")]).at == {"a": (20.0, 0.0)}


def test_the_script_fits_a_page_and_no_two_boxes_touch(empty_database) -> None:
    flow = script()
    names = sorted(flow.steps, key=lambda name: name != flow.start)
    widths = {name: 7.4 * len(name) + 20 for name in names}
    edges = [(name, way) for name in flow.steps for way in dict.fromkeys(flow.ways(name))]
    layout = Layout(widths, edges)
    for one, other in combinations(names, 2):
        if layout.at[one][1] == layout.at[other][1]:
            apart = abs(layout.at[one][0] - layout.at[other][0])
            assert apart >= (widths[one] + widths[other]) / 2 + 20, (one, other)
    downwards = [layout.at[before][1] < layout.at[after][1] for before, after in edges if before != after]
    assert sum(downwards) > 0.85 * len(downwards)
    assert max(x for x, _ in layout.at.values()) < 3500
