"""Tables of words: members of an enumeration, or other keys, and what people call them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

#: Translates a message id of the catalogues.
Translate = Callable[[str], str]


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


class UnknownWord(ValueError):
    """A table has no word for a key: the database or a caller knows more than the catalogue.

    It is no `LookupError`, which templates would show as nothing.
    """


class Words(Mapping[str, str]):
    """Message ids (English) by key. With an enumeration the table is complete, or it cannot be made."""

    def __init__(self, name: str, texts: Mapping[Any, str], members: type[StrEnum] | None = None) -> None:
        """`name` stands in errors.

        Raises:
            ValueError: a member has no word.
        """
        if members is not None and (missing := [member.name for member in members if member not in texts]):
            raise ValueError(f"{name}: no word for {', '.join(missing)}")
        self.name = name
        self.members = members
        self._texts: dict[str, str] = dict(texts)

    def __getitem__(self, key: str) -> str:
        """The message id of a key.

        Raises:
            UnknownWord: there is none.
        """
        try:
            return self._texts[key]
        except KeyError:
            raise UnknownWord(f"{self.name}: no word for {str(key)!r}") from None

    def __iter__(self) -> Iterator[str]:
        """The keys, in the order in which pages offer them."""
        return iter(self._texts)

    def __len__(self) -> int:
        """How many keys there are."""
        return len(self._texts)

    def __contains__(self, key: object) -> bool:
        """Whether there is a word for a key."""
        return key in self._texts

    def get(self, key: str, default: Any = None) -> Any:
        """The message id of a key; `default` where somebody expects that there may be none."""
        return self._texts.get(key, default)

    def of(self, key: str, translate: Translate) -> str:
        """What people call a key, in the language of `translate`.

        Raises:
            UnknownWord: there is no word for it.
        """
        return translate(self[key])
