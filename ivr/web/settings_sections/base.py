"""What every settings form is made of: groups of fields, rows that may be left empty, and changes in words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from ivr.config.settings import Settings
from ivr.domain.digits import is_digits
from ivr.web import forms

R = TypeVar("R", bound=forms.Form)

#: What a browser has sent, by the names of the fields.
Sent = Mapping[str, str]


@dataclass(frozen=True)
class Field:
    """A field of the form. `kind`: text, number, date, select or tick."""

    name: str
    label: str
    value: str = ""
    kind: str = "text"
    options: tuple[tuple[str, str], ...] = ()
    #: What a selection offers where nothing is chosen; None: something is always chosen.
    empty: str | None = None
    #: Whether it takes the width of two.
    wide: bool = False


@dataclass(frozen=True)
class Group:
    """Fields that belong together. `note` stands under the legend."""

    legend: str
    fields: tuple[Field, ...]
    note: str = ""


@dataclass(frozen=True)
class Change:
    """What is different afterwards, in words."""

    what: str
    before: str
    after: str


class WrongFields(Exception):
    """Some fields cannot be used; `errors` has a sentence for each."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


class Section(ABC):
    """One setting."""

    name: ClassVar[str]

    @abstractmethod
    def groups(self, configured: Settings) -> Sequence[Group]:
        """The form, filled with what is configured."""

    @abstractmethod
    def read(self, sent: Sent, configured: Settings) -> Any:
        """The value of the setting as the file writes it.

        Raises:
            WrongFields: some fields cannot be used.
        """

    @abstractmethod
    def changes(self, before: Settings, after: Settings) -> Sequence[Change]:
        """What is different between two settings."""


class Rows:
    """Reads rows of fields, `name-0`, `name-1` …, and collects what is wrong with them."""

    def __init__(self, sent: Sent) -> None:
        """Nothing is read yet."""
        self._sent = sent
        self.errors: dict[str, str] = {}

    def one(self, model: type[R], suffix: str) -> R | None:
        """The row of a suffix; None where it is empty, or something is wrong with it."""
        names = [name for name in model.model_fields if self._sent.get(f"{name}{suffix}", "").strip()]
        if not names:
            return None
        made, errors = forms.check(model, {name: self._sent[f"{name}{suffix}"] for name in names})
        self.errors |= {f"{name}{suffix}": message for name, message in errors.items()}
        return made

    def all(self, model: type[R], *keys: str, known: int = 0) -> list[tuple[int, R]]:
        """The rows with their numbers, in their order, that have the fields `keys` and are not empty.

        One of the `known` rows, the first ones, is taken away by emptying these fields, whatever its others say.
        """
        numbers = [one for one in sorted(self._numbers(keys[0])) if one >= known or not self._are_empty(keys, one)]
        found = ((number, self.one(model, f"-{number}")) for number in numbers)
        return [(number, row) for number, row in found if row is not None]

    def done(self) -> None:
        """Say what was wrong.

        Raises:
            WrongFields: something was.
        """
        if self.errors:
            raise WrongFields(self.errors)

    def _are_empty(self, keys: Sequence[str], number: int) -> bool:
        return not any(self._sent.get(f"{key}-{number}", "").strip() for key in keys)

    def _numbers(self, key: str) -> set[int]:
        ends = (name.removeprefix(f"{key}-") for name in self._sent if name.startswith(f"{key}-"))
        return {int(end) for end in ends if is_digits(end) and len(end) < 4}
