"""Who rings in the chaos, and who answers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

#: Languages of the menu; only the first one has a speech model.
LANGUAGES = ("de", "tr", "fa")
MEMBERS = ("+4942198001", "+4942198002")
INTERPRETER = "+4942199001"
_HERE = ["1", "#", "3"]  # the number is right; no postal code; at any time
_NEW = ["2", *_HERE]  # asked where a number is shown: has not called before
_SAID = "1"  # what was said is right


@dataclass
class Wish:
    """A call: what is keyed in and said, and when."""

    kind: str
    number: str
    keys: list[str]
    at: str = "closed"
    #: Seconds of speech for each tone.
    speaks: tuple[float, ...] = ()
    hangs_up: bool = False
    #: What became of it.
    call_sid: str = ""
    said: list[str] = field(default_factory=list)
    #: How often the carrier has recorded speech after a tone.
    spoke: int = 0
    finished: bool = False
    errors: list[str] = field(default_factory=list)


_KINDS = (
    *["message"] * 4, *["message, hung up"] * 4, "recorded again", *["keypad"] * 2, *["withheld"] * 2,
    *["emergency"] * 2, *["postal order"] * 2, *["appointment"] * 2, "link", *["line"] * 3, "line, kept place",
    "hung up",
)  # fmt: skip


def wishes(dice: random.Random, count: int, *, first: int = 100_000_000, kinds: Sequence[str] = _KINDS) -> list[Wish]:
    """Calls of these kinds, each from a number of its own."""
    return [_wish(dice, f"+4917{number:09d}", kinds) for number in range(first, first + count)]


def _wish(dice: random.Random, number: str, kinds: Sequence[str]) -> Wish:
    language, concern = dice.choice("1123"), dice.choice("12")
    seconds = round(dice.uniform(1.0, 3.0), 1)
    match dice.choice(kinds):
        case "message":
            return Wish("message", number, [language, concern, "1", _SAID, *_NEW], speaks=(seconds,))
        case "message, hung up":
            return Wish("message, hung up", number, [language, concern, "1"], speaks=(seconds,), hangs_up=True)
        case "recorded again":
            keys = [language, concern, "1", "3", _SAID, *_NEW]
            return Wish("recorded again", number, keys, speaks=(seconds, seconds))
        case "keypad":
            return Wish("keypad", number, [language, concern, "2", *_NEW])
        case "withheld":
            keys = [language, concern, "1", _SAID, number.replace("+49", "0"), *_HERE]
            return Wish("withheld", "anonymous", keys, speaks=(seconds,))
        case "emergency":
            return Wish("emergency", number, [language, "9", "2", "1", _SAID, *_NEW], speaks=(seconds,))
        case "postal order":
            return Wish("postal order", number, [language, "3", "1", "1", _SAID, "1", "2", "2", "1"], speaks=(seconds,))
        case "appointment":
            keys = [language, "3", "2", "1", _SAID, "1", "1", "1", "2", *_NEW]
            return Wish("appointment", number, keys, speaks=(seconds,))
        case "link":
            return Wish("link", number, [language, "3", "3", "1", "1", "2"])
        case "line":
            return Wish("line", number, [language, concern, "-", "-", "-", "-"], at="open", hangs_up=True)
        case "line, kept place":
            return Wish("line, kept place", number, [language, concern, "-", "1", *_HERE], at="open")
        case _:
            return Wish("hung up", number, [language, concern][: dice.randrange(3)], hangs_up=True)
