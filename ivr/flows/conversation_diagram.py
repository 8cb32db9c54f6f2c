"""Draws the rules of a conversation as SVG, always from the rules themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from html import escape

from ivr.domain import conversation_rules as rules
from ivr.domain.conversation_rules import Happening, Heard, Place, Situation
from ivr.domain.enums import LegRole
from ivr.flows.layered_layout import Layout
from ivr.flows.svg_lines import line, route

_HEIGHT, _CHARACTER, _MARGIN = 34, 7.0, 24
_OVER = "zu Ende"
#: Who is drawn together. Who is drawn below comes and goes without changing anything for the others.
_DRAWN = {LegRole.CALLER: "A", LegRole.MEMBER: "M", LegRole.INTERPRETER: "S"}
_ALONE = {LegRole.COMPANION: "V", LegRole.LISTENER: "L"}
#: Who is drawn of a transfer.
_TRANSFERRED = {LegRole.CALLER: "A", LegRole.MEMBER: "M", LegRole.SUCCESSOR: "N"}
_PLACES = {
    Place.WAITING: "wartet",
    Place.RUNG: "wird gerufen",
    Place.IN: "da",
    Place.HELD: "in der Warteschleife",
    Place.LEFT: "weg",
    Place.UNMET: "niemand",
}
_HAPPENINGS = {
    Happening.WANTED: "gewünscht",
    Happening.CAME: "kommt",
    Happening.AWAITED: "lässt warten",
    Happening.MISSED: "kommt nicht",
    Happening.LEFT: "geht",
    Happening.UNMET: "niemand",
    Happening.POSTPONED: "will Rückruf",
    Happening.HELD: "soll warten",
    Happening.RESUMED: "wird zurückgeholt",
    Happening.TOOK_OVER: "übernimmt",
    Happening.READY: "wird angesagt",
    Happening.CUT_OFF: "wird verabschiedet",
    Happening.ONE_LEFT: "eine frühere geht",
}
#: Colour and meaning, by what happens in the room.
_COLOURS = {
    Heard.NOTHING: ("#f3f4f6", "niemand im Raum"),
    Heard.MUSIC: ("#fef9c3", "eine Person im Raum: Musik"),
    Heard.OTHERS: ("#dcfce7", "Gespräch"),
}


def svg() -> str:
    """The rules as an SVG document: boxes for situations, lines labelled with events, the beginning on top.

    Below it a transfer, where nobody interprets, and the places of those who change nothing for the others.
    """
    talk = Situation(caller=Place.IN, member=Place.IN)
    charts = [
        _Chart([_name(one, _DRAWN) for one in rules.BEGINNINGS], _edges(_DRAWN), _colours(_DRAWN)),
        _Chart([_name(talk, _TRANSFERRED)], _edges(_TRANSFERRED, since=talk), _colours(_TRANSFERRED)),
        *(_Chart([_alone_at(role, Place.OUT)], _edges_alone(role), {}) for role in _ALONE),
    ]
    tops = [_MARGIN + 60.0]
    for chart in charts:
        tops.append(tops[-1] + chart.height + 2 * _MARGIN)
    width = max(chart.width for chart in charts) + 2 * _MARGIN
    height = tops[-1] - _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" role="img" aria-label="Regeln eines Gesprächs" font-family="sans-serif" '
            'font-size="12">',
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="#475569"/></marker></defs>',
            *_legend(),
            *(line for chart, top in zip(charts, tops, strict=False) for line in chart.drawn(top)),
            "</svg>",
            "",
        ]
    )


class _Chart:
    """Boxes and the lines between them. The boxes of `begin` stand on top, the end at the bottom."""

    def __init__(self, begin: list[str], edges: Mapping[tuple[str, str], set[str]], colours: Mapping[str, str]) -> None:
        boxes = {box for edge in edges for box in edge}
        self._edges, self._colours = edges, colours
        self._names = [*begin, *sorted(boxes - {*begin, _OVER}), _OVER]
        self._widths = {name: len(name) * _CHARACTER + 20 for name in self._names}
        self._layout = Layout(self._widths, list(edges))
        self.width = max(x + self._widths[name] / 2 for name, (x, _) in self._layout.at.items())
        self.height = max(y for _, y in self._layout.at.values()) + _HEIGHT / 2

    def drawn(self, top: float) -> list[str]:
        """Its elements, below a height."""
        at = {name: (x + _MARGIN, y + top) for name, (x, y) in self._layout.at.items()}
        drawn = []
        for (before, after), events in self._edges.items():
            bends = [(x + _MARGIN, y + top) for x, y in self._layout.bends[before, after]]
            drawn.append(line(route(at[before], bends, at[after], _HEIGHT), ", ".join(sorted(events))))
        fill = self._colours.get
        return drawn + [_box(name, *at[name], self._widths[name], fill(name, "#e5e7eb")) for name in self._names]


def _name(situation: Situation, drawn: Mapping[LegRole, str]) -> str:
    told = [
        f"{letter} {_PLACES[situation.of(role)]}" for role, letter in drawn.items() if situation.of(role) != Place.OUT
    ]
    return ", ".join(told)


def _edges(drawn: Mapping[LegRole, str], since: Situation | None = None) -> dict[tuple[str, str], set[str]]:
    """Situations of those who are drawn, while nobody else is there; `since`: only what can follow from this one."""
    shown = [one for one in rules.reachable() if _is_drawn(one, drawn)]
    if since is not None:
        shown = _following(since, drawn)
    edges: dict[tuple[str, str], set[str]] = defaultdict(set)
    for situation in shown:
        before = _name(situation, drawn)
        for event, follows in rules.reachable()[situation].items():
            after = _OVER if follows.over else _name(follows.situation, drawn)
            if event.role in drawn and after != before and (follows.over or _is_drawn(follows.situation, drawn)):
                edges[before, after].add(f"{drawn[event.role]} {_HAPPENINGS[event.what]}")
    return edges


def _is_drawn(situation: Situation, drawn: Mapping[LegRole, str]) -> bool:
    return all(situation.of(role) == Place.OUT for role in rules.PLACES if role not in drawn)


def _following(since: Situation, drawn: Mapping[LegRole, str]) -> list[Situation]:
    found: list[Situation] = []
    waiting = [since]
    while waiting:
        situation = waiting.pop()
        if situation in found or situation.is_over or not _is_drawn(situation, drawn):
            continue
        found.append(situation)
        follows = rules.reachable()[situation].items()
        waiting += [one.situation for event, one in follows if event.role in drawn and not one.over]
    return found


def _alone_at(role: LegRole, place: Place) -> str:
    return f"{_ALONE[role]} {_PLACES.get(place, 'nicht gewünscht')}"


def _edges_alone(role: LegRole) -> dict[tuple[str, str], set[str]]:
    edges: dict[tuple[str, str], set[str]] = defaultdict(set)
    for situation, outcomes in rules.reachable().items():
        before = _alone_at(role, situation.of(role))
        for event, follows in outcomes.items():
            if follows.over and situation.of(role) in (Place.RUNG, Place.IN):
                edges[before, _OVER].add("das Gespräch endet")
            elif not follows.over and event.role == role:
                after = _alone_at(role, follows.situation.of(role))
                edges[before, after].add(f"{_ALONE[role]} {_HAPPENINGS[event.what]}")
    return {edge: events for edge, events in edges.items() if edge[0] != edge[1]}


def _colours(drawn: Mapping[LegRole, str]) -> dict[str, str]:
    found = {}
    for situation in rules.reachable():
        heard = {situation.hears(role) for role in situation.at(Place.IN)} or {Heard.NOTHING}
        found[_name(situation, drawn)] = _COLOURS[Heard.OTHERS if Heard.OTHERS in heard else heard.pop()][0]
    return found


def _box(name: str, x: float, y: float, width: float, fill: str) -> str:
    return (
        f'<g><rect x="{x - width / 2:.0f}" y="{y - _HEIGHT / 2:.0f}" width="{width:.0f}" height="{_HEIGHT}" rx="6" '
        f'fill="{fill}" stroke="#475569"/>'
        f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle" fill="#0f172a">{escape(name)}</text></g>'
    )


def _legend() -> list[str]:
    drawn, x = [], float(_MARGIN)
    for fill, meaning in _COLOURS.values():
        drawn.append(
            f'<rect x="{x:.0f}" y="10" width="14" height="14" rx="3" fill="{fill}" stroke="#475569"/>'
            f'<text x="{x + 20:.0f}" y="22" fill="#0f172a">{meaning}</text>'
        )
        x += 40 + len(meaning) * _CHARACTER
    note = (
        "A: Anrufer*in, M: Mitarbeiter*in, S: Sprachmittlung; darunter N: wer nach einer Weiterleitung übernimmt, "
        "V: Vertrauensperson, L: Leitung, die mithört"
    )
    return [*drawn, f'<text x="{_MARGIN}" y="44" fill="#0f172a">{note}</text>']
