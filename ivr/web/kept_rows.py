"""Rows of a list are rendered once for all who see them alike, and kept while what they show is the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from flask import Flask, current_app

#: Rows that are kept: some pages of each view.
_MOST = 3000


class _Rows:
    def __init__(self) -> None:
        self._rows: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, render: Callable[[], str]) -> str:
        with self._lock:
            if (found := self._rows.get(key)) is not None:
                self._rows.move_to_end(key)
                return found
        made = render()
        with self._lock:
            self._rows[key] = made
            while len(self._rows) > _MOST:
                self._rows.popitem(last=False)
        return made


def row(key: str, render: Callable[[], str]) -> str:
    """A row as text. `key` changes with whatever the row shows, and names the language; no row holds one person's."""
    rows: _Rows = current_app.extensions["kept_rows"]
    return rows.get(key, render)


def install(app: Flask) -> None:
    """Let an application keep rows."""
    app.extensions["kept_rows"] = _Rows()
