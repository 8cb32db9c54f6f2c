"""The catalogue of words (:mod:`ivr.domain.words`) in the language of whoever reads the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import gettext

from ivr.domain import words


class Translated(Mapping[Any, str]):
    """A table of words, translated when it is read."""

    def __init__(self, table: words.Words) -> None:
        """The table is given in English."""
        self._table = table

    def __getitem__(self, key: Any) -> str:
        """What people call a key.

        Raises:
            UnknownWord: there is no word for it.
        """
        return self._table.of(key, gettext)

    def get(self, key: Any, default: Any = None) -> Any:
        """What people call a key; `default` where somebody expects that there may be no word."""
        known = self._table.get(key)
        return default if known is None else gettext(known)

    def __iter__(self) -> Iterator[Any]:
        """The keys, in the order in which pages offer them."""
        return iter(self._table)

    def __len__(self) -> int:
        """How many keys there are."""
        return len(self._table)

    def __contains__(self, key: object) -> bool:
        """Whether there is a word for a key."""
        return key in self._table


#: Every table by its name, for templates: `words.concerns`.
TABLES = {name: Translated(table) for name, table in words.TABLES.items()}
