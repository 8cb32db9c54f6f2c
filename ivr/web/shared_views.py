"""What many people see alike is made once: parts of pages, kept until something that they show has changed.

What is kept is known by everything that it depends on, of which the teams and the language are always a part, and has
the version of the topics that it shows (:mod:`ivr.platform.live_feed`). While this process may miss a change, nothing
is kept. Who asks has passed the guard of the page; what is one person's alone must not be in it. See docs/decisions
(views that are made once).
"""

from __future__ import annotations

import gzip
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request

from ivr.domain.timestamps import utc_now
from ivr.models.accounts import User
from ivr.web import live_channel
from ivr.web.login import chosen_language

_Made = TypeVar("_Made")

#: Seconds after which it is made anew although nobody has told of a change, and at each new minute: it shows times.
_FRESH = 30.0
#: Parts of pages that are kept.
_MOST = 200


@dataclass
class _Kept:
    """Something that was made. Who comes while it is being made waits for it."""

    being_made: threading.Lock = field(default_factory=threading.Lock)
    version: tuple[int, ...] | None = None
    made_at: float = 0.0
    minute: int = 0
    value: Any = None


@dataclass(frozen=True)
class Part:
    """A part of a page as text, and as browsers take it."""

    text: str

    @cached_property
    def _packed(self) -> bytes:
        return gzip.compress(self.text.encode(), 6)

    def answer(self) -> Response:
        """The part as an answer; it is compressed once."""
        answer = Response(self.text)
        if request.accept_encodings["gzip"]:
            answer.data = self._packed
            answer.headers["Content-Encoding"] = "gzip"
        answer.vary.add("Accept-Encoding")
        return answer


class _Shelf:
    """What a web application keeps."""

    def __init__(self) -> None:
        self._places: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def place(self, key: Hashable) -> _Kept:
        """The place of what is known by a key. What nobody has asked for lately goes."""
        with self._lock:
            found = self._places.setdefault(key, _Kept())
            self._places.move_to_end(key)
            while len(self._places) > _MOST:
                self._places.popitem(last=False)
            return found


def teams_of(user: User) -> tuple[int, ...]:
    """The teams that are somebody's business: whoever has the same sees the same lists."""
    return tuple(sorted(user.scope_ids))


def of_teams(what: str, user: User, topics: Collection[str], make: Callable[[], _Made], *about: Hashable) -> _Made:
    """What `make` gives, made for the first of those who have the same role, teams and language.

    `topics`: kinds of topics of these teams that it shows. `about`: whatever else it depends on.
    """
    teams = teams_of(user)
    key = (what, user.role, teams, chosen_language(), *about)
    return _shared(key, [f"{kind}:{team}" for kind in topics for team in teams], make)


def _shared(key: Hashable, topics: Collection[str], make: Callable[[], _Made]) -> _Made:
    feed = live_channel.feed()
    if feed is None:
        return make()
    shelf: _Shelf = current_app.extensions["shared_views"]
    kept = shelf.place(key)
    with kept.being_made:
        version, began = feed.version(topics), time.monotonic()  # before anything is read
        if version is None:
            return make()
        minute = _minute()
        if (kept.version, kept.minute) != (version, minute) or began - kept.made_at > _FRESH:
            kept.version, kept.value = None, make()
            kept.version, kept.minute, kept.made_at = version, minute, began
        found: _Made = kept.value
        return found


def _minute() -> int:
    return int(utc_now().timestamp() // 60)


def install(app: Flask) -> None:
    """Let an application keep parts of its pages."""
    app.extensions["shared_views"] = _Shelf()
