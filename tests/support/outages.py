"""The database, the disk or both stop for some webhooks of a call."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ivr.platform import database, spool_files, write_behind

#: How many webhooks are unanswered by the database.
FOR_ONE, FOR_GOOD = 1, 1000


class Outage:
    """What does not work, from one turn on and for some turns."""

    def __init__(self, patch: pytest.MonkeyPatch, parts: Sequence[str], first: int, turns: int) -> None:
        self._patch, self._parts, self._first, self._turns = patch, parts, first, turns
        self._now = False

    def before(self, turn: int, _path: str) -> None:
        """A webhook is asked for."""
        wanted = self._first <= turn < self._first + self._turns
        if wanted and not self._now:
            write_behind.flush()
            self._begin()
        if self._now and not wanted:
            self.over()
        self._now = wanted

    def _begin(self) -> None:
        if "database" in self._parts:
            for name in ("writing", "writing_alone", "noting", "reading", "glancing"):
                self._patch.setattr(database, name, _away)
        if "disk" in self._parts:
            self._patch.setattr(spool_files, "append", _full)

    def over(self) -> None:
        """All works again."""
        self._patch.undo()


def _away(*_: object, **__: object) -> None:
    raise database.Away("gone")


def _full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")
