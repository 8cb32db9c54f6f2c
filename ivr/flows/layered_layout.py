"""Places the boxes of a directed graph in layers, with few crossing lines (the method of Sugiyama).

Four steps: turn back edges around, so that no circle is left; give each box the layer after its predecessors; order the
boxes of each layer by the mean place of their neighbours; place them as near to these as their widths allow.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

Point = tuple[float, float]
#: A box, or the point where a long edge (before, after) crosses a layer.
_Node = str | tuple[str, str, int]
#: Distances (pixels) between the borders of neighbouring boxes, and between the middles of two layers.
_GAP, _LAYER = 26.0, 80.0
#: Width of the room an edge takes when it crosses a layer.
_EDGE_WIDTH = 4.0
_SWEEPS = 24


class Layout:
    """Where boxes and edges of a graph are.

    `at` maps a box to the middle of it; `bends` maps an edge to the points between its ends. `widths` are those of the
    boxes, the first of which is the start.
    """

    def __init__(self, widths: Mapping[str, float], edges: Sequence[tuple[str, str]]) -> None:
        self._widths = widths
        backward = _back_edges(list(widths), edges)
        self._chains: dict[tuple[str, str], list[_Node]] = {}
        layer_of = _layers(list(widths), [(b, a) if (a, b) in backward else (a, b) for a, b in edges if a != b])
        self._layers: list[list[_Node]] = [[] for _ in range(max(layer_of.values()) + 1)]
        self._neighbours: dict[_Node, list[_Node]] = defaultdict(list)
        for name, layer in layer_of.items():
            self._layers[layer].append(name)
        for before, after in edges:
            if before != after:
                self._add_edge(before, after, layer_of)
        self._order()
        places = self._place()
        layer_numbers = {node: number for number, nodes in enumerate(self._layers) for node in nodes}
        points = {node: (places[node], layer_numbers[node] * _LAYER) for node in places}
        self.at: dict[str, Point] = {name: points[name] for name in widths}
        self.bends = {edge: [points[node] for node in chain] for edge, chain in self._chains.items()}

    def _add_edge(self, before: str, after: str, layer_of: Mapping[str, int]) -> None:
        first, last = layer_of[before], layer_of[after]
        step = 1 if last > first else -1
        between: list[_Node] = [(before, after, layer) for layer in range(first + step, last, step)]
        for node, layer in zip(between, range(first + step, last, step), strict=True):
            self._layers[layer].append(node)
        self._chains[before, after] = between
        for one, next_one in pairwise([before, *between, after]):
            self._neighbours[one].append(next_one)
            self._neighbours[next_one].append(one)

    def _order(self) -> None:
        """Order every layer by the mean place of the neighbours, downwards and upwards in turn; keep the best."""
        best, fewest = [list(layer) for layer in self._layers], float("inf")
        for sweep in range(_SWEEPS):
            numbers = range(1, len(self._layers)) if sweep % 2 == 0 else range(len(self._layers) - 2, -1, -1)
            for number in numbers:
                other = self._layers[number - 1 if sweep % 2 == 0 else number + 1]
                place = {node: index for index, node in enumerate(other)}
                own = {node: index for index, node in enumerate(self._layers[number])}
                self._layers[number].sort(key=lambda node, p=place, o=own: self._mean(node, p, o[node]))  # type: ignore[misc]
            crossings = sum(self._crossings(above, below) for above, below in pairwise(self._layers))
            if crossings < fewest:
                best, fewest = [list(layer) for layer in self._layers], crossings
        self._layers = best

    def _mean(self, node: _Node, places: Mapping[_Node, float], otherwise: float) -> float:
        known = [places[neighbour] for neighbour in self._neighbours[node] if neighbour in places]
        return sum(known) / len(known) if known else otherwise

    def _crossings(self, above: Sequence[_Node], below: Sequence[_Node]) -> int:
        place = {node: index for index, node in enumerate(below)}
        seen: list[int] = []
        count = 0
        for node in above:
            ends = sorted(place[other] for other in self._neighbours[node] if other in place)
            count += sum(len(seen) - bisect_right(seen, end) for end in ends)
            seen = sorted([*seen, *ends])
        return count

    def _place(self) -> dict[_Node, float]:
        """Horizontal middles: near the neighbours' mean, without two boxes of a layer touching."""
        places: dict[_Node, float] = {}
        for layer in self._layers:
            places.update(zip(layer, self._separated(layer, [0.0] * len(layer)), strict=True))
        for sweep in range(_SWEEPS):
            for layer in self._layers if sweep % 2 == 0 else reversed(self._layers):
                wanted = [self._mean(node, places, places[node]) for node in layer]
                places.update(zip(layer, self._separated(layer, wanted), strict=True))
        left = min(place - self._width(node) / 2 for node, place in places.items())
        return {node: place - left for node, place in places.items()}

    def _width(self, node: _Node) -> float:
        return self._widths[node] if isinstance(node, str) else _EDGE_WIDTH

    def _separated(self, layer: Sequence[_Node], wanted: Sequence[float]) -> list[float]:
        """The places nearest to those wanted (least squares) that keep order and distance: isotonic regression."""
        offsets = [0.0]
        for one, next_one in pairwise(layer):
            offsets.append(offsets[-1] + (self._width(one) + self._width(next_one)) / 2 + _GAP)
        blocks: list[tuple[float, int]] = []  # mean and number of nodes that are moved together
        for place, offset in zip(wanted, offsets, strict=False):
            mean, count = place - offset, 1
            while blocks and blocks[-1][0] > mean:
                other, more = blocks.pop()
                mean, count = (mean * count + other * more) / (count + more), count + more
            blocks.append((mean, count))
        means = [mean for mean, count in blocks for _ in range(count)]
        return [mean + offset for mean, offset in zip(means, offsets, strict=False)]


def _back_edges(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Edges that lead back to a box on the way from the start: without them there is no circle."""
    after: dict[str, list[str]] = defaultdict(list)
    for one, other in edges:
        after[one].append(other)
    done: set[str] = set()
    found: set[tuple[str, str]] = set()
    for start in names:
        way = [(start, iter(after[start]))] if start not in done else []
        on_the_way = {start}
        while way:
            name, following = way[-1]
            other = next(following, "")
            if not other:
                way.pop()
                on_the_way.discard(name)
                done.add(name)
            elif other in on_the_way:
                found.add((name, other))
            elif other not in done:
                on_the_way.add(other)
                way.append((other, iter(after[other])))
    return found


def _layers(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The layer of each box: one below the lowest of its predecessors. The edges form no circle."""
    layers = dict.fromkeys(names, 0)
    moved = True
    while moved:
        moved = False
        for before, after in edges:
            if layers[after] <= layers[before]:
                layers[after] = layers[before] + 1
                moved = True
    return layers
