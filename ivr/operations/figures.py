"""Counts the days again into which something was written later."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from ivr.operations.house_pace import Pace
from ivr.platform import database
from ivr.reporting import daily_metrics


class Counting:
    """The days of a period, before and after something is written into them.

    A final day keeps what it has: what is new is added, because its tasks may have been deleted since.
    """

    def __init__(self, first: date, last: date) -> None:
        """`first`, `last`: local days."""
        self._days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        with database.reading() as session:
            self._final = {
                day: daily_metrics.count(session, day) for day in daily_metrics.final_days(session, first, last)
            }

    def count(self, now: datetime, pace: Pace) -> None:
        """Count all days again."""
        for day in self._days:
            with database.reading() as session:
                counted = dict(daily_metrics.count(session, day))
                if day in self._final:
                    before = self._final[day]
                    new = {name: counted.get(name, 0) - before.get(name, 0) for name in {*counted, *before}}
                    kept = daily_metrics.stored(session, day)
                    counted = {name: kept.get(name, 0) + new.get(name, 0) for name in {*kept, *new}}
            with pace.turn() as session:
                # A day that was closed meanwhile, between two turns, is counted whole: nothing was deleted since.
                if day in self._final or not daily_metrics.count_day(session, day, now, counted):
                    daily_metrics.store(session, day, {name: value for name, value in counted.items() if value})
