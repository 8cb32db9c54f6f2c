"""Draws a call script as SVG, always from the script itself."""

from __future__ import annotations

from collections import defaultdict
from html import escape

from ivr.flows.layered_layout import Layout
from ivr.flows.steps import (
    Branch,
    End,
    EnterDigits,
    Find,
    Menu,
    PlayBack,
    Promise,
    Record,
    RecordEvent,
    Step,
    Talk,
    WaitInQueue,
)
from ivr.flows.svg_lines import line, route
from ivr.flows.whole_script import Flow

_HEIGHT, _CHARACTER, _MARGIN = 34, 7.4, 24
#: Colour and German name of each kind of step.
_KINDS: dict[type, tuple[str, str]] = {
    Menu: ("#dbeafe", "Auswahl"),
    EnterDigits: ("#e0e7ff", "Eingabe"),
    Record: ("#fee2e2", "Ton und Aufnahme"),
    WaitInQueue: ("#dcfce7", "Warteschlange"),
    Talk: ("#dcfce7", "Gespräch"),
    Promise: ("#fef9c3", "Zusage"),
    RecordEvent: ("#ffffff", "Vermerk"),
    End: ("#e5e7eb", "Ende"),
    Branch: ("#ffffff", "Weiche"),
    Find: ("#ffffff", "Weiche"),
}
_OTHER = ("#f3f4f6", "Ansage")


def svg(flow: Flow) -> str:
    """The script as an SVG document: boxes for steps, lines labelled with keys, the beginning on top."""
    labels = {pair: " ".join(keys) for pair, keys in _edges(flow).items()}
    names = sorted(flow.steps, key=lambda name: name != flow.start)
    widths = {name: len(name) * _CHARACTER + 20 for name in names}
    layout = Layout(widths, list(labels))
    top = _MARGIN + 40 + _HEIGHT / 2
    at = {name: (x + _MARGIN, y + top) for name, (x, y) in layout.at.items()}
    drawn = []
    for (before, after), label in labels.items():
        if before != after:
            bends = [(x + _MARGIN, y + top) for x, y in layout.bends[before, after]]
            drawn.append(line(route(at[before], bends, at[after], _HEIGHT), label))
    drawn += [_box(name, flow.steps[name], x, y, widths[name]) for name, (x, y) in at.items()]
    width = max(x + widths[name] / 2 for name, (x, _) in at.items()) + _MARGIN
    height = max(y for _, y in at.values()) + _HEIGHT / 2 + _MARGIN
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
