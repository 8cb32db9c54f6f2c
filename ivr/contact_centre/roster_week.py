"""The duty roster of one week: who is on duty on which day, and changes of single days.

A duty recurs every week. A day of its own (an exception) goes first: other hours, or absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ivr.models.accounts import Team, User
from ivr.models.contact_centre import Duty, DutyException

#: Days for which somebody can be absent at once.
MOST_DAYS = 400


class EndsBefore(ValueError):
    """A duty or an absence ends before it begins, or in the moment in which it begins."""


class TooManyDays(ValueError):
    """An absence of more days than can be entered at once."""


class SameWeek(ValueError):
    """A week is to be copied to itself."""


@dataclass(frozen=True)
class Cell:
    """A person's day: weekly duties, unless the day has its own hours or none (`exception`)."""

    day: date
    duties: Sequence[Duty]
    exception: DutyException | None

    @property
    def absent(self) -> bool:
        """Whether the person is absent on this day."""
        return self.exception is not None and self.exception.starts is None


@dataclass(frozen=True)
class Row:
    """A person's week."""

    person: User
    cells: Sequence[Cell]


def week(session: Session, team: Team, monday: date) -> list[Row]:
    """The week of everybody who works for a team or has a duty in it."""
    days = [monday + timedelta(days=number) for number in range(7)]
    duties = session.scalars(select(Duty).where(Duty.team_id == team.id).order_by(Duty.starts)).all()
    found = select(DutyException).where(DutyException.day.in_(days))
    exceptions = {(one.user_id, one.day): one for one in session.scalars(found)}
    people = {person.id: person for person in [*team.members, *(duty.user for duty in duties)] if person.active}
    return [
        Row(person, [
            Cell(day, [one for one in duties if one.user_id == person.id and one.weekday == day.weekday()],
                 exceptions.get((person.id, day)))
            for day in days
        ])
        for person in sorted(people.values(), key=lambda one: (one.name, one.id))
    ]  # fmt: skip


def require_order(starts: time, ends: time) -> None:
    """Raises `EndsBefore` where a duty does not end after it begins."""
    if starts >= ends:
        raise EndsBefore(f"from {starts} until {ends}")


def set_day(session: Session, user_id: int, day: date, hours: tuple[time, time] | None) -> None:
    """On one day somebody has these hours, or is absent (None).

    Raises:
        EndsBefore: they end before they begin.
    """
    if hours is not None:
        require_order(*hours)
    session.get_one(User, user_id)
    same = select(DutyException).where(DutyException.user_id == user_id, DutyException.day == day)
    exception = session.scalar(same) or DutyException(user_id=user_id, day=day)
    exception.starts, exception.ends = hours or (None, None)
    session.add(exception)
    session.flush()


def as_usual(session: Session, user_id: int, day: date) -> None:
    """On a day the weekly duties count again."""
    session.execute(delete(DutyException).where(DutyException.user_id == user_id, DutyException.day == day))


def absent(session: Session, user_id: int, days: Iterable[date]) -> int:
    """Somebody is absent on some days; how many.

    Raises:
        TooManyDays: they are too many.
    """
    wanted = sorted(set(days))
    if len(wanted) > MOST_DAYS:
        raise TooManyDays(len(wanted))
    for day in wanted:
        set_day(session, user_id, day, None)
    return len(wanted)


def copy_week(session: Session, team: Team, monday: date, to: date) -> int:
    """Give another week the single days of a week, for everybody of a team; how many. Days of its own are replaced.

    Raises:
        SameWeek: it is the same week.
    """
    if monday == to:
        raise SameWeek(monday)
    copied = 0
    for row in week(session, team, monday):
        for cell in row.cells:
            day = to + (cell.day - monday)
            as_usual(session, row.person.id, day)
            if cell.exception is not None:
                starts, ends = cell.exception.starts, cell.exception.ends
                set_day(session, row.person.id, day, (starts, ends) if starts and ends else None)
                copied += 1
    return copied


def move(session: Session, duty_id: int, user_id: int, weekday: int) -> None:
    """A weekly duty is another person's, or on another day of the week."""
    duty, user = session.get_one(Duty, duty_id), session.get_one(User, user_id)
    duty.user_id, duty.weekday = user.id, weekday
    session.flush()
