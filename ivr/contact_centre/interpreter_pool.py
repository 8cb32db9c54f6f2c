"""The pool of interpreters of a language: who can be rung at an instant, the cheapest first.

It has those of the settings and those of the directory. Which of them has been tried, and who talks, is known to
:mod:`ivr.contact_centre.interpreter_search`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.contact_centre import directory
from ivr.domain import opening_hours
from ivr.domain.enums import DirectoryKind
from ivr.domain.opening_hours import Hours


@dataclass(frozen=True)
class Interpreter:
    """Somebody who interprets on the telephone."""

    name: str
    number: str
    languages: tuple[str, ...]
    hours: Hours
    cents_per_minute: int
    #: Conversations for which the number is rung at once: an outside service has several people there.
    calls_at_once: int = 1

    def is_on_duty(self, at: datetime) -> bool:
        """Whether they can be rung at an instant."""
        return opening_hours.is_open(self.hours, at)


def everybody(session: Session) -> list[Interpreter]:
    """All interpreters, in the order in which they are rung: by price, then as the settings and the directory have it.

    A number that stands in both is the settings'.
    """
    found = [
        Interpreter(one.name, one.number, one.languages, one.hours, one.cents_per_minute, one.calls_at_once)
        for one in settings().interpreters
    ]
    known = {one.number for one in found}
    found += [
        Interpreter(one.name, one.number, tuple(one.languages), directory.hours(one), one.cents_per_minute)
        for one in directory.entries(session)
        if one.kind == DirectoryKind.INTERPRETER and one.number not in known and _may_be_rung(one.number)
    ]
    return sorted(found, key=lambda one: one.cents_per_minute)


def calls_at_once(number: str | None) -> int:
    """For how many conversations a number is rung at once. The number of a person is that of one."""
    return next((one.calls_at_once for one in settings().interpreters if one.number == number), 1)


def _may_be_rung(number: str) -> bool:
    """Whether a number of the directory may be dialled still; the settings may have changed."""
    return settings().may_be_called(number) and not settings().is_house_number(number)


def on_duty(session: Session, language: str, at: datetime) -> list[Interpreter]:
    """Those who interpret a language and can be rung at an instant, in the order in which they are rung."""
    return [one for one in everybody(session) if language in one.languages and one.is_on_duty(at)]
