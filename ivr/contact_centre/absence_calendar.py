"""Reads absences from a calendar file (iCalendar): the days of its all-day entries, recurring ones within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import recurring_ical_events
from icalendar import Calendar

#: A file is no larger, and more entries are not taken from one.
LARGEST, MOST_ENTRIES, MOST_RECURRING = 1_000_000, 1000, 100
#: Entries are taken from so long ago until so far ahead.
BEFORE, AHEAD = timedelta(days=7), timedelta(days=370)
#: How an entry may recur, and for how many years by now.
_RECURS = {"DAILY": 10, "WEEKLY": 20, "MONTHLY": 50, "YEARLY": 150}
_WITHIN_A_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")


class NoCalendar(Exception):
    """The file cannot be read as a calendar."""


class TooMuch(Exception):
    """The file is too large, or has too many entries."""


@dataclass(frozen=True)
class Absences:
    """Days on which somebody is absent, and how many entries with a time of day were left out."""

    days: frozenset[date]
    timed: int


def read(content: bytes, today: date) -> Absences:
    """The absences in a file.

    Raises:
        NoCalendar, TooMuch: it cannot be used.
    """
    if len(content) > LARGEST:
        raise TooMuch
    try:
        entries: list[Any] = Calendar.from_ical(content.decode("utf-8-sig")).events
        whole_days = [one for one in entries if not isinstance(one.DTSTART, datetime)]
        recurring = [one for one in whole_days if "RRULE" in one]
        if len(whole_days) > MOST_ENTRIES or len(recurring) > MOST_RECURRING:
            raise TooMuch
        if any(_is_endless(one, today) for one in recurring):
            raise TooMuch
        bare = Calendar()
        for entry in whole_days:
            bare.add_component(entry)
        found = recurring_ical_events.of(bare).between(today - BEFORE, today + AHEAD)
    except TooMuch:
        raise
    except Exception as error:  # whatever somebody has uploaded
        raise NoCalendar from error
    return Absences(_days(found, today), len(entries) - len(whole_days))


def _is_endless(entry: Any, today: date) -> bool:
    """Whether an entry recurs so often, or for so long, that counting it would take too long."""
    rules = entry["RRULE"]
    for rule in rules if isinstance(rules, list) else [rules]:
        years = _RECURS.get(str(rule.get("FREQ", [""])[0]).upper())
        if years is None or entry.DTSTART.year < today.year - years or any(part in rule for part in _WITHIN_A_DAY):
            return True
    return False


def _days(found: Sequence[Any], today: date) -> frozenset[date]:
    """The days that entries cover, as far as they are taken."""
    days = set[date]()
    first, behind = today - BEFORE, today + AHEAD + timedelta(days=1)
    for event in found:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue  # calendar programs keep what was called off
        starts: date = event["DTSTART"].dt
        ends: date = event["DTEND"].dt if "DTEND" in event else starts + timedelta(days=1)
        begins, until = max(starts, first), min(ends, behind)
        days |= {begins + timedelta(days=one) for one in range(max((until - begins).days, 1))}
    return frozenset(days)
