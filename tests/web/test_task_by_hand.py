"""A member writes down what came by a visit, a letter, an e-mail or another line."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from ivr.config.settings import settings
from ivr.domain.timestamps import utc_now
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.reporting import metric_sources
from tests.support.people import a_task, the_task

PAGE = "/desk/new"
VISIT = {
    "source": "counter", "concern": "benefits", "language": "tr", "number": "0176 1234 5678", "name": "Ayşe Yılmaz",
    "text": "Bescheid fehlt seit zwei Wochen",
}  # fmt: skip


def only_task() -> CallbackTask:
    with database.reading() as session:
        return the_task(session.scalars(select(CallbackTask.id)).one())


def number_of_tasks() -> int:
    with database.reading() as session:
        return session.scalar(select(func.count(CallbackTask.id))) or 0


def test_a_visit_becomes_a_task_with_the_promises_of_a_call(desk) -> None:
    mia = desk("mia")
    page = mia.post(PAGE, data={**VISIT, "claim": "1"}, follow_redirects=True).text
    task = only_task()
    assert re.search(rf"Auftrag {task.receipt_code} \(Leistungsbereich\) angelegt", page)
    assert "Vorsprache" in page and "Ayşe Yılmaz" in page and "Bescheid fehlt" in page
    assert (task.callback_number, task.language, task.state) == ("+4917612345678", "tr", "claimed")
    with database.reading() as session:
        clocks = session.get_one(CallbackTask, task.id).clocks
        assert {clock.measure for clock in clocks} == {"tried", "reached"}
    assert task.due_at > utc_now()


def test_an_emergency_at_the_counter_is_an_emergency(desk) -> None:
    desk("mia").post(PAGE, data={**VISIT, "concern": "emergency"})
    assert only_task().urgency == "emergency"


def test_what_belongs_to_another_team_goes_there_and_is_named(desk) -> None:
    page = desk("mia").post(PAGE, data={**VISIT, "concern": "rehab"}, follow_redirects=True).text
    assert "Reha und Teilhabe" in page and only_task().receipt_code in page
    assert "<h1" in page and "Auftrag von Hand" in page, "the next one can be written down at once"


def test_a_letter_without_a_number_needs_words(desk) -> None:
    mia = desk("mia")
    letter = {**VISIT, "source": "letter", "number": ""}
    assert mia.post(PAGE, data={**letter, "text": " "}, follow_redirects=True).status_code == 200
    assert number_of_tasks() == 0
    mia.post(PAGE, data=letter)
    assert only_task().callback_number is None


def test_the_hotlines_own_number_is_nobodys(desk) -> None:
    desk("mia").post(PAGE, data={**VISIT, "number": settings().hotline_number})
    assert number_of_tasks() == 0


def test_signs_that_cannot_be_seen_are_no_words(desk) -> None:
    desk("mia").post(PAGE, data={**VISIT, "source": "letter", "number": "", "text": "\u200b \u200f"})
    assert number_of_tasks() == 0


@pytest.mark.parametrize(
    "wrong", [{"number": "110"}, {"number": "abc"}, {"source": "call"}, {"concern": "x"}, {"language": "sq"}]
)
def test_what_cannot_be_used_is_said_and_what_was_typed_stays(desk, wrong: dict[str, str]) -> None:
    page = desk("mia").post(PAGE, data={**VISIT, **wrong}, follow_redirects=True)
    assert page.status_code in (200, 422)
    assert "Bescheid fehlt seit zwei Wochen" in page.text
    assert number_of_tasks() == 0


def test_a_visit_is_counted_as_a_task_and_not_as_a_call(desk) -> None:
    desk("mia").post(PAGE, data=VISIT)
    with database.reading() as session:
        assert session.execute(metric_sources._CALLS).all() == []
        assert len(session.execute(metric_sources._OPENED).all()) == 1


def test_a_number_that_was_written_down_identifies_nobody(desk) -> None:
    """No telephone has shown it: a later call from it joins nothing by a mere yes."""
    desk("mia").post(PAGE, data=VISIT)
    by_hand = only_task()
    later = a_task(number="+4917612345678", called_before=True)
    assert later != by_hand.id
    assert the_task(later).state == "open"
