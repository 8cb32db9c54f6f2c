"""What a drill says of lost callers and promises can be wrong: a row that is taken away is in its table."""

from __future__ import annotations

import pytest

from ivr.models.calls import Call
from ivr.models.contacts import Contact
from ivr.platform import database
from ivr.prompts.catalogue import catalogue
from tests.soak.chaos.people import LANGUAGES, Wish
from tests.soak.drill import losses, planted, scene
from tests.soak.drill.probes import Question, waits
from tests.soak.drill.scene import Drill
from tests.soak.drill.table import Row, is_ok, written
from tests.support.people import a_task, the_task

HOST_LOST = Drill("host lost", lambda site: None, lasts=1)


def told(task_id: int) -> Wish:
    """A caller who has heard the receipt code of this task."""
    german = catalogue(LANGUAGES[0])
    code = the_task(task_id).receipt_code
    with database.reading() as session:
        call_sid = session.query(Call.call_sid).join(Contact).filter(Contact.task_id == task_id).scalar()
    words = " ".join(german.digits[int(digit)] for digit in code)
    heard = german["receipt"].replace("{receipt_code}", words)
    return Wish("keypad", "+491701", [], call_sid=call_sid, said=[heard], finished=True)


def judged(placed: list[Wish], drill: Drill = HOST_LOST, **seconds: float) -> Row:
    row = Row(drill.name, len(placed), done_after=3.0, **seconds)
    scene.judge(row, drill, losses.count(placed))
    return row


@pytest.fixture
def placed(empty_database) -> list[Wish]:
    return [told(a_task()), told(a_task())]


def test_who_was_told_a_code_that_is_there_has_lost_nothing(placed) -> None:
    row = judged(placed)
    assert (row.callers_lost, row.promises_lost, row.problems) == (0, 0, [])
    assert "| ok " in written([row]).splitlines()[-1]
    assert is_ok(row)


def test_a_row_that_is_taken_away_is_a_lost_promise_in_the_table(placed) -> None:
    planted.lose_a_row(placed)
    row = judged(placed, Drill("host lost", HOST_LOST.act, lasts=1, callers_lost=5))
    cells = [cell.strip() for cell in written([row]).splitlines()[-1].split("|")]
    assert cells[1:5] == ["host lost", "2", "1", "1"]
    assert cells[9] == "FAILED"


def test_who_spoke_after_the_tone_was_promised_something_too(placed) -> None:
    placed[0].spoke = 1
    assert judged(placed).promises_lost == 1


def test_a_caller_without_a_task_is_lost_and_fails_where_none_may_be(placed) -> None:
    placed.append(Wish("message", "+491702", [], call_sid="CA" + "0" * 32, errors=["11205 at the fallback URL"]))
    row = judged(placed)
    assert (row.callers_lost, row.promises_lost) == (1, 0)
    assert row.problems
    assert not judged(placed, Drill("another", HOST_LOST.act, lasts=1, callers_lost=1)).problems


def test_more_seconds_than_a_drill_allows_fail(placed) -> None:
    assert judged(placed, callers_waited=HOST_LOST.callers_wait + 1).problems
    assert judged(placed, desk_waited=HOST_LOST.desk_waits + 1).problems


def test_a_machine_without_time_shows_nothing_but_lost_promises(placed) -> None:
    seconds = {"callers_waited": 60.0, "machine_waited": 40.0}
    row = judged(placed, **seconds)
    assert row.problems == []
    assert "not judged" in written([row])
    assert not is_ok(row), "what was not seen is not well"
    planted.lose_a_row(placed)
    assert judged(placed, **seconds).promises_lost == 1
    assert judged(placed, **seconds).problems


def test_a_wait_lasts_until_anybody_who_asks_later_is_answered() -> None:
    refused_then_answered = [Question(0.0, 0.1), Question(1.0), Question(2.0), Question(3.0, 4.5)]
    assert waits(refused_then_answered, 9.0) == [(3.0, 1.5), (2.0, 2.5), (1.0, 3.5), (0.0, 0.1)]
    assert waits([Question(0.0, 0.1), Question(1.0)], 9.0)[0] == (1.0, 8.0), "what is open counts until the end"
    slow = [Question(0.0, 9.0), Question(1.0, 1.2)]
    assert max(wait for _, wait in waits(slow, 9.0)) == pytest.approx(1.2), "who asks again is answered sooner"
