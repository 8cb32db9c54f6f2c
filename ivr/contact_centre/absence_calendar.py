"""Reads absences from a calendar file (iCalendar): the days of its all-day entries, recurring ones within bounds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import recurring_ical_events
from icalendar import Calendar

#: A file is no larger, and more entries are not taken from one.
LARGEST, MOST_ENTRIES, MOST_RECURRING = 4_000_000, 12_000, 100
#: Entries are taken from so long ago until so far ahead.
BEFORE, AHEAD = timedelta(days=7), timedelta(days=370)
#: How an entry may recur, and for how many years by now.
_RECURS = {"DAILY": 10, "WEEKLY": 20, "MONTHLY": 50, "YEARLY": 150}
#: Parts of a rule with which it recurs within a day, or may find no day at all until the year 9999.
_WITHIN_A_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")
_PERHAPS_NEVER = ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYEASTER")
#: Parts of an entry that make it one of several.
_OF_SEVERAL = ("RRULE", "RDATE", "RECURRENCE-ID")
#: Characters of a title that name an entry.
_LONGEST_TITLE = 40


class NoCalendar(Exception):
    """The file cannot be read as a calendar."""


class TooMuch(Exception):
    """The file is too large, or has too many entries."""


class Fault(StrEnum):
    """Why an entry was left out."""

    NO_START = "no_start"
    ENDS_BEFORE = "ends_before"
    RECURS = "recurs"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class LeftOut:
    """An entry that cannot be used: its title, its first day where that is known, and what is wrong with it."""

    title: str
    begins: date | None
    fault: Fault


@dataclass(frozen=True)
class Absences:
    """Days on which somebody is absent, how many entries with a time of day were left out, and what is no entry."""

    days: frozenset[date]
    timed: int
    left_out: Sequence[LeftOut] = ()


class _Unusable(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def read(content: bytes, today: date) -> Absences:
    """The absences in a file. An entry that cannot be used is left out and named; it does not take the others away.

    Raises:
        NoCalendar, TooMuch: the file cannot be used.
    """
    if len(content) > LARGEST:
        raise TooMuch
    try:
        entries: list[Any] = Calendar.from_ical(content.decode("utf-8-sig")).events
    except Exception as error:  # whatever somebody has uploaded
        raise NoCalendar from error
    if len(entries) > MOST_ENTRIES:
        raise TooMuch
    days, left_out, timed, recurring = set[date](), list[LeftOut](), 0, 0
    for group in _groups(entries):
        usable, timed_before = [], timed
        for entry in group:
            try:
                timed += _check(entry, today)
            except _Unusable as unusable:
                left_out.append(_named(entry, unusable.fault))
            else:
                usable.append(entry)
        if timed - timed_before == len(usable):
            continue
        recurring += any("RRULE" in one for one in usable)
        if recurring > MOST_RECURRING:
            raise TooMuch
        try:
            days |= _days(_found(usable, today), today)
        except Exception:  # the library expects rules that a calendar program has written
            left_out += [_named(one, Fault.UNREADABLE) for one in usable]
    return Absences(frozenset(days), timed, left_out)


def _groups(entries: Sequence[Any]) -> Iterable[list[Any]]:
    """Each entry by itself, but a recurring one with its changed days."""
    recurring = {one.get("UID") for one in entries if any(part in one for part in _OF_SEVERAL)} - {None}
    together = defaultdict[object, list[Any]](list)
    for entry in entries:
        uid = entry.get("UID")
        together[str(uid) if uid in recurring else id(entry)].append(entry)
    return together.values()


def _check(entry: Any, today: date) -> bool:
    """Whether an entry has a time of day, and so covers no whole days.

    Raises:
        _Unusable: it is none.
    """
    if "DTSTART" not in entry:
        raise _Unusable(Fault.NO_START)
    starts = _value(entry, "DTSTART")
    if isinstance(starts, datetime):
        return True
    ends, length = _value(entry, "DTEND"), _value(entry, "DURATION")
    if not isinstance(starts, date) or isinstance(ends, datetime) or (length and length % timedelta(days=1)):
        raise _Unusable(Fault.UNREADABLE)
    if (ends or starts) < starts or (length or timedelta(0)) < timedelta(0):
        raise _Unusable(Fault.ENDS_BEFORE)
    if "RRULE" in entry:
        _check_rules(entry["RRULE"], starts, today)
    return False


def _value(entry: Any, name: str) -> Any:
    """What stands in a part of an entry; None where it has none.

    Raises:
        _Unusable: it stands there twice, or is none.
    """
    try:
        return entry[name].dt if name in entry else None
    except Exception as error:
        raise _Unusable(Fault.UNREADABLE) from error


def _check_rules(rules: Any, starts: date, today: date) -> None:
    """Check that an entry does not recur so often, or for so long, that counting it would take too long.

    Raises:
        _Unusable: it does, or nobody can read how it recurs.
    """
    for rule in rules if isinstance(rules, list) else [rules]:
        try:
            often = str(rule.get("FREQ", [""])[0]).upper()
            steps = [int(one) for one in rule.get("INTERVAL", [1])]
            parts = set(rule)
        except Exception as error:
            raise _Unusable(Fault.UNREADABLE) from error
        never = _PERHAPS_NEVER if often in ("DAILY", "WEEKLY") else ()
        years = _RECURS.get(often, -9999)
        if starts.year < today.year - years or min(steps) < 1 or not parts.isdisjoint((*_WITHIN_A_DAY, *never)):
            raise _Unusable(Fault.RECURS)


def _found(entries: Sequence[Any], today: date) -> Sequence[Any]:
    """The entries of a group, and the days on which they recur."""
    if not any(part in one for one in entries for part in _OF_SEVERAL):
        return entries
    several = Calendar()
    for entry in entries:
        several.add_component(entry)
    found: Sequence[Any] = recurring_ical_events.of(several).between(today - BEFORE, today + AHEAD)
    return found


def _days(found: Sequence[Any], today: date) -> set[date]:
    """The days that entries cover, as far as they are taken."""
    days = set[date]()
    first, behind = today - BEFORE, today + AHEAD + timedelta(days=1)
    for event in found:
        starts = event["DTSTART"].dt
        if isinstance(starts, datetime) or str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue  # calendar programs keep what was called off
        begins, until = max(starts, first), min(max(_end(event, starts), starts + timedelta(days=1)), behind)
        days |= {begins + timedelta(days=one) for one in range((until - begins).days)}
    return days


def _end(event: Any, starts: date) -> date:
    """The day before which an entry has ended."""
    if "DTEND" in event:
        ends: date = event["DTEND"].dt
        return ends
    length: timedelta = event["DURATION"].dt if "DURATION" in event else timedelta(days=1)
    return starts + length


def _named(entry: Any, fault: Fault) -> LeftOut:
    try:
        begins = _value(entry, "DTSTART")
    except _Unusable:
        begins = None
    title = " ".join(str(entry.get("SUMMARY", "")).split())[:_LONGEST_TITLE]
    return LeftOut(title, begins if isinstance(begins, date) else None, fault)
