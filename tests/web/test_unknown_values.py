"""A task that holds a value which this version does not know stops nobody's work: it is named, all else goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.callbacks import sla_clocks
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.models.sla import SlaClock
from ivr.platform import database
from tests.platform.test_column_types import spoil
from tests.support.people import a_task, the_task
from tests.support.volume import crossed

COLUMNS = (("availability", "at_midnight"), ("emergency_kind", "flood"), ("age_group", "child"), ("concern", "parking"))


def one_of_two_is_unknown(column: str = "concern", value: str = "parking") -> tuple[int, int]:
    """Two tasks, the second of which holds the value."""
    good, bad = a_task(age=timedelta(hours=22)), a_task(age=timedelta(hours=23))
    spoil("callback_tasks", column, value, bad)
    return good, bad


@pytest.mark.parametrize(("unknown", "view"), crossed(COLUMNS, ["open", "all", "due"]))
def test_the_queue_shows_the_others_and_names_the_task(desk, unknown: tuple[str, str], view: str) -> None:
    column, value = unknown
    good, bad = one_of_two_is_unknown(column, value)
    answer = desk("mia").get(f"/desk/?view={view}")
    assert answer.status_code == 200
    assert the_task(good).receipt_code in answer.text
    assert f"Bitte informieren Sie den IT-Betrieb: Nummer {bad}." in answer.text
    assert value not in answer.text


def test_the_next_task_is_one_that_can_be_read(desk) -> None:
    good, _ = one_of_two_is_unknown()
    answer = desk("mia").post("/desk/next")
    assert answer.headers["Location"].endswith(f"/desk/tasks/{good}")


@pytest.mark.parametrize(
    "path", ["/supervision/figures/", "/supervision/unfinished", "/desk/live/", "/desk/alerts", "/supervision/reports/"]
)
def test_the_supervisors_pages_go_on(desk, path: str) -> None:
    one_of_two_is_unknown()
    assert desk("lena").get(path).status_code == 200


def test_the_sweep_records_the_promises_of_all_tasks(desk) -> None:
    good, bad = one_of_two_is_unknown()
    later = utc_now() + timedelta(days=3)
    with database.writing() as session:
        sla_clocks.sweep(session, later)
    with database.reading() as session:
        missed = select(SlaClock.task_id).where(SlaClock.missed_at.is_not(None)).distinct()
        assert set(session.scalars(missed)) == {good, bad}
        breached = select(CallbackTask.id).where(CallbackTask.breached_at.is_not(None))
        assert set(session.scalars(breached)) == {good, bad}
