"""What is counted, day by day: as counted by hand, in both databases, and for longer than the persons are kept."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import delete, func, select, update

from ivr.contact_centre import duty_roster
from ivr.domain import words
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team, User
from ivr.models.callbacks import CallbackTask
from ivr.models.contact_centre import Duty, DutyException
from ivr.models.contacts import Contact
from ivr.models.reporting import DailyMetric, MetricDay
from ivr.platform import database
from ivr.reporting import daily_metrics, dashboard
from ivr.reporting.metric_sources import SOURCES
from tests.support import sample_month
from tests.support.people import a_task, hire

#: Counted by hand from the story in tests/support/sample_month.py.
BY_HAND = {
    "calls": 60, "waited": 30, "answered": 25, "answered_in_time": 20, "abandoned": 5, "to_task": 0,
    "abandoned_early": 0, "unserved": 0,
    "answered_seconds": 20 * 20 + 5 * 45, "tasks": 30, "emergencies": 3, "wishes_in_person": 8, "called_again": 0,
    "tried": 10 + 5 + 4 + 8 + 2, "tried_in_time": 10 + 5 + 8 + 2, "tried_within_24h": 25, "tried_missed": 4 + 1,
    "not_tried_within_24h": 4 + 1,
    "tried_seconds": 3600 * (10 * 2 + 5 * 23 + 4 * 30 + 8 * 3 + 2 * 20), "reached": 10 + 4,
    "reached_in_time": 14, "reached_missed": 5 + 1, "closed_unspoken": 8 + 2,
    "attempts": 10 + 5 + 4, "attempts_reached": 14,
    "closed": 10 + 4 + 8 + 2, "forms_sent": 2, "agreed": 5, "agreed_urgent": 3, "agreed_other": 2,
    "agreed_under_25": 2, "agreed_urgent_under_25": 1, "agreed_other_under_25": 1, "refused": 3, "consultations": 5,
    "consultations_large": 1, "conversations": 25, "settled": 14, "interpreters_wanted": 5, "interpreters_joined": 4,
    "interpreters_in_time": 3, "interpreters_unmet": 1, "interpreter_seconds": 380, "put_off": 0,
    "bookings": 0, "bookings_kept": 0, "bookings_failed": 0,
}  # fmt: skip


def totals(**of: str) -> dict[str, float]:
    with database.reading() as session:
        return daily_metrics.totals(session, sample_month.FIRST, sample_month.LAST, tuple(BY_HAND), **of)


def test_a_month_is_what_counting_by_hand_gives(counted) -> None:
    assert totals() == pytest.approx(BY_HAND)
    arabic = totals(language="ar")
    assert (arabic["tasks"], arabic["tried_missed"], arabic["abandoned"]) == (4, 4, 5)
    assert totals(reason="missing_documents")["refused"] == 2
    assert totals(office="office_1")["tasks"] == 10
    assert totals(team="youth")["tried_missed"] == 1
    assert sum(totals(hour=str(hour))["calls"] for hour in range(24)) == 60
    with database.reading() as session:
        for dimension in ("language", "team", "concern"):
            of_all = daily_metrics.by(session, dimension, sample_month.FIRST, sample_month.LAST, ("tasks",))
            assert sum(values["tasks"] for values in of_all.values()) == 30


def test_what_is_final_outlives_the_tasks_and_never_changes(counted) -> None:
    before = totals()
    with database.writing() as session:
        session.execute(delete(CallbackTask).where(CallbackTask.concern == "forms"))
        session.execute(update(Contact).values(at=datetime(2026, 10, 3, tzinfo=UTC)))
    with database.writing() as session:
        assert not daily_metrics.count_day(session, date(2026, 10, 3), sample_month.AFTERWARDS), "it is final"
    sample_month.count()
    assert totals() == before
    with database.reading() as session:
        assert daily_metrics.all_final(session, sample_month.FIRST, sample_month.LAST)
        assert session.scalar(select(func.count()).select_from(MetricDay)) >= 31


def test_days_that_are_counted_together_are_what_each_of_them_is_alone(counted, monkeypatch) -> None:
    """Also at the night in which the clocks go back; of days with many calls, each is counted alone."""
    days = [date(2026, 10, day) for day in range(22, 32)]
    with database.reading() as session:
        assert [daily_metrics.stored(session, day) for day in days] == [
            daily_metrics.count(session, day) for day in days
        ]
        gap = [day for day in days if day.day != 26]
        assert daily_metrics.together(session, gap) == [gap[:4], gap[4:]]
        monkeypatch.setattr(daily_metrics, "_FEW", 1)
        assert daily_metrics.together(session, gap) == [[day] for day in gap]


def test_the_last_days_are_counted_again_for_what_becomes_known_late(empty_database) -> None:
    a_task(age=timedelta(days=3))
    now = utc_now()
    with database.writing() as session:
        for day in daily_metrics.due(session, now):
            daily_metrics.count_day(session, day, now)
    late = a_task(age=timedelta(days=3), number="+4917699999999")
    assert late
    day = daily_metrics.local_day(now - timedelta(days=3))

    def tasks() -> float:
        with database.reading() as session:
            return daily_metrics.totals(session, day, day, ("tasks",))["tasks"]

    assert tasks() == 1
    tomorrow = now + timedelta(days=1)
    with database.writing() as session:
        assert day in daily_metrics.due(session, tomorrow)
        daily_metrics.count_day(session, day, tomorrow)
    assert tasks() == 2


def test_a_period_across_both_dst_nights_has_every_hour_once(empty_database) -> None:
    """23 and 25 hours long: the days follow each other without a gap and without an overlap."""
    edges = [daily_metrics.bounds(day, day) for day in (date(2026, 1, 1) + timedelta(days=n) for n in range(365))]
    assert all(end == start for (_, end), (start, _) in itertools.pairwise(edges))
    lengths = {end - start for start, end in edges}
    assert lengths == {timedelta(hours=23), timedelta(hours=24), timedelta(hours=25)}
    whole = daily_metrics.bounds(date(2026, 1, 1), date(2026, 12, 31))
    assert whole[1] - whole[0] == timedelta(days=365)


def test_behind_every_number_are_its_tasks(happened) -> None:
    with database.reading() as session:
        for source in SOURCES:
            for figure in source.metrics:
                found = daily_metrics.counted_events(session, figure, sample_month.FIRST, sample_month.LAST)
                if figure in BY_HAND and "seconds" not in figure and "minutes" not in figure:
                    assert len(found) == BY_HAND[figure], figure
                assert figure in words.FIGURES
        late = daily_metrics.counted_events(
            session, "tried_missed", sample_month.FIRST, sample_month.LAST, "language", "ar"
        )
        assert {session.get_one(CallbackTask, one.task_id).language for one in late} == {"ar"}
        assert len(late) == 4


def test_the_dashboard_says_what_is_and_how_it_compares(happened) -> None:
    late, soon = a_task(age=timedelta(hours=30)), a_task(age=timedelta(hours=21))
    now = utc_now()
    from tests.support.alerts import sweep

    sweep(now)
    with database.writing() as session:
        for day in daily_metrics.due(session, now, 400):
            daily_metrics.count_day(session, day, now)
    with database.reading() as session:
        tiles = {tile.name: tile for tile in dashboard.tiles(session, now)}
        assert (tiles["missed"].value, tiles["missed"].good) == (8, False)
        assert tiles["missed"].parts == {"tried": 2, "reached": 6}, "untried: the one of now, and the youth of October"
        assert (tiles["due_soon"].value, [one.task_id for one in dashboard.due_soon(session, now)]) == (1, [soon])
        assert [clock.task_id for clock in dashboard.missed(session)][-1] == late
        ages = {team.key: counts for team, counts in dashboard.backlog(session, now)}
        assert ages["benefits"] == [0, 1, 1, 0]
        assert ages["work"] == [0, 0, 0, 5]


def test_parity_compares_every_language_with_german(counted) -> None:
    with database.reading() as session:
        found = {one.language: one for one in dashboard.parity(session, datetime(2026, 10, 30, 12, tzinfo=UTC))}
    assert next(iter(found)) == "de"
    german = (10 * 2 + 8 * 3 + 2 * 20) / 20
    assert found["de"].hours == pytest.approx(german)
    assert found["ar"].hours == pytest.approx(30)
    assert found["ar"].hours_to_german == pytest.approx(30 / german)
    assert (found["ar"].miss_rate, found["de"].miss_rate) == (1, 0)
    assert found["ar"].miss_rate_to_german is None, "nothing is a multiple of none"
    assert found["fa"].hours is None


def test_who_gave_up_is_a_list_without_numbers(happened) -> None:
    with database.reading() as session:
        entries = dashboard.abandoned(session, sample_month.FIRST, sample_month.LAST)
        assert [entry.language for entry in entries] == ["ar"] * 5
        assert dashboard.came_back(session, entries) == {}
    with database.writing() as session:
        number = entries[0].call.from_number
        task = session.scalars(select(CallbackTask)).first()
        task.call.from_number, task.call.started_at = number, entries[0].entered_at + timedelta(hours=1)
    with database.reading() as session:
        assert dashboard.came_back(session, entries)[entries[0].id] == "promised"


def test_an_empty_database_counts_nothing_and_is_final(empty_database) -> None:
    now = utc_now()
    with database.reading() as session:
        assert len(daily_metrics.due(session, now)) == daily_metrics.OPEN_DAYS + 1
        assert dashboard.parity(session, now) == []
        assert all(tile.good in (True, None) for tile in dashboard.tiles(session, now))
        assert session.scalar(select(func.count()).select_from(DailyMetric)) == 0
    assert hire()["lena"].role == "supervisor"
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 6


def test_staff_by_hour_is_the_roster_with_its_exceptions(empty_database) -> None:
    people = hire()
    day = date(2026, 11, 23)  # a Monday
    with database.writing() as session:
        team = session.scalars(select(Team.id)).first()
        for name, starts, ends in (("mia", 8, 12), ("nils", 10, 18), ("sven", 8, 18)):
            session.add(Duty(team_id=team, user_id=people[name].id, weekday=0, starts=time(starts), ends=time(ends)))
        session.add(
            Duty(team_id=team, user_id=people["lena"].id, weekday=0, starts=time(8), ends=time(9), fallback=True)
        )
        session.add(DutyException(user_id=people["sven"].id, day=day, starts=None, ends=None))
        session.add(DutyException(user_id=people["nils"].id, day=day, starts=time(17), ends=time(19)))
    with database.reading() as session:
        staff = duty_roster.staff_by_hour(session, day)
        assert {hour: count for hour, count in enumerate(staff) if count} == {8: 1, 9: 1, 10: 1, 11: 1, 17: 1, 18: 1}
        assert duty_roster.staff_by_hour(session, date(2026, 11, 30))[11] == 3
