"""Draws a call script as SVG, always from the script itself."""

from __future__ import annotations

from collections import defaultdict
from html import escape
from itertools import pairwise

from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout
from grandalf.routing import EdgeViewer

from ivr.flows.steps import (
    Branch,
    End,
    EnterDigits,
    Find,
    Flow,
    Menu,
    PlayBack,
    Promise,
    Record,
    Step,
    Talk,
    WaitInQueue,
)

_HEIGHT, _CHARACTER, _MARGIN = 34, 7.4, 24
#: Colour and German name of each kind of step.
_KINDS: dict[type, tuple[str, str]] = {
    Menu: ("#dbeafe", "Auswahl"),
    EnterDigits: ("#e0e7ff", "Eingabe"),
    Record: ("#fee2e2", "Ton und Aufnahme"),
    WaitInQueue: ("#dcfce7", "Warteschlange"),
    Talk: ("#dcfce7", "Gespräch"),
    Promise: ("#fef9c3", "Zusage"),
    End: ("#e5e7eb", "Ende"),
    Branch: ("#ffffff", "Weiche"),
    Find: ("#ffffff", "Weiche"),
}
_OTHER = ("#f3f4f6", "Ansage")


class _Box:
    def __init__(self, name: str) -> None:
        self.w, self.h = len(name) * _CHARACTER + 20, _HEIGHT
        self.xy = (0.0, 0.0)


class _Line(EdgeViewer):
    pass


def svg(flow: Flow) -> str:
    """The script as an SVG document: boxes for steps, lines labelled with keys, the beginning on top."""
    vertices = {name: Vertex(name) for name in flow.steps}
    for name, vertex in vertices.items():
        vertex.view = _Box(name)
    labels = {pair: " ".join(keys) for pair, keys in _edges(flow).items()}
    edges = []
    for before, after in labels:
        edge = Edge(vertices[before], vertices[after])
        edge.view = _Line()
        edges.append(edge)
    graph = Graph(list(vertices.values()), edges)
    left, drawn = float(_MARGIN), []
    width = height = 0.0
    for component in sorted(graph.C, key=lambda part: -part.order()):
        layout = SugiyamaLayout(component)
        roots = [vertex for vertex in component.sV if vertex.data == flow.start]
        layout.init_all(roots=roots or None, optimize=True)
        layout.xspace, layout.yspace = 26, 46
        layout.draw(6)
        boxes = [vertex.view for layer in layout.layers for vertex in layer]
        shift_x = left - min(box.xy[0] - box.w / 2 for box in boxes)
        shift_y = _MARGIN + 40 - min(box.xy[1] - box.h / 2 for box in boxes)
        for edge in component.sE:
            points = [(x + shift_x, y + shift_y) for x, y in _route(edge, layout)]
            drawn.append(_line(points, labels[(edge.v[0].data, edge.v[1].data)]))
        for vertex in component.sV:
            x, y = vertex.view.xy[0] + shift_x, vertex.view.xy[1] + shift_y
            drawn.append(_box(vertex.data, flow.steps[vertex.data], x, y, vertex.view.w))
        left = max(box.xy[0] + box.w / 2 for box in boxes) + shift_x + 60
        width = max(width, left)
        height = max(height, max(box.xy[1] + box.h / 2 for box in boxes) + shift_y)
    width, height = width + _MARGIN, height + _MARGIN
    anywhere = ", ".join(f"{key} → {choice.to}" for key, choice in sorted(flow.anywhere.items()))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" role="img" aria-label="Ablauf des Anrufs" font-family="sans-serif" font-size="12">',
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="#475569"/></marker></defs>',
            *_legend(f"überall: {anywhere}, * wiederholt, # geht zurück; – steht für Stille"),
            *drawn,
            "</svg>",
            "",
        ]
    )


def _edges(flow: Flow) -> dict[tuple[str, str], list[str]]:
    edges: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, step in flow.steps.items():
        labelled = _labelled(step)
        for way in flow.ways(name):
            edges[name, way] = labelled.get(way, [])
    return edges


def _labelled(step: Step) -> dict[str, list[str]]:
    """What stands on the lines to the steps that follow."""
    labels: dict[str, list[str]] = defaultdict(list)
    match step:
        case Menu(choices=choices, otherwise=otherwise):
            for key, choice in choices.items():
                labels[choice.to].append(key)
            labels[otherwise].append("–")
        case EnterDigits(otherwise=otherwise) | Record(otherwise=otherwise) | PlayBack(otherwise=otherwise):
            labels[otherwise].append("–")
        case Branch(yes=yes, no=no):
            labels[yes].append("ja")
            labels[no].append("nein")
        case WaitInQueue(ways=ways, otherwise=otherwise):
            for reason, way in ways.items():
                labels[way].append(reason)
            labels[otherwise].append("–")
        case Find(outcomes=outcomes):
            for outcome, way in outcomes.items():
                labels[way].append(outcome)
    return labels


def _route(edge: Edge, layout: SugiyamaLayout) -> list[tuple[float, float]]:
    """Points of a line, through the layers between its ends."""
    before, after = edge.v[0].view, edge.v[1].view
    between = layout.ctrls.get(edge) or {}
    inner = [between[rank].view.xy for rank in sorted(between)]
    if before.xy[1] > after.xy[1]:
        inner.reverse()
    down = before.xy[1] <= after.xy[1]
    start = (before.xy[0], before.xy[1] + (before.h / 2 if down else -before.h / 2))
    end = (after.xy[0], after.xy[1] + (-after.h / 2 if down else after.h / 2))
    return [start, *inner, end]


def _line(points: list[tuple[float, float]], label: str) -> str:
    (x, y), *rest = points
    path = f"M{x:.0f} {y:.0f}"
    for (x0, y0), (x1, y1) in pairwise([(x, y), *rest]):
        middle = (y0 + y1) / 2
        path += f"C{x0:.0f} {middle:.0f} {x1:.0f} {middle:.0f} {x1:.0f} {y1:.0f}"
    drawn = f'<path d="{path}" fill="none" stroke="#475569" stroke-opacity=".7" marker-end="url(#tip)"/>'
    if label:
        x1, y1 = rest[0]
        at = 0.2
        drawn += (
            f'<text x="{x + (x1 - x) * at * 0.6 + 3:.0f}" y="{y + (y1 - y) * at + 8:.0f}" fill="#1e3a8a" '
            f'font-size="11" font-weight="bold">{escape(label)}</text>'
        )
    return drawn


def _box(name: str, step: Step, x: float, y: float, width: float) -> str:
    fill, kind = _KINDS.get(type(step), _OTHER)
    return (
        f"<g><title>{escape(kind)}: {escape(name)}</title>"
        f'<rect x="{x - width / 2:.0f}" y="{y - _HEIGHT / 2:.0f}" width="{width:.0f}" height="{_HEIGHT}" rx="6" '
        f'fill="{fill}" stroke="#475569"/>'
        f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle" fill="#0f172a">{escape(name)}</text></g>'
    )


def _legend(note: str) -> list[str]:
    drawn, x = [], float(_MARGIN)
    for fill, kind in dict.fromkeys([*_KINDS.values(), _OTHER]):
        drawn.append(
            f'<rect x="{x:.0f}" y="10" width="14" height="14" rx="3" fill="{fill}" stroke="#475569"/>'
            f'<text x="{x + 20:.0f}" y="22" fill="#0f172a">{kind}</text>'
        )
        x += 40 + len(kind) * _CHARACTER
    drawn.append(f'<text x="{x:.0f}" y="22" fill="#0f172a">{escape(note)}</text>')
    return drawn
